"""Routers of goal states, and what changes of them, between their plain form and protobuf.

As strict as channels.codec.
"""

from collections.abc import Iterable

from alcor.channels import checks
from alcor.model.goal_state import Router, RouterDelta, RouterInterface
from alcor.model.identifiers import Id
from alcor.southbound.v1 import southbound_pb2 as pb


def put_router(router: Router, part: pb.GoalState) -> None:
    """Add a router to a part of a goal state."""
    message = part.routers.add(id=router.id)
    _put_interfaces(router.interfaces, message)
    _put_routes(router.routes, message)


def put_router_delta(changed: tuple[Id, RouterDelta], part: pb.GoalState) -> None:
    """Add what changes of a router, by its id, to a part of a goal state."""
    router_id, delta = changed
    message = part.router_deltas.add(id=router_id, replaces_routes=delta.routes is not None)
    _put_interfaces(delta.interfaces, message)
    message.removed_interfaces.extend(delta.removed_interfaces)
    _put_routes(delta.routes or (), message)


def _put_interfaces(interfaces: Iterable[RouterInterface], message: pb.Router | pb.RouterDelta) -> None:
    for each in interfaces:
        interface = message.interfaces.add(id=each.id, vni=each.vni, mac=each.mac, mtu=each.mtu)
        for cidr, address in each.addresses:
            interface.addresses.add(cidr=cidr, address=address)
        _put_routes(each.routes, interface)


def _put_routes(routes: Iterable[tuple[str, str]], message: pb.Router | pb.RouterDelta | pb.RouterInterface) -> None:
    for destination, next_hop in routes:
        message.routes.add(destination=destination, next_hop=next_hop)


def router(message: pb.Router) -> Router:
    """A router, its id checked already. Raises MalformedMessage."""
    return Router(message.id, tuple(map(_router_interface, message.interfaces)), _routes(message.routes))


def router_delta(message: pb.RouterDelta) -> RouterDelta:
    """What changes of a router. Raises MalformedMessage."""
    return RouterDelta(
        interfaces=tuple(map(_router_interface, message.interfaces)),
        removed_interfaces=frozenset(checks.identifiers(message.removed_interfaces, "removed router interface")),
        routes=_routes(message.routes) if message.replaces_routes else None,
    )


def _router_interface(message: pb.RouterInterface) -> RouterInterface:
    return RouterInterface(
        id=checks.identifier(message.id, "router interface"),
        vni=checks.vni(message.vni),
        mac=checks.mac(message.mac, "router interface"),
        addresses=tuple(
            (checks.cidr(each.cidr, "router interface"), checks.address(each.address, "router interface"))
            for each in message.addresses
        ),
        routes=_routes(message.routes),
        mtu=message.mtu,
    )


def _routes(messages: Iterable[pb.Route]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (checks.cidr(route.destination, "route"), checks.address(route.next_hop, "route") if route.next_hop else "")
        for route in messages
    )
