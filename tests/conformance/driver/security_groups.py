"""What every data plane driver promises of security groups, checked with frames; goes together with the suite.

B, on the first host, has the groups that a test is about. Whom it speaks to, A on the same host and C on the other, may
send and receive anything.
"""

import itertools
import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint, State
from alcor.dataplane.security_groups import (
    ANY_VPC,
    MembersDelta,
    Prefix,
    SecurityGroup,
    SecurityRule,
    StrangersDelta,
)
from tests.conformance.driver import packets
from tests.conformance.driver.harness import Host
from tests.conformance.driver.suite import OPENED, OTHER_VNI, VNI, A, B, C, Cloud, endpoint, has_received

ICMP, TCP, UDP, GRE, ICMPV6, SCTP = 1, 6, 17, 47, 58, 132
SYN, ACK, SYN_ACK = 0x02, 0x10, 0x12
GROUP_ID, OTHER_ID, REMOTE_ID = (name.ljust(16, b".") for name in (b"group", b"other", b"remote"))
_serial = itertools.count(1)

Probe = Callable[[Endpoint, Endpoint], bytes]
"""Makes a frame from one port to another, unlike any other."""


def addresses(source: Endpoint, target: Endpoint, ipv6: bool) -> tuple[bytes, bytes]:
    if ipv6:
        return source.ipv6[0], target.ipv6[0]
    return source.ipv4[0].to_bytes(4), target.ipv4[0].to_bytes(4)


def framed(source: Endpoint, target: Endpoint, ipv6: bool, protocol: int, payload: bytes) -> bytes:
    return packets.ip_frame(target.mac, source.mac, *addresses(source, target, ipv6), protocol, payload)


def _unlike_any_other() -> bytes:
    return b"%016d" % next(_serial)


def udp(port: int, source_port: int = 0, ipv6: bool = False) -> Probe:
    """Unless told, each from another port."""

    def probe(source: Endpoint, target: Endpoint) -> bytes:
        own = source_port or 20000 + next(_serial)
        body = packets.udp(*addresses(source, target, ipv6), own, port, _unlike_any_other())
        return framed(source, target, ipv6, UDP, body)

    return probe


def tcp(
    port: int, source_port: int = 0, ipv6: bool = False, flags: int = SYN, numbers: tuple[int, int] = (1000, 0)
) -> Probe:
    def probe(source: Endpoint, target: Endpoint) -> bytes:
        ports = source_port or 20000 + next(_serial), port
        data = b"" if flags & SYN else _unlike_any_other()
        return framed(
            source, target, ipv6, TCP, packets.tcp(*addresses(source, target, ipv6), ports, flags, numbers, data)
        )

    return probe


def icmp(kind: int, code: int = 0, ipv6: bool = False, identifier: int = 0) -> Probe:
    def probe(source: Endpoint, target: Endpoint) -> bytes:
        rest = struct.pack("!HH", identifier or next(_serial), next(_serial)) + _unlike_any_other()
        body = packets.icmp(*addresses(source, target, ipv6), kind, code, rest)
        return framed(source, target, ipv6, ICMPV6 if ipv6 else ICMP, body)

    return probe


def sctp(port: int, source_port: int = 0) -> Probe:
    def probe(source: Endpoint, target: Endpoint) -> bytes:
        body = struct.pack("!HHII", source_port or 20000 + next(_serial), port, 0, 0) + _unlike_any_other()
        return framed(source, target, False, SCTP, body)

    return probe


def other(protocol: int, ipv6: bool = False) -> Probe:
    return lambda source, target: framed(source, target, ipv6, protocol, _unlike_any_other())


class Kind(NamedTuple):
    """A rule, what it lets pass, and what not."""

    rule: Callable[[bool], SecurityRule]  # of ingress, or not
    passes: tuple[Probe, ...]
    denied: tuple[Probe, ...]


def rule(
    protocol: int | None = None, low: int | None = None, high: int | None = None, ipv6: bool = False
) -> Callable[[bool], SecurityRule]:
    return lambda ingress: SecurityRule(ingress, ipv6, protocol, low, high)


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
EVERYTHING = tuple(SecurityRule(ingress, ipv6) for ingress in (False, True) for ipv6 in (False, True))


def group(*rules: SecurityRule, stateful: bool = True, group_id: bytes = GROUP_ID) -> SecurityGroup:
    return SecurityGroup(group_id, stateful, rules)


async def guard(cloud: Cloud, *groups: SecurityGroup) -> None:
    """Let B have these groups, and no others."""
    port = msgspec.structs.replace(B, security_groups=tuple(each.id for each in groups))
    change = Change(endpoints={B.port_id: port}, security_groups={each.id: each for each in groups})
    assert await cloud.first.driver.apply(change) == {}


async def change_rules(cloud: Cloud, changed: SecurityGroup) -> None:
    assert await cloud.first.driver.apply(Change(security_groups={changed.id: changed})) == {}


def host_of(cloud: Cloud, port: Endpoint) -> Host:
    return cloud.second if port.port_id == C.port_id else cloud.first


async def arrived(cloud: Cloud, sent: Iterable[tuple[Endpoint, Endpoint, bytes]]) -> list[bool]:
    """Which of these frames, each from one port to another, arrive."""
    sent = tuple(sent)
    for source, _, each in sent:
        await host_of(cloud, source).inject(source.port_id, each)
    await cloud.fabric.settle()
    return [has_received(host_of(cloud, target), target, each) for _, target, each in sent]


async def arrives(cloud: Cloud, source: Endpoint, target: Endpoint, probe: Probe) -> bool:
    return all(await arrived(cloud, [(source, target, probe(source, target))]))


def undecided(host: Host, sent: bytes) -> list[bool]:
    """How often the agent was asked of a frame to B or from it, and on which way."""
    return [ingress for port_id, each, ingress in host.events.undecided if port_id == B.port_id and each == sent]


both_ways = pytest.mark.parametrize("ingress", [True, False], ids=["ingress", "egress"])
any_peer = pytest.mark.parametrize("peer", [A, C], ids=["on the same host", "on another host"])
stateful_or_not = pytest.mark.parametrize("stateful", [True, False], ids=["stateful", "stateless"])


def ends(peer: Endpoint, ingress: bool) -> tuple[Endpoint, Endpoint]:
    """Who begins, and with whom."""
    return (peer, B) if ingress else (B, peer)


async def lets(cloud: Cloud, ingress: bool, probes: Iterable[Probe]) -> list[bool]:
    """Which of these pass between B and each of its peers."""
    pairs = [(*ends(peer, ingress), probe) for probe in probes for peer in (A, C)]
    return await arrived(cloud, [(source, target, probe(source, target)) for source, target, probe in pairs])


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


class Exchange(NamedTuple):
    """A connection in the order of its packets: the one who began it sends the first and every second one."""

    rule: Callable[[bool], SecurityRule]
    probes: tuple[Probe, ...]


EXCHANGES = {
    "UDP": Exchange(rule(UDP, 53, 53), (udp(53, 1111), udp(1111, 53), udp(53, 1111), udp(1111, 53))),
    "UDP of IPv6": Exchange(
        rule(UDP, 53, 53, ipv6=True), (udp(53, 1111, ipv6=True), udp(1111, 53, ipv6=True), udp(53, 1111, ipv6=True))
    ),
    "TCP": Exchange(
        rule(TCP, 80, 80),
        (
            tcp(80, 1112),
            tcp(1112, 80, flags=SYN_ACK, numbers=(5000, 1001)),
            tcp(80, 1112, flags=ACK, numbers=(1001, 5001)),
            tcp(1112, 80, flags=ACK, numbers=(5001, 1017)),
        ),
    ),
    "ICMP echo": Exchange(rule(ICMP, 8, 0), (icmp(8, identifier=9), icmp(0, identifier=9), icmp(8, identifier=9))),
    "another protocol": Exchange(rule(GRE), (other(GRE),) * 4),
    "SCTP": Exchange(rule(SCTP, 9, 9), (sctp(9, 1113), sctp(1113, 9), sctp(9, 1113), sctp(1113, 9))),
    "ICMPv6 echo": Exchange(
        rule(ICMPV6, 128, 0, ipv6=True),
        (icmp(128, ipv6=True, identifier=9), icmp(129, ipv6=True, identifier=9)),
    ),
}
any_exchange = pytest.mark.parametrize("exchange", EXCHANGES.values(), ids=EXCHANGES.keys())


def later(exchange: Exchange) -> tuple[Probe, Probe]:
    """A packet of the one who began it and an answer, such as go on as long as the connection does."""
    return exchange.probes[-2:] if len(exchange.probes) % 2 == 0 else exchange.probes[-3:-1]


async def exchanged(cloud: Cloud, exchange: Exchange, source: Endpoint, target: Endpoint) -> list[bool]:
    """Which packets of a connection arrive, one sent after another."""
    results = []
    for probe, (sender, receiver) in zip(
        exchange.probes, itertools.cycle(((source, target), (target, source))), strict=False
    ):
        results.append(await arrives(cloud, sender, receiver, probe))
    return results


@any_exchange
@any_peer
@both_ways
async def test_what_was_let_begin_may_be_answered(
    cloud: Cloud, exchange: Exchange, peer: Endpoint, ingress: bool
) -> None:
    await guard(cloud, group(exchange.rule(ingress)))
    source, target = ends(peer, ingress)
    assert not await arrives(cloud, target, source, exchange.probes[1]), "an answer to nothing"
    assert await exchanged(cloud, exchange, source, target) == [True] * len(exchange.probes)


@any_peer
@both_ways
async def test_a_stateless_group_lets_nothing_be_answered_of_itself(
    cloud: Cloud, peer: Endpoint, ingress: bool
) -> None:
    exchange = EXCHANGES["UDP"]
    await guard(cloud, group(exchange.rule(ingress), stateful=False))
    source, target = ends(peer, ingress)
    assert await exchanged(cloud, exchange, source, target) == [True, False, True, False]
    answers = SecurityRule(not ingress, False, UDP, 1111, 1111)
    await change_rules(cloud, group(exchange.rule(ingress), answers, stateful=False))
    assert await exchanged(cloud, exchange, source, target) == [True] * 4


@any_exchange
@any_peer
@both_ways
async def test_a_connection_ends_with_its_rule_in_both_directions_and_no_other_change_touches_it(
    cloud: Cloud, exchange: Exchange, peer: Endpoint, ingress: bool
) -> None:
    its_rule, unneeded = exchange.rule(ingress), rule(252)(ingress)
    bystander = group(rule(254)(True), group_id=OTHER_ID)
    await guard(cloud, group(its_rule, unneeded), bystander)
    source, target = ends(peer, ingress)
    assert all(await exchanged(cloud, exchange, source, target))
    there, back = later(exchange)

    async def goes_on() -> list[bool]:
        return [await arrives(cloud, target, source, back), await arrives(cloud, source, target, there)]

    await change_rules(cloud, group(its_rule, rule(251)(ingress), rule(251)(not ingress)))
    assert await goes_on() == [True, True]
    await change_rules(cloud, group(rule(253)(True), group_id=OTHER_ID))
    assert await goes_on() == [True, True]
    await guard(cloud, group(its_rule))
    assert await goes_on() == [True, True]
    await change_rules(cloud, group(unneeded))
    assert await goes_on() == [False, False]
    await change_rules(cloud, group(unneeded, its_rule))
    assert await arrives(cloud, source, target, there)
    assert await goes_on() == [True, True]


@any_peer
@both_ways
async def test_a_tcp_connection_ends_with_its_rule_whoever_may_begin_others(
    cloud: Cloud, peer: Endpoint, ingress: bool
) -> None:
    exchange, others = EXCHANGES["TCP"], SecurityRule(not ingress, False)
    await guard(cloud, group(exchange.rule(ingress), others))
    source, target = ends(peer, ingress)
    assert all(await exchanged(cloud, exchange, source, target))
    there, back = later(exchange)
    await change_rules(cloud, group(others))
    for _ in range(2):
        assert not await arrives(cloud, target, source, back)
        assert not await arrives(cloud, source, target, there)


@any_peer
@both_ways
async def test_who_could_only_answer_may_begin_once_a_rule_says_so(cloud: Cloud, peer: Endpoint, ingress: bool) -> None:
    """Also where both speak from the same port, so that what one begins looks like an answer to the other."""
    symmetric = udp(500, 500)
    await guard(cloud, group(rule(UDP, 500, 500)(ingress)))
    source, target = ends(peer, ingress)
    assert await arrives(cloud, source, target, symmetric)
    assert await arrives(cloud, target, source, symmetric)
    await change_rules(cloud, group(rule(UDP, 500, 500)(not ingress)))
    assert not await arrives(cloud, source, target, symmetric)
    assert not await arrives(cloud, target, source, symmetric), "one packet shows that the connection has turned"
    assert await arrives(cloud, target, source, symmetric)
    assert await arrives(cloud, source, target, symmetric)
    await change_rules(cloud, group())
    for _ in range(3):
        assert not await arrives(cloud, target, source, symmetric)
        assert not await arrives(cloud, source, target, symmetric)


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


async def put_members(cloud: Cloud, put: set[Prefix], removed: set[Prefix] | None = None, vni: int = VNI) -> None:
    delta = MembersDelta(put, removed or set())
    assert await cloud.first.driver.apply(Change(members={(vni, REMOTE_ID): delta})) == {}


def whole(address: bytes) -> Prefix:
    return Prefix(address, len(address) * 8)


@stateful_or_not
@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
@any_peer
@both_ways
async def test_the_agent_is_asked_who_the_other_end_is_until_it_says_that_it_is_a_member(
    cloud: Cloud, ingress: bool, peer: Endpoint, ipv6: bool, stateful: bool
) -> None:
    of_remote = SecurityRule(ingress, ipv6, UDP, 53, 53, remote_group=REMOTE_ID)
    await guard(cloud, group(of_remote, stateful=stateful))
    source, target = ends(peer, ingress)
    sent, another, too_much = (udp(port, ipv6=ipv6)(source, target) for port in (53, 53, 54))
    assert not any(await arrived(cloud, [(source, target, sent), (source, target, too_much)]))
    assert (undecided(cloud.first, sent), undecided(cloud.first, too_much)) == ([ingress], [])

    member = whole(addresses(peer, B, ipv6)[0])
    await put_members(cloud, {member})
    give_back = cloud.first.driver.deliver if ingress else cloud.first.driver.forward
    await give_back(B.port_id, sent)
    await cloud.fabric.settle()
    assert has_received(host_of(cloud, target), target, sent)
    assert await until_passes(cloud, source, target, udp(53, ipv6=ipv6))

    await put_members(cloud, set(), {member})
    assert not any(await arrived(cloud, [(source, target, another)]))
    assert undecided(cloud.first, another) == [ingress]


async def until_passes(cloud: Cloud, source: Endpoint, target: Endpoint, probe: Probe) -> bool:
    """For some milliseconds after a member was put, packets may still be undecided."""
    return any([await arrives(cloud, source, target, probe) for _ in range(2)])


@any_peer
@both_ways
async def test_a_connection_ends_when_the_other_end_is_no_member_any_more(
    cloud: Cloud, ingress: bool, peer: Endpoint
) -> None:
    exchange = EXCHANGES["TCP"]
    of_remote = msgspec.structs.replace(exchange.rule(ingress), remote_group=REMOTE_ID)
    await put_members(cloud, {whole(addresses(peer, B, False)[0])})
    await guard(cloud, group(of_remote))
    source, target = ends(peer, ingress)
    assert all(await exchanged(cloud, exchange, source, target))
    await put_members(cloud, set(), {whole(addresses(peer, B, False)[0])})
    there, back = later(exchange)
    assert not await arrives(cloud, source, target, there)
    assert not await arrives(cloud, target, source, back)


@both_ways
async def test_a_member_of_a_group_in_another_vpc_is_none(cloud: Cloud, ingress: bool) -> None:
    await put_members(cloud, {whole(addresses(A, B, False)[0])}, vni=OTHER_VNI)
    await guard(cloud, group(SecurityRule(ingress, False, remote_group=REMOTE_ID)))
    assert not any(await lets(cloud, ingress, [udp(53)]))
    await put_members(cloud, {whole(addresses(A, B, False)[0])})
    assert await lets(cloud, ingress, [udp(53)]) == [True, False]


@both_ways
async def test_members_of_an_address_group_are_known_in_full(cloud: Cloud, ingress: bool) -> None:
    """Nobody is asked about others."""
    await guard(cloud, group(SecurityRule(ingress, False, UDP, remote_address_group=REMOTE_ID)))
    assert not any(await lets(cloud, ingress, [udp(53)]))
    await put_members(cloud, {whole(addresses(C, B, False)[0])}, vni=ANY_VPC)
    assert await lets(cloud, ingress, [udp(53), tcp(53)]) == [False, True, False, False]
    network = Prefix(bytes((10, 0, 0, 0)), 24)
    await put_members(cloud, {network}, {whole(addresses(C, B, False)[0])}, vni=ANY_VPC)
    assert await lets(cloud, ingress, [udp(53)]) == [True, True]
    await put_members(cloud, set(), {network}, vni=ANY_VPC)
    assert not any(await lets(cloud, ingress, [udp(53)]))
    assert cloud.first.events.undecided == []


async def put_strangers(cloud: Cloud, put: set[bytes], removed: set[bytes] | None = None) -> None:
    delta = StrangersDelta(put, removed or set())
    assert await cloud.first.driver.apply(Change(strangers={VNI: delta})) == {}


@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
@any_peer
@both_ways
async def test_nobody_is_asked_about_a_stranger(cloud: Cloud, ingress: bool, peer: Endpoint, ipv6: bool) -> None:
    of_remote = SecurityRule(ingress, ipv6, UDP, remote_group=REMOTE_ID)
    stranger = addresses(peer, B, ipv6)[0]
    assert (
        await cloud.first.driver.replace(
            State(
                endpoints={A.port_id: A, B.port_id: msgspec.structs.replace(B, security_groups=(GROUP_ID,))},
                remotes={VNI: {C.mac: cloud.second.vtep}},
                vteps={cloud.second.vtep},
                security_groups=OPENED | {GROUP_ID: group(of_remote, rule(TCP, ipv6=ipv6)(ingress))},
                strangers={VNI: {stranger}},
            )
        )
        == {}
    )
    source, target = ends(peer, ingress)
    sent, later, allowed = udp(1, ipv6=ipv6)(source, target), udp(1, ipv6=ipv6)(source, target), tcp(1, ipv6=ipv6)
    assert not any(await arrived(cloud, [(source, target, sent)]))
    assert undecided(cloud.first, sent) == []
    assert await arrives(cloud, source, target, allowed)
    await put_strangers(cloud, set(), {stranger})
    assert not any(await arrived(cloud, [(source, target, later)]))
    assert undecided(cloud.first, later) == [ingress]


@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
async def test_a_stranger_that_nothing_comes_from_goes(cloud: Cloud, ipv6: bool) -> None:
    await cloud.first.hasten_idleness()
    await guard(cloud, group(SecurityRule(True, ipv6, remote_group=REMOTE_ID)))
    stranger = addresses(C, B, ipv6)[0]
    await put_strangers(cloud, {stranger})
    await cloud.first.until_stranger_idle(VNI, stranger)
    sent = udp(1, ipv6=ipv6)(C, B)
    assert not any(await arrived(cloud, [(C, B, sent)]))
    assert undecided(cloud.first, sent) == [True]


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


def _error_about(sender: Endpoint, target: Endpoint, sent: bytes, ipv6: bool) -> bytes:
    """That somebody could not pass a packet on: destination unreachable, RFC 792, RFC 4443."""
    rest = bytes(4) + sent[14 : 14 + (48 if ipv6 else 28)]
    body = packets.icmp(*addresses(sender, target, ipv6), 1 if ipv6 else 3, 1, rest)
    return framed(sender, target, ipv6, ICMPV6 if ipv6 else ICMP, body)


@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
@any_peer
@both_ways
async def test_an_error_about_what_was_sent_passes_and_no_other_does(
    cloud: Cloud, peer: Endpoint, ingress: bool, ipv6: bool
) -> None:
    await guard(cloud, group(rule(UDP, 53, 53, ipv6=ipv6)(ingress)))
    source, target = ends(peer, ingress)
    sent, unsent = udp(53, 1111, ipv6=ipv6)(source, target), udp(53, 1112, ipv6=ipv6)(source, target)
    assert all(await arrived(cloud, [(source, target, sent)]))
    errors = [_error_about(target, source, each, ipv6) for each in (sent, unsent)]
    assert await arrived(cloud, [(target, source, each) for each in errors]) == [True, False]


async def test_a_connection_survives_a_driver_that_restarts_and_replaces_by_the_same(cloud: Cloud) -> None:
    exchange = EXCHANGES["UDP"]
    port = msgspec.structs.replace(B, security_groups=(GROUP_ID,))
    of_remote = SecurityRule(True, True, remote_group=REMOTE_ID)
    wanted = State(
        endpoints={A.port_id: A, B.port_id: port},
        remotes={VNI: {C.mac: cloud.second.vtep}},
        vteps={cloud.second.vtep},
        security_groups=OPENED | {GROUP_ID: group(exchange.rule(True), of_remote)},
        members={(VNI, REMOTE_ID): {whole(A.ipv6[0])}, (ANY_VPC, OTHER_ID): {Prefix(bytes(4), 0)}},
        strangers={VNI: {C.ipv6[0], bytes((10, 0, 0, 9))}},
    )
    assert await cloud.first.driver.replace(wanted) == {}
    assert all(await exchanged(cloud, exchange, C, B))
    await cloud.first.restart_driver()
    assert await arrives(cloud, B, C, exchange.probes[1])
    assert await cloud.first.driver.replace(wanted) == {}
    assert cloud.first.driver.replaced() == 0
    assert await arrives(cloud, B, C, exchange.probes[1])
    assert await arrives(cloud, A, B, udp(1, ipv6=True))


async def test_a_port_does_not_inherit_the_connections_of_one_that_is_gone(cloud: Cloud) -> None:
    """Not even where its interface gets the same number, and it the same addresses."""
    exchange = EXCHANGES["UDP"]
    await guard(cloud, group(exchange.rule(True)))
    assert all(await exchanged(cloud, exchange, C, B))
    assert await cloud.first.driver.apply(Change(removed_endpoints={B.port_id})) == {}
    heir = msgspec.structs.replace(endpoint(9), mac=B.mac, ipv4=B.ipv4, ipv6=B.ipv6, security_groups=(GROUP_ID,))
    await cloud.first.detach(B.port_id)
    await cloud.first.attach(heir.port_id)
    assert await cloud.first.driver.apply(Change(endpoints={heir.port_id: heir})) == {}
    assert not await arrives(cloud, heir, C, exchange.probes[1])


@any_exchange
async def test_both_ends_on_one_host_are_judged_each_by_its_own_groups(cloud: Cloud, exchange: Exchange) -> None:
    sends, receives = group(exchange.rule(False)), group(exchange.rule(True), group_id=OTHER_ID)
    change = Change(
        endpoints={
            A.port_id: msgspec.structs.replace(A, security_groups=(sends.id,)),
            B.port_id: msgspec.structs.replace(B, security_groups=(receives.id,)),
        },
        security_groups={each.id: each for each in (sends, receives)},
    )
    assert await cloud.first.driver.apply(change) == {}
    assert not await arrives(cloud, B, A, exchange.probes[0])
    assert await exchanged(cloud, exchange, A, B) == [True] * len(exchange.probes)
    await change_rules(cloud, group())
    there, back = later(exchange)
    assert not await arrives(cloud, A, B, there)
    assert not await arrives(cloud, B, A, back)


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


async def test_giving_back_a_packet_of_a_port_that_is_gone_is_nothing(cloud: Cloud) -> None:
    sent = udp(1)(A, B)
    await cloud.first.detach(B.port_id)
    await cloud.first.driver.deliver(B.port_id, sent)
    await cloud.first.driver.deliver(endpoint(99).port_id, sent)
    assert await arrives(cloud, A, C, udp(1))
