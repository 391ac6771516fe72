"""Routes lead to next hops, through other routers, or nowhere, which is said."""

import msgspec
import pytest

from alcor.dataplane.driver import NextHop
from alcor.model.addresses import ip_bytes
from alcor.model.goal_state import Router
from tests.unit.agent.goal_states import MACS
from tests.unit.agent.routing.routing_host import (
    AHEAD_ADDRESS,
    AHEAD_VTEP,
    FAR_ADDRESS,
    FAR_VNI,
    FAR_VTEP,
    GATEWAY,
    LOCAL,
    LOCAL_ADDRESS,
    NEAR_MAC,
    NEAR_VNI,
    OWN,
    ROUTER,
    ROUTER_ID,
    SECOND,
    SECOND_ID,
    RoutingHost,
)

BEYOND = 0xC0000201  # 192.0.2.1


def with_routes(*routes: tuple[str, str], by: int | None = None) -> Router:
    """The router with routes, for all or for what comes by one of its interfaces."""
    if by is None:
        return msgspec.structs.replace(ROUTER, routes=routes)
    interfaces = list(ROUTER.interfaces)
    interfaces[by] = msgspec.structs.replace(interfaces[by], routes=routes)
    return Router(ROUTER_ID, tuple(interfaces))


@pytest.mark.parametrize("by", [None, 0])
async def test_the_next_hop_of_a_route_is_found_by_its_own_address(host: RoutingHost, by: int | None) -> None:
    await host.change(routers={ROUTER_ID: with_routes(("192.0.2.0/24", "10.0.1.3"), by=by)})
    await host.send(BEYOND)
    assert host.next_hops() == {NEAR_VNI: {AHEAD_ADDRESS: NextHop(MACS[3], AHEAD_VTEP)}}
    assert host.counter("held_packets_sent") == 1


async def test_the_next_hop_of_a_route_is_asked_for_in_a_vpc_without_ports_here(host: RoutingHost) -> None:
    await host.change(routers={ROUTER_ID: with_routes(("192.0.2.0/24", "10.9.0.4"))})
    await host.send(BEYOND)
    await host.manager.answer()
    assert host.next_hops() == {FAR_VNI: {FAR_ADDRESS: NextHop(MACS[4], FAR_VTEP)}}
    assert host.counter("held_packets_sent") == 1


@pytest.mark.parametrize(
    ("routes", "code"),
    [
        ((("192.0.2.0/24", ""), ("0.0.0.0/0", "10.0.1.3")), 0),
        ((("192.0.2.0/24", "198.51.100.1"), ("0.0.0.0/0", "10.0.1.3")), 0),
        ((("192.0.2.0/24", "10.0.1.200"), ("0.0.0.0/0", "10.0.1.3")), 1),
        ((("2001:db8::/32", "10.0.1.3"),), 0),
    ],
    ids=["nowhere", "in no subnet", "nobody", "of IPv6"],
)
async def test_a_route_that_leads_nowhere_is_said(
    host: RoutingHost, routes: tuple[tuple[str, str], ...], code: int
) -> None:
    await host.change(routers={ROUTER_ID: with_routes(*routes)})
    await host.send(BEYOND)
    (error,) = await host.received()
    assert error[26:30] == GATEWAY.to_bytes(4)
    assert tuple(error[34:36]) == (3, code)


async def test_of_routes_to_the_same_destination_all_that_lead_somewhere_are_taken(host: RoutingHost) -> None:
    same = (
        ("192.0.2.0/24", ""),
        ("192.0.2.9/24", "10.0.1.3"),
        ("192.0.2.0/24", "10.0.1.2"),
        ("192.0.2.0/24", "10.0.1.3"),
    )
    await host.change(routers={ROUTER_ID: with_routes(*same)})
    await host.send(BEYOND)
    both = {AHEAD_ADDRESS: NextHop(MACS[3], AHEAD_VTEP), LOCAL_ADDRESS: NextHop(MACS[LOCAL])}
    assert host.next_hops() == {NEAR_VNI: both}
    (route,) = host.core.switch.routers[ROUTER_ID].routes
    assert [each.next_hop for each in route.ways()] == [AHEAD_ADDRESS, LOCAL_ADDRESS]


async def test_what_goes_by_a_way_to_nobody_is_said_and_all_else_goes_on(host: RoutingHost) -> None:
    await host.change(routers={ROUTER_ID: with_routes(("192.0.2.0/24", "10.0.1.2"), ("192.0.2.0/24", "10.0.1.200"))})
    for number in range(16):
        await host.send(BEYOND + number)
    errors = [frame for frame in await host.received() if tuple(frame[34:36]) == (3, 1)]
    assert host.next_hops() == {NEAR_VNI: {LOCAL_ADDRESS: NextHop(MACS[LOCAL])}}
    assert 0 < len(errors) < 16


async def test_a_way_that_is_not_known_yet_is_asked_for(host: RoutingHost) -> None:
    await host.change(routers={ROUTER_ID: with_routes(("192.0.2.0/24", "10.0.1.2"), ("192.0.2.0/24", "10.9.0.4"))})
    for number in range(16):
        await host.send(BEYOND + number)
    await host.manager.answer()
    assert host.next_hops() == {
        NEAR_VNI: {LOCAL_ADDRESS: NextHop(MACS[LOCAL])},
        FAR_VNI: {FAR_ADDRESS: NextHop(MACS[4], FAR_VTEP)},
    }
    assert host.counter("packets_not_routed") == 0


async def test_one_of_several_ways_that_leads_back_ends_and_the_other_goes_on(host: RoutingHost) -> None:
    back = msgspec.structs.replace(SECOND, routes=(("192.0.2.0/24", "10.0.1.254"),))
    both = with_routes(("192.0.2.0/24", "10.0.1.2"), ("192.0.2.0/24", "10.0.1.253"))
    await host.change(routers={ROUTER_ID: both, SECOND_ID: back})
    for number in range(16):
        await host.send(BEYOND + number)
    errors = [frame for frame in await host.received() if tuple(frame[34:36]) == (11, 0)]
    assert host.next_hops() == {NEAR_VNI: {LOCAL_ADDRESS: NextHop(MACS[LOCAL])}}
    assert 0 < len(errors) < 16


async def test_a_packet_goes_on_through_the_next_hops_router(host: RoutingHost) -> None:
    host.manager.addresses[0x0A070004] = MACS[4]
    routed = with_routes(("10.7.0.0/24", "10.0.1.253"))
    await host.change(routers={ROUTER_ID: routed, SECOND_ID: SECOND})
    await host.send(0x0A070004)
    await host.manager.answer()
    assert host.next_hops() == {FAR_VNI: {0x0A070004: NextHop(MACS[4], FAR_VTEP)}}
    assert host.counter("held_packets_sent") == 1


@pytest.mark.parametrize(
    ("address", "ttl", "kind", "code"),
    [(0x0A070004, 2, 11, 0), (0x08080808, 64, 3, 0)],
    ids=["expired", "no route"],
)
async def test_a_router_on_the_way_says_so_from_where_the_packet_came_to_it(
    host: RoutingHost, address: int, ttl: int, kind: int, code: int
) -> None:
    routed = with_routes(("0.0.0.0/0", "10.0.1.253"))
    await host.change(routers={ROUTER_ID: routed, SECOND_ID: SECOND})
    await host.send(address, ttl)
    (error,) = await host.received()
    assert error[:12] == MACS[OWN].to_bytes(6) + NEAR_MAC.to_bytes(6)
    assert error[26:30] == (0x0A0001FD).to_bytes(4)
    assert tuple(error[34:36]) == (kind, code)


@pytest.mark.parametrize(("ttl", "by"), [(64, "10.0.1.253"), (63, "10.0.1.254"), (255, "10.0.1.254")])
async def test_a_loop_ends_with_the_time_to_live(host: RoutingHost, ttl: int, by: str) -> None:
    """Packets come to the first router by another interface once the second has sent them back."""
    routed, back = with_routes(("0.0.0.0/0", "10.0.1.253")), (("0.0.0.0/0", "10.0.1.254"),)
    second = msgspec.structs.replace(SECOND, routes=back)
    await host.change(routers={ROUTER_ID: routed, SECOND_ID: second})
    await host.send(BEYOND, ttl)
    (error,) = await host.received()
    assert tuple(error[34:36]) == (11, 0)
    assert error[26:30] == ip_bytes(by)
