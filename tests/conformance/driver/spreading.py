"""What every data plane driver promises of a route with several ways: which packets go by which."""

import itertools
import struct
from collections.abc import Iterable

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint, NextHopDelta, Route, Way
from tests.conformance.driver import packets, routing, routing_ipv6
from tests.conformance.driver.cloud import Cloud, has_received
from tests.conformance.driver.routes import BEYOND, as_sent_to, via, with_routes
from tests.conformance.driver.routes_ipv6 import passed_on
from tests.conformance.driver.routes_ipv6 import via as via_ipv6
from tests.conformance.driver.routing import NEAR, TARGETS, THERE, A, went_to_agent

CONNECTIONS = 40
DESTINATION, DESTINATION_IPV6 = BEYOND + 7, routing_ipv6._address(routing_ipv6.BEYOND, 7)
_serial = itertools.count(1)


def spread(*targets: Endpoint) -> Route:
    """A route by way of all of these ports."""
    first, *others = (via(target, BEYOND) for target in targets)
    return msgspec.structs.replace(first, others=tuple(Way(each.vni, each.mac, each.next_hop) for each in others))


def datagram(port: int, fragment: int = 0) -> bytes:
    """One of the connection from a port, or a fragment of one, unlike any other."""
    return between((A.ipv4[0], port), (DESTINATION, 443), fragment)


def between(source: tuple[int, int], destination: tuple[int, int], fragment: int = 0) -> bytes:
    """A datagram from one address and port to another."""
    payload = packets.udp_payload(source[1], destination[1], b"%08d" % next(_serial)).ljust(1208)
    return packets.ethernet(NEAR.mac, A.mac, 0x0800, packets.ipv4(source[0], destination[0], 17, payload, fragment))


async def takers(cloud: Cloud, sent: Iterable[bytes]) -> list[list[Endpoint]]:
    """Who gets each of these packets."""
    sent = list(sent)
    for each in sent:
        await cloud.first.inject(A.port_id, each)
    await cloud.fabric.settle()
    return [[target for target in TARGETS if _got(cloud, target, each)] for each in sent]


def _got(cloud: Cloud, target: Endpoint, sent: bytes) -> bool:
    host = cloud.second if target in THERE else cloud.first
    return has_received(host, target, as_sent_to(sent, target, routing.way(target).mac))


async def route_by(cloud: Cloud, route: Route) -> None:
    assert await cloud.first.driver.apply(Change(routers={routing.ROUTER_ID: with_routes(route)})) == {}


async def unguard(cloud: Cloud) -> None:
    """Let all ports send and receive whatever it is."""
    open_to_all = {each.port_id: msgspec.structs.replace(each, port_security=False) for each in (A, *TARGETS)}
    there = {each.port_id: open_to_all.pop(each.port_id) for each in THERE}
    assert await cloud.first.driver.apply(Change(endpoints=open_to_all)) == {}
    assert await cloud.second.driver.apply(Change(endpoints=there)) == {}


@pytest.mark.parametrize("only", [None, (NEAR.vni, NEAR.mac)], ids=["of the router", "of the interface"])
async def test_connections_are_spread_and_each_stays_on_its_way(routed: Cloud, only: tuple[int, int] | None) -> None:
    await route_by(routed, msgspec.structs.replace(spread(*TARGETS), arriving=only))
    first = await takers(routed, map(datagram, range(5000, 5000 + CONNECTIONS)))
    assert {len(each) for each in first} == {1}
    assert {each[0] for each in first} == set(TARGETS)
    assert await takers(routed, map(datagram, range(5000, 5000 + CONNECTIONS))) == first
    assert await routing.reached(routed) == list(TARGETS)
    await route_by(routed, via(TARGETS[1], BEYOND))
    assert await takers(routed, map(datagram, range(5000, 5008))) == [[TARGETS[1]]] * 8


async def test_both_directions_of_a_connection_go_by_one_way(routed: Cloud) -> None:
    await unguard(routed)
    await route_by(routed, spread(*TARGETS))
    ends = [((BEYOND + 7, port), (BEYOND + 9, 443)) for port in range(5000, 5000 + CONNECTIONS)]
    there = await takers(routed, itertools.starmap(between, ends))
    assert {each[0] for each in there} == set(TARGETS)
    assert await takers(routed, (between(destination, source) for source, destination in ends)) == there


async def test_all_fragments_of_a_packet_go_by_one_way(routed: Cloud) -> None:
    await unguard(routed)
    await route_by(routed, spread(*TARGETS))
    sent = [datagram(port, fragment) for port in range(5000, 5008) for fragment in (0x2000, 151)]
    found = await takers(routed, sent)
    assert {len(each) for each in found} == {1}
    assert found[::2] == found[1::2]


async def test_what_goes_by_a_way_to_nobody_is_for_the_agent_and_all_else_passes(routed: Cloud) -> None:
    await route_by(routed, spread(*TARGETS[:2]))
    gone = TARGETS[0]
    removed = {gone.vni: NextHopDelta(removed={gone.ipv4[0]})}
    assert await routed.first.driver.apply(Change(next_hops=removed)) == {}
    sent = [datagram(port) for port in range(5000, 5000 + CONNECTIONS)]
    found = await takers(routed, sent)
    for each, its in zip(sent, found, strict=True):
        assert its == ([] if went_to_agent(routed.first, each) else [TARGETS[1]])
    assert [] in found and [TARGETS[1]] in found


async def test_connections_of_ipv6_are_spread(routed_ipv6: Cloud) -> None:
    first, *others = (via_ipv6(target, routing_ipv6.BEYOND) for target in routing_ipv6.TARGETS)
    ways = tuple(Way(each.vni, each.mac, each.next_hop) for each in others)
    router = msgspec.structs.replace(routing_ipv6.ROUTER, routes=(msgspec.structs.replace(first, others=ways),))
    assert await routed_ipv6.first.driver.apply(Change(routers={router.id: router})) == {}
    found = []
    for _ in range(2):
        sent = [_datagram_ipv6(port) for port in range(5000, 5000 + CONNECTIONS)]
        for each in sent:
            await routed_ipv6.first.inject(routing_ipv6.A.port_id, each)
        await routed_ipv6.fabric.settle()
        targets = routing_ipv6.TARGETS
        found.append([[target for target in targets if _got_ipv6(routed_ipv6, target, each)] for each in sent])
    assert found[0] == found[1]
    assert {len(each) for each in found[0]} == {1}
    assert {each[0] for each in found[0]} == set(routing_ipv6.TARGETS)


def _datagram_ipv6(port: int) -> bytes:
    source = routing_ipv6.A
    payload = packets.udp(source.ipv6[0], DESTINATION_IPV6, port, 443, struct.pack("!I", next(_serial)))
    return packets.ip_frame(routing_ipv6.NEAR.mac, source.mac, source.ipv6[0], DESTINATION_IPV6, 17, payload)


def _got_ipv6(cloud: Cloud, target: Endpoint, sent: bytes) -> bool:
    host = cloud.second if target in routing_ipv6.THERE else cloud.first
    return has_received(host, target, passed_on(sent, target, routing_ipv6.way(target).mac))
