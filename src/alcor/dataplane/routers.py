"""Routers of a goal state as a data plane is told of them. Pure."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import msgspec

from alcor.dataplane.driver import Route, Router, RouterInterface
from alcor.model import goal_state
from alcor.model.addresses import address_of
from alcor.model.identifiers import Id


def data_plane_routers(routers: Mapping[Id, goal_state.Router]) -> dict[Id, Router]:
    """Routers as the data plane is told of them."""
    return {router_id: data_plane_router(router) for router_id, router in routers.items()}


def data_plane_router(router: goal_state.Router) -> Router:
    """A router as the data plane is told of it."""
    interfaces = [
        RouterInterface(each.vni, each.mac, address_of(address), *prefix_of(cidr)[:2], each.mtu)
        for each in router.interfaces
        for cidr, address in each.addresses
    ]
    routes = list(_routes(router.routes, interfaces, None))
    for each in router.interfaces:
        routes += _routes(each.routes, interfaces, (each.vni, each.mac))
    return Router(router.id, tuple(interfaces), _one_for_each(routes))


def _one_for_each(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Of several routes to the same destination one with the ways of all that lead somewhere."""
    chosen: dict[tuple[int, int, int, tuple[int, int] | None], Route] = {}
    for route in routes:
        destination = route.version, route.network, route.mask, route.arriving
        before = chosen.get(destination)
        if before is None or not before.vni:
            chosen[destination] = route
        else:
            others = dict.fromkeys((*before.others, *route.ways()))
            others.pop(before.ways()[0], None)
            chosen[destination] = msgspec.structs.replace(before, others=tuple(others))
    return tuple(chosen.values())


def _routes(
    routes: Iterable[tuple[str, str]], interfaces: Iterable[RouterInterface], arriving: tuple[int, int] | None
) -> Iterator[Route]:
    """Each by the interface in whose subnet its next hop is; one whose next hop is in none leads nowhere."""
    for destination, next_hop in routes:
        network, mask, version = prefix_of(destination)
        address = address_of(next_hop) if next_hop else None
        by = next((each for each in interfaces if address is not None and each.covers(address)), None)
        if address is None or by is None or by.version() != version:
            yield Route(network, mask, arriving=arriving, version=version)
        else:
            yield Route(network, mask, by.vni, by.mac, address, arriving, version)


@lru_cache(10_000)
def prefix_of(cidr: str) -> tuple[int, int, int]:
    """The network of a CIDR, its mask and the version of IP."""
    network = ipaddress.ip_network(cidr, strict=False)
    return int(network.network_address), int(network.netmask), network.version
