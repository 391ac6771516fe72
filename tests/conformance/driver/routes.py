"""What every data plane driver promises of routes beside a router's own subnets, and of routers behind routers."""

import msgspec
import pytest

from alcor.dataplane.driver import (
    MOST_ROUTERS,
    Change,
    Endpoint,
    NextHop,
    NextHopDelta,
    Route,
    Router,
    RouterInterface,
)
from tests.conformance.driver.cloud import OTHER_VNI, VNI, Cloud, has_received
from tests.conformance.driver.routing import (
    MASK,
    NEAR,
    OTHER,
    OTHER_VPC_HERE,
    OTHER_VPC_THERE,
    ROUTER,
    ROUTER_ID,
    SAME,
    SAME_VPC_HERE,
    SAME_VPC_THERE,
    TARGETS,
    THERE,
    A,
    echo_request,
    narrowed,
    reached,
    routing_state,
    sized,
    to_router,
    way,
    went_to_agent,
    with_ttl,
)

SECOND_ID = b"second".ljust(16, b".")
BEYOND = 0xC0000200  # 192.0.2.0
ALL, HALF = 0xFFFFFFFF, 0xFFFFFF80
LATER = 0x0A0A0000  # 10.10.0.0/24, which only the second router is in
SECOND_SAME = RouterInterface(VNI, 0xFA163EFF0011, 0x0A0001FD, SAME.network, MASK)
SECOND_LATER = RouterInterface(OTHER_VNI, 0xFA163EFF0012, LATER + 254, LATER, MASK)


def via(target: Endpoint, network: int, mask: int = MASK, *, only: RouterInterface | None = None) -> Route:
    """A route by way of a port."""
    by = way(target)
    return Route(network, mask, by.vni, by.mac, target.ipv4[0], None if only is None else (only.vni, only.mac))


def to_second(network: int, mask: int = MASK) -> Route:
    return Route(network, mask, VNI, SAME.mac, SECOND_SAME.address)


def with_routes(*routes: Route) -> Router:
    return msgspec.structs.replace(ROUTER, routes=routes)


def as_sent_to(frame: bytes, target: Endpoint, source_mac: int, routers: int = 1) -> bytes:
    """The packet as an appliance gets it: its addresses are left alone."""
    return with_ttl(target.mac.to_bytes(6) + source_mac.to_bytes(6) + frame[12:], frame[22] - routers)


async def route_by(cloud: Cloud, *routes: Route) -> None:
    assert await cloud.first.driver.apply(Change(routers={ROUTER_ID: with_routes(*routes)})) == {}


async def send(cloud: Cloud, address: int, ttl: int = 64) -> bytes:
    sent = to_router(address, ttl)
    await cloud.first.inject(A.port_id, sent)
    await cloud.fabric.settle()
    return sent


async def taken_by(cloud: Cloud, address: int) -> list[Endpoint]:
    """Who gets a packet for an address, by way of this router only."""
    sent = await send(cloud, address)
    return [
        target
        for target in TARGETS
        if has_received(
            cloud.second if target in THERE else cloud.first, target, as_sent_to(sent, target, way(target).mac)
        )
    ]


@pytest.mark.parametrize(
    "target", TARGETS, ids=("same_vpc_here", "same_vpc_there", "other_vpc_here", "other_vpc_there")
)
async def test_a_route_leads_to_its_next_hop_and_leaves_the_destination_alone(routed: Cloud, target: Endpoint) -> None:
    await route_by(routed, via(target, BEYOND))
    assert await taken_by(routed, BEYOND + 7) == [target]
    assert routed.first.events.for_routers == []
    assert await reached(routed) == list(TARGETS)


async def test_the_longest_prefix_decides_among_subnets_and_routes(routed: Cloud) -> None:
    await route_by(
        routed,
        via(SAME_VPC_HERE, 0, 0),
        via(SAME_VPC_THERE, BEYOND),
        via(OTHER_VPC_HERE, BEYOND + 128, HALF),
        via(OTHER_VPC_THERE, SAME.network + 128, HALF),
        via(OTHER_VPC_THERE, BEYOND + 7, ALL),
    )
    assert await taken_by(routed, 0x08080808) == [SAME_VPC_HERE]
    assert await taken_by(routed, BEYOND + 1) == [SAME_VPC_THERE]
    assert await taken_by(routed, BEYOND + 129) == [OTHER_VPC_HERE]
    assert await taken_by(routed, BEYOND + 7) == [OTHER_VPC_THERE]
    assert await taken_by(routed, SAME.network + 200) == [OTHER_VPC_THERE]
    assert await reached(routed) == list(TARGETS)


async def test_of_equal_prefixes_a_subnet_comes_first_then_what_is_for_the_interface(routed: Cloud) -> None:
    await route_by(
        routed,
        via(OTHER_VPC_HERE, SAME.network),
        via(OTHER_VPC_HERE, SAME.network, only=NEAR),
        via(SAME_VPC_HERE, BEYOND),
        via(SAME_VPC_THERE, BEYOND, only=NEAR),
    )
    assert await reached(routed) == list(TARGETS)
    assert await taken_by(routed, BEYOND + 1) == [SAME_VPC_THERE]


@pytest.mark.parametrize("only", [None, NEAR], ids=["of the router", "of the interface"])
async def test_a_packet_too_big_for_where_a_route_leads_is_for_the_agent(
    routed: Cloud, only: RouterInterface | None
) -> None:
    router = Router(ROUTER_ID, narrowed(OTHER, 1300), (via(OTHER_VPC_HERE, BEYOND, only=only),))
    assert await routed.first.driver.apply(Change(routers={ROUTER_ID: router})) == {}
    for size, fits in ((1300, True), (1301, False)):
        sent = sized(BEYOND + 7, size)
        await routed.first.inject(A.port_id, sent)
        await routed.fabric.settle()
        assert has_received(routed.first, OTHER_VPC_HERE, as_sent_to(sent, OTHER_VPC_HERE, OTHER.mac)) == fits
        assert went_to_agent(routed.first, sent) != fits


async def test_a_route_for_what_comes_to_another_interface_is_not_taken(routed: Cloud) -> None:
    await route_by(routed, via(SAME_VPC_HERE, 0, 0), via(SAME_VPC_THERE, BEYOND, only=OTHER))
    assert await taken_by(routed, BEYOND + 1) == [SAME_VPC_HERE]


@pytest.mark.parametrize("only", [None, (NEAR.vni, NEAR.mac)], ids=["of the router", "of the interface"])
async def test_a_route_that_leads_nowhere_is_for_the_agent_to_answer(
    routed: Cloud, only: tuple[int, int] | None
) -> None:
    await route_by(routed, via(SAME_VPC_HERE, 0, 0), Route(BEYOND, MASK, arriving=only))
    sent = await send(routed, BEYOND + 1)
    assert went_to_agent(routed.first, sent)
    assert not has_received(routed.first, SAME_VPC_HERE, as_sent_to(sent, SAME_VPC_HERE, SAME.mac))


async def test_a_next_hop_that_is_not_programmed_is_for_the_agent_to_find(routed: Cloud) -> None:
    absent = NextHopDelta(removed={SAME_VPC_THERE.ipv4[0]})
    await route_by(routed, via(SAME_VPC_THERE, BEYOND))
    assert await routed.first.driver.apply(Change(next_hops={VNI: absent})) == {}
    sent = await send(routed, BEYOND + 1)
    assert went_to_agent(routed.first, sent)
    found = NextHopDelta({SAME_VPC_THERE.ipv4[0]: NextHop(SAME_VPC_THERE.mac, routed.second.vtep)})
    assert await routed.first.driver.apply(Change(next_hops={VNI: found})) == {}
    await routed.first.driver.forward(A.port_id, sent)
    await routed.fabric.settle()
    assert has_received(routed.second, SAME_VPC_THERE, as_sent_to(sent, SAME_VPC_THERE, SAME.mac))


async def test_a_route_that_is_removed_or_changed_is_not_taken_from_then_on(routed: Cloud) -> None:
    await route_by(routed, via(SAME_VPC_HERE, BEYOND), via(SAME_VPC_THERE, 0, 0))
    assert await taken_by(routed, BEYOND + 1) == [SAME_VPC_HERE]
    await route_by(routed, via(OTHER_VPC_THERE, BEYOND), via(SAME_VPC_THERE, 0, 0))
    assert await taken_by(routed, BEYOND + 1) == [OTHER_VPC_THERE]
    await route_by(routed, via(SAME_VPC_THERE, 0, 0))
    assert await taken_by(routed, BEYOND + 1) == [SAME_VPC_THERE]
    await route_by(routed)
    assert await taken_by(routed, BEYOND + 1) == []


async def test_the_same_routes_again_change_nothing_and_stale_ones_go(routed: Cloud) -> None:
    wanted = routing_state(routed)
    wanted.routers[ROUTER_ID] = with_routes(via(SAME_VPC_HERE, BEYOND), Route(BEYOND + 128, HALF))
    assert await routed.first.driver.replace(wanted) == {}
    assert await routed.first.driver.replace(wanted) == {}
    assert routed.first.driver.replaced() == 0
    await routed.first.restart_driver()
    assert await taken_by(routed, BEYOND + 1) == [SAME_VPC_HERE]
    assert await routed.first.driver.replace(routing_state(routed)) == {}
    assert await taken_by(routed, BEYOND + 1) == []


async def behind_another(cloud: Cloud, *routes: Route, back: tuple[Route, ...] = ()) -> Endpoint:
    """A second router, which the first reaches in a subnet of both; returns a workload behind it."""
    target = msgspec.structs.replace(OTHER_VPC_THERE, ipv4=(LATER + 5,))
    second = Router(SECOND_ID, (SECOND_SAME, SECOND_LATER), back)
    hop = NextHopDelta({LATER + 5: NextHop(target.mac, cloud.second.vtep)})
    change = Change(routers={ROUTER_ID: with_routes(*routes), SECOND_ID: second}, next_hops={OTHER_VNI: hop})
    assert await cloud.first.driver.apply(change) == {}
    return target


async def test_a_packet_goes_through_a_second_router_with_one_less_to_live_for_each(routed: Cloud) -> None:
    target = await behind_another(routed, to_second(LATER))
    sent = await send(routed, LATER + 5)
    assert has_received(routed.second, target, as_sent_to(sent, target, SECOND_LATER.mac, routers=2))
    last = await send(routed, LATER + 5, ttl=3)
    assert has_received(routed.second, target, as_sent_to(last, target, SECOND_LATER.mac, routers=2))
    assert routed.first.events.for_routers == []


@pytest.mark.parametrize("ttl", [1, 2])
async def test_a_packet_whose_time_ends_at_either_router_goes_to_the_agent_as_it_was_sent(
    routed: Cloud, ttl: int
) -> None:
    target = await behind_another(routed, to_second(LATER))
    sent = await send(routed, LATER + 5, ttl)
    assert went_to_agent(routed.first, sent)
    assert not any(frame[42:50] == sent[42:50] for frame in routed.second.received(target.port_id))


async def test_what_a_second_router_has_no_way_for_goes_to_the_agent_as_it_was_sent(routed: Cloud) -> None:
    await behind_another(routed, to_second(0, 0))
    for address in (0x08080808, LATER + 99):
        assert went_to_agent(routed.first, await send(routed, address))


async def test_a_second_router_has_routes_for_what_comes_to_its_own_interfaces(routed: Cloud) -> None:
    only = (SECOND_SAME.vni, SECOND_SAME.mac)
    route = Route(BEYOND, MASK, OTHER_VNI, SECOND_LATER.mac, LATER + 5, only)
    target = await behind_another(routed, to_second(BEYOND), back=(route, Route(BEYOND, MASK)))
    sent = await send(routed, BEYOND + 1)
    assert has_received(routed.second, target, as_sent_to(sent, target, SECOND_LATER.mac, routers=2))


async def test_packets_that_routers_send_to_each_other_end_at_the_agent(routed: Cloud) -> None:
    back = Route(BEYOND, MASK, VNI, SECOND_SAME.mac, SAME.address)
    await behind_another(routed, to_second(BEYOND), back=(back,))
    for ttl in (2, MOST_ROUTERS, MOST_ROUTERS + 1, 255):
        sent = await send(routed, BEYOND + 1, ttl)
        assert routed.first.events.for_routers.count((A.port_id, sent)) == 1


async def test_a_second_router_answers_ping_and_ends_with_its_removal(routed: Cloud) -> None:
    target = await behind_another(routed, to_second(LATER))
    for address in (SECOND_SAME.address, SECOND_LATER.address):
        await routed.first.inject(A.port_id, echo_request(address))
        await routed.fabric.settle()
        assert any(frame[26:30] == address.to_bytes(4) for frame in routed.first.received(A.port_id))
    assert await routed.first.driver.apply(Change(removed_routers={SECOND_ID})) == {}
    sent = await send(routed, LATER + 5)
    assert went_to_agent(routed.first, sent)
    assert not has_received(routed.second, target, as_sent_to(sent, target, SECOND_LATER.mac, routers=2))


async def test_describe_names_routes(routed: Cloud) -> None:
    await route_by(routed, via(SAME_VPC_HERE, BEYOND))
    text = "\n".join(await routed.first.driver.describe())
    assert "192.0.2.0/255.255.255.0" in text
