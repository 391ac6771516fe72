"""The flows of routers, and of the next hops that packets are routed to."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b

from alcor.dataplane.driver import NextHop, Route, Router, Way
from alcor.dataplane.frames import ETHERNET_HEADER
from alcor.dataplane.ovs import routing_rules as rules
from alcor.dataplane.ovs.rendering import Flow, Pipeline
from alcor.dataplane.ovs.tables import Rule
from alcor.model.addresses import Address, address_number, version_of

_ANY_SIZE = 0xFFFF
_NUMBER_BYTES = 4


def router_flows(pipeline: Pipeline, router: Router) -> Iterator[tuple[int, Flow]]:
    """Every flow of a router, each with the VNI of the interface it is about; 0 for a route that leads nowhere.

    Raises OverflowError when a number does not fit its field.
    """
    router_id = int.from_bytes(router.id)
    for each in router.interfaces:
        version, bits = each.version(), each.mask.bit_count()
        values = {"router": router_id, "vni": each.vni, "mac": each.mac, "network": each.network, "mask": each.mask}
        values["largest"] = _largest_frame(each.mtu)
        yield each.vni, _flow(pipeline, rules.TO_ROUTER, version, values)
        yield each.vni, _flow(pipeline, rules.TO_SUBNET, version, values, bits)
        for address in each.own_addresses():
            values["address"] = address_number(address)
            for rule in (rules.ECHO, rules.ROUTERS_OWN, rules.TO_NEXT_ROUTER):
                yield each.vni, _flow(pipeline, rule, version, values)
            if version == 4:
                yield each.vni, pipeline[rules.ECHO_FRAGMENT].flow(values)
    for route in router.routes:
        yield route.vni, _route_flow(pipeline, router, route)
        if route.others:
            yield from _way_flows(pipeline, router, route)


def _flow(pipeline: Pipeline, rule: Rule, version: int, values: Mapping[str, int], prefix: int = 0) -> Flow:
    return pipeline[rule if version == 4 else rules.IPV6_TWINS[rule]].flow(values, prefix)


def _route_flow(pipeline: Pipeline, router: Router, route: Route) -> Flow:
    values = {"network": route.network, "mask": route.mask}
    if route.others:
        values |= {"router": int.from_bytes(router.id), "ways": _number_of_ways(route)}
    else:
        values |= _way_values(router, Way(route.vni, route.mac, route.next_hop))
    kind = 0 if not route.vni else 2 if route.others else 1
    if route.arriving is None:
        rule = (rules.NOWHERE, rules.TO_ROUTE, rules.TO_WAYS)[kind]
    else:
        rule = (rules.NOWHERE_OF_INTERFACE, rules.TO_ROUTE_OF_INTERFACE, rules.TO_WAYS_OF_INTERFACE)[kind]
        values["arriving_vni"], values["arriving_mac"] = route.arriving
    return _flow(pipeline, rule, route.version, values, route.mask.bit_count())


def _way_flows(pipeline: Pipeline, router: Router, route: Route) -> Iterator[tuple[int, Flow]]:
    """What chooses one of several ways of a route, and the ways."""
    ways = route.ways()
    common = {"router": int.from_bytes(router.id), "ways": _number_of_ways(route), "last": len(ways) - 1}
    for rule in (rules.SPREAD_FRAGMENT, rules.SPREAD_PACKET):
        yield route.vni, _flow(pipeline, rule, route.version, common)
    for number, each in enumerate(ways):
        values = common | _way_values(router, each) | {"number": number}
        yield each.vni, _flow(pipeline, rules.BY_WAY, route.version, values)


def _way_values(router: Router, way: Way) -> dict[str, int]:
    out = (each.mtu for each in router.interfaces if (each.vni, each.mac) == (way.vni, way.mac))
    return {
        "router": int.from_bytes(router.id),
        "largest": _largest_frame(next(out, 0)),
        "vni": way.vni,
        "mac": way.mac,
        "next_hop": address_number(way.next_hop),
    }


def _number_of_ways(route: Route) -> int:
    """What tells the ways of a route from those of the router's others."""
    arriving = "" if route.arriving is None else "{:x}/{:x}".format(*route.arriving)
    return int.from_bytes(blake2b(f"{route.destination()} {arriving}".encode(), digest_size=_NUMBER_BYTES).digest())


def _largest_frame(mtu: int) -> int:
    return min(mtu + ETHERNET_HEADER, _ANY_SIZE) if mtu else _ANY_SIZE


def next_hop_flows(pipeline: Pipeline, vni: int, next_hops: Iterable[tuple[Address, NextHop]]) -> Iterator[Flow]:
    """The flows to next hops in a VPC, by their address."""
    for address, hop in next_hops:
        rule = rules.TO_NEXT_HOP if hop.vtep else rules.TO_NEXT_HOP_HERE
        values = {"vni": vni, "address": address_number(address), "mac": hop.mac, "vtep": hop.vtep}
        yield _flow(pipeline, rule, version_of(address), values)


def next_hop_removals(pipeline: Pipeline, vni: int, addresses: Iterable[Address]) -> Iterator[bytes]:
    """The flow-mods that remove what leads to addresses in a VPC, wherever they are."""
    for address in addresses:
        values = {"vni": vni, "address": address_number(address), "mac": 0, "vtep": 0}
        for rule in (rules.TO_NEXT_HOP_HERE, rules.TO_NEXT_HOP):
            yield _flow(pipeline, rule, version_of(address), values).removal_of_any()
