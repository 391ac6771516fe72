"""Security groups on Open vSwitch: fragments, floods, restarts, and what they cost in flows."""

import struct

import msgspec
import pytest

from alcor.dataplane.driver import Change, State
from alcor.dataplane.security_groups import MembersDelta, Prefix, SecurityGroup, SecurityRule
from alcor.model.identifiers import id_text
from alcor.testbed.waiting import until
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import OPENED, VNI, A, B, C, Cloud, has_received, was_punted
from tests.conformance.driver.connections import EXCHANGES, exchanged
from tests.conformance.driver.guarded import (
    EVERYTHING,
    GROUP_ID,
    OTHER_ID,
    REMOTE_ID,
    arrived,
    arrives,
    change_rules,
    group,
    guard,
    rule,
    undecided,
    whole,
)
from tests.conformance.driver.probes import ACK, SYN_ACK, TCP, UDP, addresses, framed, tcp, udp
from tests.e2e.ovs.test_restarts import replace_when_back

pytestmark = pytest.mark.root


def fragments(port: int) -> list[bytes]:
    """A datagram from C to B in two fragments, RFC 791."""
    body = packets.udp(*addresses(C, B, False), 1111, port, bytes(range(256)) * 5 + b"%09d" % port * 20)
    parts = [(body[:1280], 0, True), (body[1280:], 1280, False)]
    frames = []
    for part, offset, more in parts:
        frame = framed(C, B, False, UDP, part)
        header = (
            frame[14:18] + struct.pack("!HH", port, more << 13 | offset // 8) + frame[22:24] + bytes(2) + frame[26:34]
        )
        checked = header[:10] + struct.pack("!H", packets.checksum(header)) + header[12:]
        frames.append(frame[:14] + checked + frame[34:])
    return frames


async def test_fragments_pass_as_the_whole_packet_does(cloud: Cloud) -> None:
    """Of one that may not, the first does not pass: the receiver cannot use another."""
    await guard(cloud, group(rule(UDP, 53, 53)(True)))
    for _ in range(2):
        before = len(cloud.first.received(B.port_id))
        assert await arrived(cloud, [(C, B, each) for each in fragments(53)]) == [True, True]
        assert len(cloud.first.received(B.port_id)) == before + 2
        assert not (await arrived(cloud, [(C, B, each) for each in fragments(54)]))[0]
    await guard(cloud, group(rule(UDP, 53, 53)(True), stateful=False))
    assert await arrived(cloud, [(C, B, each) for each in fragments(53)]) == [True, True]
    assert not (await arrived(cloud, [(C, B, each) for each in fragments(55)]))[0]


async def test_a_flood_from_strangers_reaches_the_agent_in_part_and_keeps_nothing_else_from_it(cloud: Cloud) -> None:
    await guard(cloud, group(SecurityRule(True, False, UDP, remote_group=REMOTE_ID), rule(TCP)(True)))
    for _ in range(50):
        for _ in range(40):
            await cloud.second.inject(C.port_id, udp(53)(C, B))
    request = packets.arp_request(B.mac, B.ipv4[0], C.ipv4[0])
    await cloud.first.inject(B.port_id, request)
    await until(lambda: was_punted(cloud.first, B, request), "the request of the workload itself to be punted")
    await cloud.fabric.settle()
    assert 0 < len(cloud.first.events.undecided) < 1500
    assert await arrives(cloud, C, B, tcp(80))


async def test_a_connection_goes_on_after_a_restart_of_the_switch_when_who_began_it_sends(cloud: Cloud) -> None:
    exchange = EXCHANGES["TCP"]
    wanted = State(
        endpoints={A.port_id: A, B.port_id: msgspec.structs.replace(B, security_groups=(GROUP_ID,))},
        remotes={VNI: {C.mac: cloud.second.vtep}},
        vteps={cloud.second.vtep},
        security_groups=OPENED | {GROUP_ID: group(exchange.rule(True))},
    )
    assert await cloud.first.driver.replace(wanted) == {}
    assert all(await exchanged(cloud, exchange, C, B))
    await cloud.first.restart_data_plane()
    assert await replace_when_back(cloud.first.driver, wanted) == {}
    answer = tcp(1112, 80, flags=ACK, numbers=(5017, 1017))
    assert not await arrives(cloud, B, C, answer)
    assert await arrives(cloud, C, B, tcp(80, 1112, flags=ACK, numbers=(1017, 5017)))
    assert await arrives(cloud, B, C, answer)


async def test_a_segment_that_can_begin_nothing_is_dropped(cloud: Cloud) -> None:
    await guard(cloud, group(*EVERYTHING))
    assert not await arrives(cloud, B, C, tcp(80, flags=SYN_ACK))


async def test_a_zone_is_empty_when_its_port_is_gone(cloud: Cloud) -> None:
    await guard(cloud, group(*EVERYTHING))
    assert all(await exchanged(cloud, EXCHANGES["UDP"], A, B))

    def zones() -> set[str]:
        tracked = cloud.first.switch.appctl("dpctl/dump-conntrack").splitlines()
        return {line.rpartition("zone=")[2].partition(",")[0] for line in tracked if "zone=" in line}

    assert len(zones()) == 2
    await cloud.first.detach(B.port_id)
    await until(lambda: len(zones()) == 1, "the zone to be emptied")
    assert "default limit=65536" in cloud.first.switch.appctl("dpctl/ct-get-limits")


async def test_a_group_that_cannot_be_programmed_is_the_failure_of_its_ports_alone(cloud: Cloud) -> None:
    remotes = (number.to_bytes(16) for number in range(1, 3001))
    endless = group(*(SecurityRule(True, False, remote_group=each) for each in remotes))
    port = msgspec.structs.replace(B, security_groups=(GROUP_ID,))
    change = Change(endpoints={B.port_id: port}, security_groups={GROUP_ID: endless})
    failures = await cloud.first.driver.apply(change)
    assert failures.keys() == {B.port_id} and "security group" in failures[B.port_id]
    assert await arrives(cloud, A, C, udp(1))
    assert not await arrives(cloud, C, B, udp(1))
    await guard(cloud, group(*EVERYTHING))
    assert await arrives(cloud, C, B, udp(1))


async def test_a_group_that_names_many_others_is_asked_in_full(cloud: Cloud) -> None:
    remotes = [number.to_bytes(16) for number in range(1, 201)]
    await guard(cloud, group(*(SecurityRule(True, False, remote_group=each) for each in remotes)))
    delta = MembersDelta(put={whole(addresses(C, B, False)[0])})
    assert await cloud.first.driver.apply(Change(members={(VNI, remotes[-1]): delta})) == {}
    assert await arrives(cloud, C, B, udp(1))
    sent = udp(1)(A, B)
    assert not any(await arrived(cloud, [(A, B, sent)]))
    assert undecided(cloud.first, sent) == [True]


async def test_a_member_more_is_a_flow_more_and_a_rule_more_a_flow_whatever_ports_and_members_there_are(
    cloud: Cloud,
) -> None:
    of_remote = [SecurityRule(ingress, False, TCP, remote_group=REMOTE_ID) for ingress in (False, True)]
    ports = {each.port_id: msgspec.structs.replace(each, security_groups=(GROUP_ID,)) for each in (A, B)}
    members = {Prefix(struct.pack("!I", 0x0B000000 + number), 32) for number in range(1000)}
    change = Change(
        endpoints=ports,
        security_groups={GROUP_ID: group(*of_remote)},
        members={(VNI, REMOTE_ID): MembersDelta(put=members)},
    )
    assert await cloud.first.driver.apply(change) == {}
    before = cloud.first.switch.flows()

    one_more = MembersDelta(put={Prefix(bytes((12, 0, 0, 1)), 32)})
    assert await cloud.first.driver.apply(Change(members={(VNI, REMOTE_ID): one_more})) == {}
    assert len(cloud.first.switch.flows() ^ before) == 1
    before = cloud.first.switch.flows()
    await change_rules(cloud, group(*of_remote, SecurityRule(True, False, UDP, remote_group=REMOTE_ID)))
    assert len(cloud.first.switch.flows() ^ before) == 1


async def test_flows_of_security_groups_are_told_in_words(cloud: Cloud) -> None:
    stateless = SecurityGroup(OTHER_ID, False, EVERYTHING)
    await guard(cloud, group(*EVERYTHING, SecurityRule(True, False, remote_group=REMOTE_ID)), stateless)
    lines = await cloud.first.driver.describe()
    assert not [line for line in lines if "/?:" in line or "oxm_" in line or "action_" in line]
    assert any(f"xxreg3={id_text(REMOTE_ID)}" in line for line in lines)
    assert any("ask_groups" in line for line in lines) and any("ct_table:egress_connection" in line for line in lines)


async def test_what_arrives_after_a_flood_of_connections_is_still_tracked(cloud: Cloud) -> None:
    """A zone that is full denies what would begin more, and nothing that goes on."""
    await guard(cloud, group(rule(UDP)(True)))
    assert all(await exchanged(cloud, EXCHANGES["UDP"], C, B))
    cloud.first.switch.appctl("dpctl/ct-set-limits", "default=3")
    try:
        await arrived(cloud, [(C, B, udp(port)(C, B)) for port in range(1, 20)])
        answer = EXCHANGES["UDP"].probes[1](B, C)
        assert await arrived(cloud, [(B, C, answer)]) == [True]
        assert has_received(cloud.second, C, answer)
    finally:
        cloud.first.switch.appctl("dpctl/ct-set-limits", "default=65536")
