"""The routers of a goal state, found by what packets say of them. Pure."""

import ipaddress
from collections.abc import Iterable, Mapping

from alcor.dataplane.driver import Router, RouterInterface
from alcor.model import goal_state
from alcor.model.identifiers import Id


class RouterIndex:
    """The routers of this host as the data plane has them, their interfaces by MAC address and by address."""

    def __init__(self, routers: Iterable[goal_state.Router] = ()) -> None:
        self._by_mac: dict[tuple[int, int], tuple[Router, RouterInterface]] = {}
        self._macs: dict[tuple[int, int], int] = {}
        self._by_vni: dict[int, list[RouterInterface]] = {}
        for router in map(data_plane_router, routers):
            for each in router.interfaces:
                self._by_mac[each.vni, each.mac] = (router, each)
                self._macs[each.vni, each.ipv4] = each.mac
                self._by_vni.setdefault(each.vni, []).append(each)

    def vnis(self) -> Iterable[int]:
        """The VPCs that routers are in."""
        return self._by_vni.keys()

    def at(self, vni: int, mac: int) -> tuple[Router, RouterInterface] | None:
        """The router with this MAC address in a VPC, and the interface that has it."""
        return self._by_mac.get((vni, mac))

    def owner_of_ipv4(self, vni: int, address: int) -> int | None:
        """The MAC address of the interface that has an address in a VPC."""
        return self._macs.get((vni, address))

    def interfaces(self) -> Iterable[RouterInterface]:
        """All of them."""
        return (each for _, each in self._by_mac.values())

    def is_reached(self, vni: int, address: int) -> bool:
        """Whether any router sends packets for the address into the VPC."""
        return any(address & each.mask == each.network for each in self._by_vni.get(vni, ()))


def way(router: Router, address: int) -> RouterInterface | None:
    """The interface by which a router sends packets for an address."""
    return next((each for each in router.interfaces if address & each.mask == each.network), None)


def data_plane_routers(routers: Mapping[Id, goal_state.Router]) -> dict[Id, Router]:
    """Routers as the data plane is told of them."""
    return {router_id: data_plane_router(router) for router_id, router in routers.items()}


def data_plane_router(router: goal_state.Router) -> Router:
    """A router as the data plane is told of it: of IPv4 only."""
    interfaces = []
    for each in router.interfaces:
        for cidr, address in each.addresses:
            network = ipaddress.ip_network(cidr, strict=False)
            if network.version == 4:
                ipv4 = int(ipaddress.IPv4Address(address))
                interfaces.append(
                    RouterInterface(each.vni, each.mac, ipv4, int(network.network_address), int(network.netmask))
                )
    return Router(router.id, tuple(interfaces))
