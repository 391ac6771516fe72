"""The routers of a goal state, found by what packets say of them. Pure."""

from collections.abc import Iterable

from alcor.dataplane.driver import Router, RouterInterface
from alcor.dataplane.routers import data_plane_router, prefix_of
from alcor.model import goal_state
from alcor.model.addresses import Address


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
        prefix = prefix_of(cidr)
        return (each for each in self._by_vni.get(vni, ()) if (each.network, each.mask, each.version()) == prefix)

    def is_reached(self, vni: int, address: Address) -> bool:
        """Whether any router sends packets for the address into the VPC."""
        return any(each.covers(address) for each in self._by_vni.get(vni, ()))
