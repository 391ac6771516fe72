"""The flows of routers, and of the next hops that packets are routed to."""

from collections.abc import Iterable, Iterator

from alcor.dataplane.driver import NextHop, Route, Router
from alcor.dataplane.ovs import routing_rules as rules
from alcor.dataplane.ovs.rendering import Flow, Pipeline


def router_flows(pipeline: Pipeline, router: Router) -> Iterator[tuple[int, Flow]]:
    """Every flow of a router, each with the VNI of the interface it is about; 0 for a route that leads nowhere.

    Raises OverflowError when a number does not fit its field.
    """
    router_id = int.from_bytes(router.id)
    for each in router.interfaces:
        values = {
            "router": router_id,
            "vni": each.vni,
            "mac": each.mac,
            "ipv4": each.ipv4,
            "network": each.network,
            "mask": each.mask,
        }
        for rule in (rules.TO_ROUTER, rules.ECHO, rules.ECHO_FRAGMENT, rules.ROUTERS_OWN, rules.TO_NEXT_ROUTER):
            yield each.vni, pipeline[rule].flow(values)
        yield each.vni, pipeline[rules.TO_SUBNET].flow(values, each.mask.bit_count())
    for route in router.routes:
        yield route.vni, _route_flow(pipeline, router_id, route)


def _route_flow(pipeline: Pipeline, router_id: int, route: Route) -> Flow:
    values = {
        "router": router_id,
        "network": route.network,
        "mask": route.mask,
        "vni": route.vni,
        "mac": route.mac,
        "next_hop": route.next_hop,
    }
    if route.arriving is None:
        rule = rules.TO_ROUTE if route.vni else rules.NOWHERE
    else:
        rule = rules.TO_ROUTE_OF_INTERFACE if route.vni else rules.NOWHERE_OF_INTERFACE
        values["arriving_vni"], values["arriving_mac"] = route.arriving
    return pipeline[rule].flow(values, route.mask.bit_count())


def next_hop_flows(pipeline: Pipeline, vni: int, next_hops: Iterable[tuple[int, NextHop]]) -> Iterator[Flow]:
    """The flows to next hops in a VPC, by their address."""
    here, elsewhere = pipeline[rules.TO_NEXT_HOP_HERE], pipeline[rules.TO_NEXT_HOP]
    for ipv4, hop in next_hops:
        rule = elsewhere if hop.vtep else here
        yield rule.flow({"vni": vni, "ipv4": ipv4, "mac": hop.mac, "vtep": hop.vtep})


def next_hop_removals(pipeline: Pipeline, vni: int, addresses: Iterable[int]) -> Iterator[bytes]:
    """The flow-mods that remove what leads to addresses in a VPC, wherever they are."""
    for ipv4 in addresses:
        for rule in (rules.TO_NEXT_HOP_HERE, rules.TO_NEXT_HOP):
            yield pipeline[rule].flow({"vni": vni, "ipv4": ipv4, "mac": 0, "vtep": 0}).removal_of_any()
