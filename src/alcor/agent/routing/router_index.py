"""The routers of a goal state, found by what packets say of them. Pure."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from alcor.dataplane.driver import Route, Router, RouterInterface
from alcor.model import goal_state
from alcor.model.addresses import Address, address_of
from alcor.model.identifiers import Id


class RouterIndex:
    """The routers of this host as the data plane has them, their interfaces by MAC address and by address."""

    def __init__(self, routers: Iterable[goal_state.Router] = ()) -> None:
        self._by_mac: dict[tuple[int, int, int], tuple[Router, RouterInterface]] = {}  # VNI, MAC, version of IP
        self._by_address: dict[tuple[int, Address], tuple[Router, RouterInterface]] = {}
        self._by_vni: dict[int, list[RouterInterface]] = {}
        for router in map(data_plane_router, routers):
            for each in router.interfaces:
                self._by_mac[each.vni, each.mac, each.version()] = (router, each)
                for address in each.own_addresses():
                    self._by_address[each.vni, address] = (router, each)
                self._by_vni.setdefault(each.vni, []).append(each)

    def vnis(self) -> Iterable[int]:
        """The VPCs that routers are in."""
        return self._by_vni.keys()

    def at_mac(self, vni: int, mac: int, version: int) -> tuple[Router, RouterInterface] | None:
        """The router with this MAC address in a VPC, and an interface that has it in a subnet of a version of IP."""
        return self._by_mac.get((vni, mac, version))

    def at(self, vni: int, address: Address) -> tuple[Router, RouterInterface] | None:
        """The router with this address in a VPC, and the interface that has it."""
        return self._by_address.get((vni, address))

    def owner_of(self, vni: int, address: Address) -> int | None:
        """The MAC address of the interface that has an address in a VPC."""
        found = self._by_address.get((vni, address))
        return None if found is None else found[1].mac

    def interfaces(self) -> Iterable[RouterInterface]:
        """All of them."""
        return (each for interfaces in self._by_vni.values() for each in interfaces)

    def in_subnet(self, vni: int, cidr: str) -> Iterable[RouterInterface]:
        """Those in a subnet."""
        prefix = _prefix(cidr)
        return (each for each in self._by_vni.get(vni, ()) if (each.network, each.mask, each.version()) == prefix)

    def is_reached(self, vni: int, address: Address) -> bool:
        """Whether any router sends packets for the address into the VPC."""
        return any(each.covers(address) for each in self._by_vni.get(vni, ()))


def data_plane_routers(routers: Mapping[Id, goal_state.Router]) -> dict[Id, Router]:
    """Routers as the data plane is told of them."""
    return {router_id: data_plane_router(router) for router_id, router in routers.items()}


def data_plane_router(router: goal_state.Router) -> Router:
    """A router as the data plane is told of it."""
    interfaces = [
        RouterInterface(each.vni, each.mac, address_of(address), *_prefix(cidr)[:2], each.mtu)
        for each in router.interfaces
        for cidr, address in each.addresses
    ]
    routes = list(_routes(router.routes, interfaces, None))
    for each in router.interfaces:
        routes += _routes(each.routes, interfaces, (each.vni, each.mac))
    return Router(router.id, tuple(interfaces), _one_for_each(routes))


def _one_for_each(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Of several routes to the same destination, the first that leads somewhere."""
    chosen: dict[tuple[int, int, int, tuple[int, int] | None], Route] = {}
    for route in routes:
        destination = route.version, route.network, route.mask, route.arriving
        if destination not in chosen or (route.vni and not chosen[destination].vni):
            chosen[destination] = route
    return tuple(chosen.values())


def _routes(
    routes: Iterable[tuple[str, str]], interfaces: Iterable[RouterInterface], arriving: tuple[int, int] | None
) -> Iterator[Route]:
    """Each by the interface in whose subnet its next hop is; one whose next hop is in none leads nowhere."""
    for destination, next_hop in routes:
        network, mask, version = _prefix(destination)
        address = address_of(next_hop) if next_hop else None
        by = next((each for each in interfaces if address is not None and each.covers(address)), None)
        if address is None or by is None or by.version() != version:
            yield Route(network, mask, arriving=arriving, version=version)
        else:
            yield Route(network, mask, by.vni, by.mac, address, arriving, version)


@lru_cache(10_000)
def _prefix(cidr: str) -> tuple[int, int, int]:
    """The network, its mask and the version of IP."""
    network = ipaddress.ip_network(cidr, strict=False)
    return int(network.network_address), int(network.netmask), network.version
