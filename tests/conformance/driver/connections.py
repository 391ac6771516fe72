"""What every data plane driver promises of connections that security groups let begin; goes together with the suite."""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint, State
from alcor.dataplane.security_groups import ANY_VPC, Prefix, SecurityRule
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import OPENED, VNI, A, B, C, Cloud, endpoint
from tests.conformance.driver.guarded import (
    GROUP_ID,
    OTHER_ID,
    REMOTE_ID,
    any_peer,
    arrived,
    arrives,
    both_ways,
    change_rules,
    ends,
    group,
    guard,
    rule,
    whole,
)
from tests.conformance.driver.probes import (
    ACK,
    GRE,
    ICMP,
    ICMPV6,
    SCTP,
    SYN_ACK,
    TCP,
    UDP,
    Probe,
    addresses,
    framed,
    icmp,
    other,
    sctp,
    tcp,
    udp,
)


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
