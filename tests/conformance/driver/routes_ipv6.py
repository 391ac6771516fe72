"""What every data plane driver promises of IPv6 routes beside a router's own subnets, and of routers behind routers."""

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint, NextHop, NextHopDelta, Route, Router, RouterInterface
from tests.conformance.driver.cloud import OTHER_VNI, VNI, Cloud, has_received
from tests.conformance.driver.routing_ipv6 import (
    BEYOND,
    MASK,
    NEAR,
    OTHER_VPC_HERE,
    OTHER_VPC_THERE,
    ROUTER,
    ROUTER_ID,
    SAME,
    SAME_NETWORK,
    SAME_VPC_HERE,
    SAME_VPC_THERE,
    TARGETS,
    THERE,
    A,
    _address,
    _network,
    reached,
    to_router,
    way,
    went_to_agent,
)

SECOND_ID = b"second6".ljust(16, b".")
LATER = _network(10)
ALL, HALF = (1 << 128) - 1, MASK | 1 << 63
SECOND_SAME = RouterInterface(VNI, 0xFA163EFF0071, _address(SAME_NETWORK, 0xFFFD), SAME_NETWORK, MASK)
SECOND_LATER = RouterInterface(OTHER_VNI, 0xFA163EFF0072, _address(LATER, 0xFFFE), LATER, MASK)


def via(target: Endpoint, network: int, mask: int = MASK, *, only: RouterInterface | None = None) -> Route:
    """A route by way of a port."""
    by, arriving = way(target), None if only is None else (only.vni, only.mac)
    return Route(network, mask, by.vni, by.mac, target.ipv6[0], arriving, 6)


async def route_by(cloud: Cloud, *routes: Route) -> None:
    router = msgspec.structs.replace(ROUTER, routes=routes)
    assert await cloud.first.driver.apply(Change(routers={ROUTER_ID: router})) == {}


async def send(cloud: Cloud, address: bytes, hop_limit: int = 64) -> bytes:
    sent = to_router(address, hop_limit)
    await cloud.first.inject(A.port_id, sent)
    await cloud.fabric.settle()
    return sent


def passed_on(frame: bytes, target: Endpoint, source_mac: int, routers: int = 1) -> bytes:
    """The packet as whoever is next gets it: its addresses are left alone."""
    ethernet = target.mac.to_bytes(6) + source_mac.to_bytes(6)
    return ethernet + frame[12:21] + bytes((frame[21] - routers,)) + frame[22:]


async def taken_by(cloud: Cloud, address: bytes) -> list[Endpoint]:
    sent = await send(cloud, address)
    hosts = {target: cloud.second if target in THERE else cloud.first for target in TARGETS}
    return [
        target for target, host in hosts.items() if has_received(host, target, passed_on(sent, target, way(target).mac))
    ]


async def test_the_longest_ipv6_prefix_decides_among_subnets_and_routes(routed_ipv6: Cloud) -> None:
    await route_by(
        routed_ipv6,
        via(SAME_VPC_HERE, 0, 0),
        via(SAME_VPC_THERE, BEYOND),
        via(OTHER_VPC_HERE, BEYOND | 1 << 63, HALF),
        via(OTHER_VPC_THERE, BEYOND + 7, ALL),
        via(OTHER_VPC_THERE, SAME_NETWORK),
    )
    assert await taken_by(routed_ipv6, _address(_network(77), 1)) == [SAME_VPC_HERE]
    assert await taken_by(routed_ipv6, _address(BEYOND, 1)) == [SAME_VPC_THERE]
    assert await taken_by(routed_ipv6, _address(BEYOND | 1 << 63, 1)) == [OTHER_VPC_HERE]
    assert await taken_by(routed_ipv6, _address(BEYOND, 7)) == [OTHER_VPC_THERE]
    assert await reached(routed_ipv6) == list(TARGETS)
    await route_by(routed_ipv6)
    assert await taken_by(routed_ipv6, _address(BEYOND, 1)) == []


async def test_an_ipv6_route_of_an_interface_goes_first_and_one_that_leads_nowhere_is_for_the_agent(
    routed_ipv6: Cloud,
) -> None:
    await route_by(
        routed_ipv6, via(SAME_VPC_HERE, BEYOND), via(SAME_VPC_THERE, BEYOND, only=NEAR), Route(LATER, MASK, version=6)
    )
    assert await taken_by(routed_ipv6, _address(BEYOND, 1)) == [SAME_VPC_THERE]
    assert went_to_agent(routed_ipv6.first, await send(routed_ipv6, _address(LATER, 1)))


@pytest.mark.parametrize("hop_limit", [2, 3])
async def test_ipv6_goes_through_a_second_router_with_one_hop_less_for_each(
    routed_ipv6: Cloud,
    hop_limit: int,
) -> None:
    target = msgspec.structs.replace(OTHER_VPC_THERE, ipv6=(_address(LATER, 5),))
    hop = NextHopDelta({target.ipv6[0]: NextHop(target.mac, routed_ipv6.second.vtep)})
    route = Route(LATER, MASK, VNI, SAME.mac, SECOND_SAME.address, version=6)
    routers = {
        ROUTER_ID: msgspec.structs.replace(ROUTER, routes=(route,)),
        SECOND_ID: Router(SECOND_ID, (SECOND_SAME, SECOND_LATER)),
    }
    assert await routed_ipv6.first.driver.apply(Change(routers=routers, next_hops={OTHER_VNI: hop})) == {}
    sent = await send(routed_ipv6, target.ipv6[0], hop_limit)
    expired = hop_limit == 2
    arrived = hop_limit > 2 and has_received(
        routed_ipv6.second, target, passed_on(sent, target, SECOND_LATER.mac, routers=2)
    )
    assert (went_to_agent(routed_ipv6.first, sent), arrived) == (expired, not expired)
