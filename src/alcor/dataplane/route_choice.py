"""How a router chooses where a packet goes on: the longest prefix decides (RFC 1812, 5.2.4.3)."""

from typing import NamedTuple

from alcor.dataplane.driver import Router, RouterInterface
from alcor.model.addresses import Address


class Way(NamedTuple):
    """To whoever has the address ``next_hop`` in the VPC, from the router's MAC address there."""

    vni: int
    mac: int
    next_hop: Address


def way(router: Router, arriving: RouterInterface, address: Address) -> Way | None:
    """Where the router sends what came by one of its interfaces; None for nowhere."""
    found: list[tuple[tuple[int, int], Way | None]] = [
        ((each.mask, 2), Way(each.vni, each.mac, address)) for each in router.interfaces if each.covers(address)
    ]
    for route in router.routes:
        if route.covers(address) and route.arriving in (None, (arriving.vni, arriving.mac)):
            onward = Way(route.vni, route.mac, route.next_hop) if route.vni else None
            found.append(((route.mask, int(route.arriving is not None)), onward))
    return max(found, key=lambda each: each[0])[1] if found else None
