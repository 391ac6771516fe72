"""The routers that a read model knows, and which hosts have them.

Every process holds all routers: an interface says what is needed of its VPC, which need not be held. A host has a
router that is up when a port of it has an address in a subnet that the router is in by an interface that is up.
"""

from collections.abc import Iterable, Iterator

import msgspec

from alcor.model import goal_state
from alcor.model.addresses import ip_text
from alcor.model.identifiers import Id
from alcor.model.records import RouterInterfaceRecord, RouterRecord

Place = tuple[Id, Id]
"""A VPC and a subnet in it."""


class RouterModel(msgspec.Struct):
    """What is known of one router. Interfaces may be known before the router itself is."""

    record: RouterRecord | None = None
    interfaces: dict[Id, RouterInterfaceRecord] = {}

    def places(self) -> set[Place]:
        """Where it routes: nowhere while it is down."""
        if self.record is None or not self.record.admin_state_up:
            return set()
        up = (each for each in self.interfaces.values() if each.admin_state_up)
        return {(each.vpc_id, subnet_id) for each in up for subnet_id, _, _ in each.addresses}

    def state(self) -> goal_state.Router:
        """The router in a goal state."""
        up = (each for _, each in sorted(self.interfaces.items()) if each.admin_state_up)
        assert self.record is not None, "a host has only routers that are known"
        return goal_state.Router(self.record.id, tuple(map(_interface_state, up)))


def _interface_state(record: RouterInterfaceRecord) -> goal_state.RouterInterface:
    addresses = tuple((cidr, ip_text(address)) for _, cidr, address in record.addresses)
    return goal_state.RouterInterface(record.id, record.vni, record.mac, addresses)


class Routers(msgspec.Struct):
    """All routers, by their id, their interfaces and the subnets they are in."""

    by_id: dict[Id, RouterModel] = {}
    of_interface: dict[Id, Id] = {}
    of_subnet: dict[Id, dict[Id, int]] = {}  # subnet → router → its interfaces there

    def put_router(self, record: RouterRecord) -> None:
        """Add or replace a router; its interfaces stay."""
        self._router(record.id).record = record

    def remove_router(self, router_id: Id) -> None:
        """Remove a router, if it is there."""
        router = self.by_id.get(router_id)
        if router is not None:
            router.record = None
            self._tidy(router_id, router)

    def put_interface(self, record: RouterInterfaceRecord) -> None:
        """Add or replace an interface."""
        self.remove_interface(record.id)
        self._router(record.router_id).interfaces[record.id] = record
        self.of_interface[record.id] = record.router_id
        for subnet_id, _, _ in record.addresses:
            routers = self.of_subnet.setdefault(subnet_id, {})
            routers[record.router_id] = routers.get(record.router_id, 0) + 1

    def remove_interface(self, interface_id: Id) -> None:
        """Remove an interface, if it is there."""
        router_id = self.of_interface.pop(interface_id, None)
        if router_id is None:
            return
        router = self.by_id[router_id]
        for subnet_id, _, _ in router.interfaces.pop(interface_id).addresses:
            routers = self.of_subnet[subnet_id]
            routers[router_id] -= 1
            if not routers[router_id]:
                del routers[router_id]
                if not routers:
                    del self.of_subnet[subnet_id]
        self._tidy(router_id, router)

    def _router(self, router_id: Id) -> RouterModel:
        router = self.by_id.get(router_id)
        if router is None:
            router = self.by_id[router_id] = RouterModel()
        return router

    def _tidy(self, router_id: Id, router: RouterModel) -> None:
        if router.record is None and not router.interfaces:
            del self.by_id[router_id]

    def places(self, router_id: Id) -> set[Place]:
        """Where a router routes."""
        router = self.by_id.get(router_id)
        return set() if router is None else router.places()

    def of_subnets(self, vpc_id: Id, subnets: Iterable[Id]) -> set[Id]:
        """The routers that route in any of these subnets of a VPC."""
        of_subnet = self.of_subnet
        if not of_subnet:
            return set()
        return {
            router_id
            for subnet_id in subnets
            for router_id in of_subnet.get(subnet_id, ())
            if (vpc_id, subnet_id) in self.places(router_id)
        }

    def joined(self, vpc_id: Id, subnets: Iterable[Id]) -> Iterator[Place]:
        """Where, in other VPCs, routers connect one with these subnets of a VPC."""
        for router_id in self.of_subnets(vpc_id, subnets):
            yield from (place for place in self.places(router_id) if place[0] != vpc_id)
