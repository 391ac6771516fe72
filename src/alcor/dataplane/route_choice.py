"""How a router chooses where a packet goes on: the longest prefix decides (RFC 1812, 5.2.4.3)."""

from typing import NamedTuple

from alcor.dataplane.driver import Route, Router, RouterInterface
from alcor.model.addresses import Address


class Way(NamedTuple):
    """To whoever has the address ``next_hop`` in the VPC, from the router's MAC address there."""

    vni: int
    mac: int
    next_hop: Address


def way(router: Router, arriving: RouterInterface, address: Address) -> Way | None:
    """Where the router sends what came by one of its interfaces; None for nowhere."""
    decides = deciding(router, arriving, address)
    if isinstance(decides, RouterInterface):
        return Way(decides.vni, decides.mac, address)
    return Way(decides.vni, decides.mac, decides.next_hop) if decides is not None and decides.vni else None


def deciding(router: Router, arriving: RouterInterface, address: Address) -> RouterInterface | Route | None:
    """The subnet (by its interface) or the route that decides about what came by one of its interfaces, if any does."""
    found: list[tuple[tuple[int, int], RouterInterface | Route]] = []
    found += [((each.mask, 2), each) for each in router.interfaces if each.covers(address)]
    found += [
        ((each.mask, int(each.arriving is not None)), each)
        for each in router.routes
        if each.covers(address) and each.arriving in (None, (arriving.vni, arriving.mac))
    ]
    return max(found, key=lambda each: each[0])[1] if found else None
