"""What every data plane driver promises of the rules of security groups, checked with frames; goes with the suite."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint
from alcor.dataplane.security_groups import Prefix, SecurityRule
from tests.conformance.driver import packets
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
from tests.conformance.driver.probes import (
    GRE,
    ICMP,
    ICMPV6,
    SCTP,
    TCP,
    UDP,
    Probe,
    addresses,
    icmp,
    other,
    sctp,
    tcp,
    udp,
)
from tests.conformance.driver.suite import A, B, C, Cloud


class Kind(NamedTuple):
    """A rule, what it lets pass, and what not."""

    rule: Callable[[bool], SecurityRule]  # of ingress, or not
    passes: tuple[Probe, ...]
    denied: tuple[Probe, ...]


ALL_IPV4 = (udp(1), tcp(65535), icmp(8), other(GRE), sctp(9))
ALL_IPV6 = (udp(1, ipv6=True), tcp(65535, ipv6=True), icmp(128, ipv6=True), other(GRE, ipv6=True))
KINDS = {
    "no rule": Kind(rule(254), (), (*ALL_IPV4, *ALL_IPV6)),
    "any protocol": Kind(rule(), ALL_IPV4, ALL_IPV6),
    "any protocol of IPv6": Kind(rule(ipv6=True), ALL_IPV6, ALL_IPV4),
    "TCP": Kind(rule(TCP), (tcp(1), tcp(65535)), (udp(1), icmp(8), other(GRE), tcp(1, ipv6=True))),
    "one TCP port": Kind(rule(TCP, 443, 443), (tcp(443),), (tcp(442), tcp(444), udp(443))),
    "UDP ports that are no power of two": Kind(
        rule(UDP, 1001, 1999), (udp(1001), udp(1024), udp(1500), udp(1999)), (udp(1000), udp(2000), tcp(1500))
    ),
    "TCP ports of IPv6": Kind(
        rule(TCP, 80, 90, ipv6=True), (tcp(80, ipv6=True), tcp(90, ipv6=True)), (tcp(79, ipv6=True), tcp(85))
    ),
    "UDP ports of IPv6": Kind(rule(UDP, 53, 53, ipv6=True), (udp(53, ipv6=True),), (udp(54, ipv6=True), udp(53))),
    "all ports": Kind(rule(UDP, 0, 65535), (udp(1), udp(65535)), (tcp(1),)),
    "ICMP": Kind(rule(ICMP), (icmp(8), icmp(13)), (udp(8), icmp(128, ipv6=True))),
    "an ICMP type": Kind(rule(ICMP, 8), (icmp(8),), (icmp(13),)),
    "an ICMP type and code": Kind(rule(ICMP, 8, 0), (icmp(8),), (icmp(13), icmp(8, 1))),
    "another ICMP code": Kind(rule(ICMP, 8, 1), (), (icmp(8),)),
    "an ICMPv6 type": Kind(rule(ICMPV6, 128, ipv6=True), (icmp(128, ipv6=True),), (icmp(8), udp(1, ipv6=True))),
    "another ICMPv6 type": Kind(rule(ICMPV6, 100, ipv6=True), (), (icmp(128, ipv6=True),)),
    "a protocol by number": Kind(rule(GRE), (other(GRE),), (other(50), udp(1), other(GRE, ipv6=True))),
    "a protocol by number of IPv6": Kind(rule(50, ipv6=True), (other(50, ipv6=True),), (other(GRE, ipv6=True),)),
    "SCTP ports": Kind(rule(SCTP, 9, 11), (sctp(9), sctp(11)), (sctp(8), sctp(12), udp(9))),
}


@stateful_or_not
@both_ways
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
async def test_a_rule_lets_pass_what_it_says_and_nothing_else(
    cloud: Cloud, kind: Kind, ingress: bool, stateful: bool
) -> None:
    await guard(cloud, group(kind.rule(ingress), stateful=stateful))
    assert not any(await lets(cloud, not ingress, (*kind.passes, *kind.denied)))
    expected = [True] * 2 * len(kind.passes) + [False] * 2 * len(kind.denied)
    assert await lets(cloud, ingress, (*kind.passes, *kind.denied)) == expected
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
