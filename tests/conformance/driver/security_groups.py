"""What every data plane driver promises of the rules of security groups, checked with frames; goes with the suite."""

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint
from alcor.dataplane.security_groups import Prefix, SecurityRule
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import A, B, C, Cloud
from tests.conformance.driver.guarded import (
    EVERYTHING,
    GROUP_ID,
    OTHER_ID,
    REMOTE_ID,
    any_peer,
    arrived,
    arrives,
    both_ways,
    change_rules,
    group,
    guard,
    lets,
    rule,
    stateful_or_not,
)
from tests.conformance.driver.kinds import ALL_IPV4, ALL_IPV6, KINDS, Kind
from tests.conformance.driver.probes import (
    GRE,
    ICMPV6,
    TCP,
    UDP,
    addresses,
    icmp,
    other,
    tcp,
    udp,
)


@stateful_or_not
@both_ways
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
async def test_a_rule_lets_pass_what_it_says_and_nothing_else(
    cloud: Cloud, kind: Kind, ingress: bool, stateful: bool
) -> None:
    await guard(cloud, group(rule(*kind.said)(ingress), stateful=stateful))
    assert not any(await lets(cloud, not ingress, (*kind.its, *kind.others)))
    expected = [True] * 2 * len(kind.its) + [False] * 2 * len(kind.others)
    assert await lets(cloud, ingress, (*kind.its, *kind.others)) == expected
    assert cloud.first.events.undecided == []


@any_peer
async def test_without_security_groups_nothing_of_ip_passes(cloud: Cloud, peer: Endpoint) -> None:
    await guard(cloud)
    for ingress in (True, False):
        assert not any(await lets(cloud, ingress, (*ALL_IPV4, *ALL_IPV6)))


async def test_a_group_that_nobody_told_of_lets_nothing_pass(cloud: Cloud) -> None:
    port = msgspec.structs.replace(B, security_groups=(GROUP_ID,))
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: port})) == {}
    assert not any(await lets(cloud, True, ALL_IPV4))
    await change_rules(cloud, group(*EVERYTHING))
    assert all(await lets(cloud, True, ALL_IPV4))


async def test_what_any_of_several_groups_lets_pass_passes(cloud: Cloud) -> None:
    await guard(
        cloud,
        group(rule(UDP, 53, 53)(True)),
        group(rule(TCP)(True), group_id=OTHER_ID),
        group(rule(GRE)(True), group_id=REMOTE_ID, stateful=False),
    )
    probes = (udp(53), tcp(80), other(GRE), udp(54), icmp(8))
    assert await lets(cloud, True, probes) == [True] * 6 + [False] * 4


async def test_without_port_security_no_group_counts(cloud: Cloud) -> None:
    await guard(cloud)
    trusted = msgspec.structs.replace(B, port_security=False, security_groups=(GROUP_ID,))
    await cloud.first.driver.apply(Change(endpoints={B.port_id: trusted}, security_groups={GROUP_ID: group()}))
    for ingress in (True, False):
        assert all(await lets(cloud, ingress, (*ALL_IPV4, *ALL_IPV6)))


async def test_what_is_essential_passes_whatever_the_groups_say(cloud: Cloud) -> None:
    await guard(cloud)
    own, others = bytes.fromhex("fe80000000000000f8163efffe000002"), bytes.fromhex("fe80000000000000f8163efffe000003")
    advertisement = packets.icmp(others, own, 136, 0, bytes(4) + others)
    reply = packets.arp_reply(C.mac, C.ipv4[0], B.mac, B.ipv4[0])
    arriving = (packets.ip_frame(B.mac, C.mac, others, own, 58, advertisement), reply)
    assert await arrived(cloud, [(C, B, each) for each in arriving]) == [True, True]
    leaving = (
        packets.ip_frame(C.mac, B.mac, own, others, 58, packets.icmp(own, others, 136, 0, bytes(4) + own)),
        packets.arp_reply(B.mac, B.ipv4[0], C.mac, C.ipv4[0]),
    )
    assert await arrived(cloud, [(B, C, each) for each in leaving]) == [True, True]
    for request in (packets.arp_request(B.mac, B.ipv4[0], C.ipv4[0]), packets.dhcp_discover(B.mac, 0x4444)):
        await cloud.first.inject(B.port_id, request)
        await cloud.fabric.settle()
        assert (B.port_id, request) in cloud.first.events.punted


async def test_router_advertisements_and_dhcp_answers_of_workloads_are_not_essential(cloud: Cloud) -> None:
    await guard(cloud)
    own, others = bytes.fromhex("fe80000000000000f8163efffe000002"), bytes.fromhex("fe80000000000000f8163efffe000003")
    advertisement = packets.icmp(others, own, 134, 0, bytes(12))
    sent = (
        packets.ip_frame(B.mac, C.mac, others, own, 58, advertisement),
        udp(68, source_port=67)(C, B),
        udp(546, source_port=547, ipv6=True)(C, B),
    )
    trusted = msgspec.structs.replace(C, port_security=False)
    assert await cloud.second.driver.apply(Change(endpoints={C.port_id: trusted})) == {}
    assert not any(await arrived(cloud, [(C, B, each) for each in sent]))
    await guard(cloud, group(rule(ICMPV6, 134, ipv6=True)(True), rule(UDP, 68, 68)(True)))
    assert await arrived(cloud, [(C, B, each) for each in sent]) == [True, True, False]


@both_ways
async def test_a_removed_group_lets_nothing_pass(cloud: Cloud, ingress: bool) -> None:
    await guard(cloud, group(*EVERYTHING))
    assert all(await lets(cloud, ingress, ALL_IPV4))
    assert await cloud.first.driver.apply(Change(removed_security_groups={GROUP_ID})) == {}
    assert not any(await lets(cloud, ingress, ALL_IPV4))


@stateful_or_not
@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
@both_ways
async def test_a_prefix_says_who_the_other_end_may_be(cloud: Cloud, ingress: bool, ipv6: bool, stateful: bool) -> None:
    own = addresses(A, C, ipv6)[0]
    bits = len(own) * 8
    probe = udp(53, ipv6=ipv6)
    only_a = SecurityRule(ingress, ipv6, UDP, 53, 53, remote_prefix=Prefix(own, bits))
    await guard(cloud, group(only_a, stateful=stateful))
    assert await lets(cloud, ingress, [probe]) == [True, False]
    shorter = Prefix(own[:-1] + b"\0", bits - 8)
    await change_rules(cloud, group(SecurityRule(ingress, ipv6, remote_prefix=shorter), stateful=stateful))
    assert await lets(cloud, ingress, [probe]) == [True, True]
    anywhere = Prefix(bytes(len(own)), 0)
    await change_rules(cloud, group(SecurityRule(ingress, ipv6, remote_prefix=anywhere), stateful=stateful))
    assert await lets(cloud, ingress, [probe]) == [True, True]


async def test_an_address_of_a_pair_speaks_under_the_same_groups(cloud: Cloud) -> None:
    virtual = msgspec.structs.replace(B, ipv4=(0x0A080001,))
    port = msgspec.structs.replace(B, allowed_address_pairs=(("10.8.0.1/32", B.mac),), security_groups=(GROUP_ID,))
    rules = (rule(UDP, 53, 53)(False), rule(TCP)(True))
    change = Change(endpoints={B.port_id: port}, security_groups={GROUP_ID: group(*rules)})
    assert await cloud.first.driver.apply(change) == {}
    for own in (B, virtual):
        assert await arrives(cloud, own, C, udp(53, 1111))
        assert await arrives(cloud, C, own, udp(1111, 53))
        assert await arrives(cloud, C, own, tcp(80))
        assert not await arrives(cloud, own, C, udp(54))
        assert not await arrives(cloud, C, own, udp(53))


async def test_a_rule_of_a_group_serves_all_its_ports(cloud: Cloud) -> None:
    added = []
    for members in ((A,), (A, B)):
        ports = {port.port_id: msgspec.structs.replace(port, security_groups=(GROUP_ID,)) for port in members}
        change = Change(endpoints=ports, security_groups={GROUP_ID: group(rule(TCP)(True))})
        assert await cloud.first.driver.apply(change) == {}
        before = len(await cloud.first.driver.describe())
        await change_rules(cloud, group(rule(TCP)(True), rule(UDP, 53, 53)(True)))
        added.append(len(await cloud.first.driver.describe()) - before)
        assert all([await arrives(cloud, C, port, udp(53)) for port in members])
    assert added[0] == added[1]
