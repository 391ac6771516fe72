"""How a router chooses where a packet goes on: the longest prefix decides (RFC 1812, 5.2.4.3)."""

from alcor.dataplane.driver import Route, Router, RouterInterface, Way
from alcor.model.addresses import Address


def ways(router: Router, arriving: RouterInterface, address: Address) -> tuple[Way, ...]:
    """Where the router sends what came by one of its interfaces: none for nowhere, several to spread it over."""
    decides = deciding(router, arriving, address)
    if isinstance(decides, RouterInterface):
        return (Way(decides.vni, decides.mac, address),)
    return () if decides is None else decides.ways()


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
