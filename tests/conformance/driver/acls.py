"""What every data plane driver promises of the rules of network ACLs, checked with frames; goes with the suite."""

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint
from alcor.dataplane.network_acls import MOST_NUMBER, NetworkAclRule
from alcor.dataplane.security_groups import Prefix
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import A, B, C, Cloud, state
from tests.conformance.driver.guarded import arrived, arrives, both_ways, lets, rule, whole
from tests.conformance.driver.guarded import group as security_group
from tests.conformance.driver.judged import (
    ACL_ID,
    OWN,
    Numbered,
    about,
    acl,
    change_rules,
    everything,
    judge,
)
from tests.conformance.driver.kinds import ALL_IPV4, ALL_IPV6, KINDS, Said
from tests.conformance.driver.probes import (
    ICMP,
    ICMPV6,
    TCP,
    UDP,
    addresses,
    tcp,
    udp,
)


def numbered(said: Said) -> Numbered:
    """The rule of an ACL that says this."""
    if said.protocol in (ICMP, ICMPV6):
        return about(said.protocol, kind=said.low, code=said.high, ipv6=said.ipv6)
    return about(said.protocol, (said.low, said.high), ipv6=said.ipv6)


@both_ways
async def test_a_rule_is_about_what_it_says_and_nothing_else(cloud: Cloud, ingress: bool) -> None:
    await judge(cloud, acl())
    for name, (said, its, others) in KINDS.items():
        told = numbered(said)
        ends = [True, True] * len(its) + [False, False] * len(others)
        await change_rules(cloud, told(100, ingress, True))
        assert not any(await lets(cloud, not ingress, (*its, *others))), name
        assert await lets(cloud, ingress, (*its, *others)) == ends, name
        await change_rules(cloud, told(100, ingress, False), *everything(MOST_NUMBER))
        assert await lets(cloud, ingress, (*its, *others)) == [not each for each in ends], name


@both_ways
async def test_of_the_rules_that_are_about_a_packet_the_lowest_number_decides(cloud: Cloud, ingress: bool) -> None:
    rules = (
        *everything(200, allow=False),
        about(UDP, (53, 53))(MOST_NUMBER, ingress, True),
        about(TCP, (80, 80))(0, ingress, True),
        about(TCP, (1, 100))(1, ingress, False),
        about(TCP)(199, ingress, True),
    )
    probes = (tcp(80), tcp(81), tcp(101), udp(53))
    for told in (rules, rules[::-1]):
        await judge(cloud, acl(*told))
        assert await lets(cloud, ingress, probes) == [True, True, False, False, True, True, False, False]


@both_ways
@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
async def test_a_prefix_says_who_the_other_end_is(cloud: Cloud, ingress: bool, ipv6: bool) -> None:
    own = addresses(A, C, ipv6)[0]
    await judge(cloud, acl(about(ipv6=ipv6, prefix=whole(own))(1, ingress, True)))
    assert await lets(cloud, ingress, [udp(53, ipv6=ipv6)]) == [True, False]
    shorter = Prefix(own[:-1] + b"\0", len(own) * 8 - 8)
    await change_rules(cloud, about(ipv6=ipv6, prefix=shorter)(1, ingress, True))
    assert await lets(cloud, ingress, [udp(53, ipv6=ipv6)]) == [True, True]


async def test_what_no_rule_is_about_and_what_has_an_acl_that_nobody_told_of_does_not_pass(cloud: Cloud) -> None:
    await judge(cloud)
    for ingress in (True, False):
        assert not any(await lets(cloud, ingress, (*ALL_IPV4, *ALL_IPV6)))
    await change_rules(cloud, *everything())
    for ingress in (True, False):
        assert all(await lets(cloud, ingress, (*ALL_IPV4, *ALL_IPV6)))
    assert await cloud.first.driver.apply(Change(removed_network_acls={ACL_ID})) == {}
    for ingress in (True, False):
        assert not any(await lets(cloud, ingress, (*ALL_IPV4, *ALL_IPV6)))


async def test_an_answer_is_judged_as_any_other_packet(cloud: Cloud) -> None:
    await judge(cloud, acl(about(UDP, (53, 53))(1, True, True)))
    assert await arrives(cloud, C, B, udp(53, 1111))
    assert not await arrives(cloud, B, C, udp(1111, 53))
    await change_rules(cloud, about(UDP, (53, 53))(1, True, True), about(UDP, (1024, 65535))(1, False, True))
    assert await arrives(cloud, B, C, udp(1111, 53))


async def test_a_change_counts_at_once_for_what_was_flowing(cloud: Cloud) -> None:
    def flow() -> list[tuple[Endpoint, Endpoint, bytes]]:
        return [(peer, B, udp(53, 1111)(peer, B)) for peer in (A, C)] + [
            (B, peer, udp(1111, 53)(B, peer)) for peer in (A, C)
        ]

    await judge(cloud, acl(*everything()))
    for _ in range(3):
        assert all(await arrived(cloud, flow()))
    await change_rules(cloud, *everything(2), about(UDP, (53, 53))(1, True, False))
    assert await arrived(cloud, flow()) == [False, False, True, True]
    await change_rules(cloud, *everything(2), about(UDP)(1, False, False))
    assert await arrived(cloud, flow()) == [True, True, False, False]
    await change_rules(cloud, *everything(2))
    assert all(await arrived(cloud, flow()))
    await change_rules(cloud, *everything(2, allow=False))
    assert not any(await arrived(cloud, flow()))
    await judge(cloud, subnets=())
    assert all(await arrived(cloud, flow()))


async def test_security_groups_count_as_well(cloud: Cloud) -> None:
    rules = (rule(UDP, 53, 53)(True), rule(TCP)(True))
    guarded = msgspec.structs.replace(B, security_groups=(b"group".ljust(16, b"."),))
    added = Change(security_groups={guarded.security_groups[0]: security_group(*rules)})
    assert await cloud.first.driver.apply(added) == {}
    await judge(cloud, acl(about(UDP)(1, True, True), about(TCP, (80, 80))(2, True, True)), port=guarded)
    probes = (udp(53), udp(54), tcp(80), tcp(81))
    assert await lets(cloud, True, probes) == [True, True, False, False, True, True, False, False]


async def test_without_port_security_an_acl_counts_nevertheless(cloud: Cloud) -> None:
    trusted = msgspec.structs.replace(B, port_security=False)
    rules = [about(UDP)(1, ingress, True) for ingress in (True, False)]
    await judge(cloud, acl(*rules), port=trusted)
    for ingress in (True, False):
        assert await lets(cloud, ingress, (udp(53), tcp(80))) == [True, True, False, False]


async def test_what_is_essential_is_not_judged(cloud: Cloud) -> None:
    await judge(cloud, acl())
    own, others = bytes.fromhex("fe80000000000000f8163efffe000002"), bytes.fromhex("fe80000000000000f8163efffe000003")
    advertisement = packets.icmp(others, own, 136, 0, bytes(4) + others)
    answer = packets.icmp(own, others, 136, 0, bytes(4) + own)
    sent = [
        (C, B, packets.ip_frame(B.mac, C.mac, others, own, 58, advertisement)),
        (C, B, packets.arp_reply(C.mac, C.ipv4[0], B.mac, B.ipv4[0])),
        (B, C, packets.ip_frame(C.mac, B.mac, own, others, 58, answer)),
        (B, C, packets.arp_reply(B.mac, B.ipv4[0], C.mac, C.ipv4[0])),
    ]
    assert all(await arrived(cloud, sent))
    for request in (packets.arp_request(B.mac, B.ipv4[0], C.ipv4[0]), packets.dhcp_discover(B.mac, 0x4444)):
        await cloud.first.inject(B.port_id, request)
        await cloud.fabric.settle()
        assert (B.port_id, request) in cloud.first.events.punted


async def test_later_fragments_are_allowed_with_their_protocol_and_denied_without_ports_only(cloud: Cloud) -> None:
    """Of a port without port security: of others, connection tracking keeps them until all are there."""
    trusted = msgspec.structs.replace(B, port_security=False)

    async def passes(*rules: NetworkAclRule) -> tuple[bool, bool]:
        await judge(cloud, acl(*rules), port=trusted)
        first, last = udp(53)(C, B)[34:] + bytes(1280 - 24), udp(53)(C, B)[-16:]
        pieces = [
            packets.ethernet(B.mac, C.mac, 0x0800, packets.ipv4(C.ipv4[0], B.ipv4[0], UDP, body, fragment))
            for body, fragment in ((first, 0x2000), (last, len(first) // 8))
        ]
        one, other_one = await arrived(cloud, [(C, B, piece) for piece in pieces])
        return one, other_one

    sender = msgspec.structs.replace(C, port_security=False)
    assert await cloud.second.driver.apply(Change(endpoints={C.port_id: sender})) == {}
    assert await passes(about(UDP, (53, 53))(1, True, True)) == (True, True)
    assert await passes(about(UDP, (54, 54))(1, True, True)) == (False, True)
    assert await passes(about(TCP, (53, 53))(1, True, True)) == (False, False)
    assert await passes(about(UDP, (0, 65535))(1, True, False), *everything(2)) == (False, True)
    assert await passes(about(UDP)(1, True, False), *everything(2)) == (False, False)


async def test_the_same_acls_again_change_nothing_and_stale_ones_go(cloud: Cloud) -> None:
    wanted = state((A, B), (C,), cloud.second.vtep)
    wanted.endpoints[B.port_id] = msgspec.structs.replace(B, network_acls=OWN)
    wanted.network_acls = {ACL_ID: acl(about(UDP)(1, True, True))}
    for _ in range(2):
        assert await cloud.first.driver.replace(wanted) == {}
    assert cloud.first.driver.replaced() == 0
    await cloud.first.restart_driver()
    assert await lets(cloud, True, (udp(1), tcp(1))) == [True, True, False, False]
    assert await cloud.first.driver.replace(wanted) == {}
    assert cloud.first.driver.replaced() == 0
    wanted.network_acls = {ACL_ID: acl(about(TCP)(1, True, True))}
    assert await cloud.first.driver.replace(wanted) == {}
    assert await lets(cloud, True, (udp(1), tcp(1))) == [False, False, True, True]
    assert await cloud.first.driver.replace(state((A, B), (C,), cloud.second.vtep)) == {}
    assert all(await lets(cloud, True, (udp(1), tcp(1))))


async def test_a_rule_of_an_acl_serves_all_ports_of_its_subnets(cloud: Cloud) -> None:
    added = []
    for members in ((A,), (A, B)):
        ports = {each.port_id: msgspec.structs.replace(each, network_acls=OWN) for each in members}
        change = Change(endpoints=ports, network_acls={ACL_ID: acl(about(TCP)(1, True, True))})
        assert await cloud.first.driver.apply(change) == {}
        before = len(await cloud.first.driver.describe())
        await change_rules(cloud, about(TCP)(1, True, True), about(UDP, (53, 53))(2, True, True))
        added.append(len(await cloud.first.driver.describe()) - before)
    assert added[0] == added[1]
