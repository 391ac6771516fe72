"""The routers that a read model knows, and which hosts have them.

Every process holds all routers: an interface says what is needed of its VPC, which need not be held. A host has a
router that is up when a port of it has an address in a subnet that the router is in by an interface that is up; and the
routers that are next hops of its routers' routes, since it sends packets through all of them by itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from alcor.model import goal_state
from alcor.model.addresses import ip_bytes, ip_text
from alcor.model.identifiers import Id
from alcor.model.records import RouterInterfaceRecord, RouterRecord, RouteTableRecord

Place = tuple[Id, Id]
"""A VPC and a subnet in it."""

Tables = Mapping[Id, RouteTableRecord]
"""The route tables of VPCs and subnets, by their owner's id."""


class RouterModel(msgspec.Struct):
    """What is known of one router. Interfaces may be known before the router itself is."""

    record: RouterRecord | None = None
    interfaces: dict[Id, RouterInterfaceRecord] = {}

    def places(self) -> set[Place]:
        """Where it routes: nowhere while it is down."""
        if self.record is None or not self.record.admin_state_up:
            return set()
        return {(each.vpc_id, subnet_id) for each in self.up() for subnet_id, _, _ in each.addresses}

    def up(self) -> Iterator[RouterInterfaceRecord]:
        """Its interfaces that are up."""
        return (each for each in self.interfaces.values() if each.admin_state_up)

    def state(self, tables: Tables) -> goal_state.Router:
        """The router in a goal state."""
        assert self.record is not None, "a host has only routers that are known"
        interfaces = (_interface_state(each, tables) for each in sorted(self.up(), key=lambda each: each.id))
        return goal_state.Router(self.record.id, tuple(interfaces), self.record.routes)

    def next_hops(self, tables: Tables) -> set[bytes]:
        """The addresses that its routes lead to."""
        routes = set() if self.record is None else {next_hop for _, next_hop in self.record.routes}
        for each in self.interfaces.values():
            routes.update(next_hop for _, next_hop in _routes_by(each, tables))
        return {ip_bytes(next_hop) for next_hop in routes if next_hop}


def _interface_state(record: RouterInterfaceRecord, tables: Tables) -> goal_state.RouterInterface:
    addresses = tuple((cidr, ip_text(address)) for _, cidr, address in record.addresses)
    routes = _routes_by(record, tables)
    return goal_state.RouterInterface(record.id, record.vni, record.mac, addresses, routes, record.mtu)


def _routes_by(record: RouterInterfaceRecord, tables: Tables) -> tuple[tuple[str, str], ...]:
    """The routes for what comes by an interface: of its subnets' tables and of its VPC's.

    Of those to the same destination the one of the highest priority, of equal ones the subnet's.
    """
    if not tables:
        return ()
    chosen: dict[str, tuple[int, str]] = {}
    for owner_id in (*(subnet_id for subnet_id, _, _ in record.addresses), record.vpc_id):
        table = tables.get(owner_id)
        if table is None or table.vpc_id != record.vpc_id:
            continue
        for destination, next_hop, priority in table.routes:
            if destination not in chosen or priority > chosen[destination][0]:
                chosen[destination] = (priority, next_hop)
    return tuple((destination, next_hop) for destination, (_, next_hop) in sorted(chosen.items()))


class Routers(msgspec.Struct):
    """All routers, by their id, their interfaces, the subnets they are in, and the next hops of their routes."""

    by_id: dict[Id, RouterModel] = {}
    of_interface: dict[Id, Id] = {}
    of_subnet: dict[Id, dict[Id, int]] = {}  # subnet → router → its interfaces there
    of_vpc: dict[Id, dict[Id, int]] = {}  # VPC → router → its interfaces there
    tables: dict[Id, RouteTableRecord] = {}  # by owner
    _interface_at: dict[tuple[Id, bytes], Id] = {}  # (VPC, address) → interface
    _named: dict[Id, set[bytes]] = {}  # router → its next hops
    _naming: dict[bytes, set[Id]] = {}  # next hop → the routers

    def put(self, record: RouterRecord | RouterInterfaceRecord | RouteTableRecord) -> None:
        """Add or replace a router, whose interfaces stay, an interface or a route table."""
        match record:
            case RouterRecord():
                self._router(record.id).record = record
                self._name(record.id)
            case RouterInterfaceRecord():
                self._put_interface(record)
            case RouteTableRecord():
                self.tables[record.owner_id] = record
                self._name_all(record.owner_id)

    def remove_router(self, router_id: Id) -> None:
        """Remove a router, if it is there."""
        router = self.by_id.get(router_id)
        if router is not None:
            router.record = None
            self._tidy(router_id, router)

    def remove_table(self, owner_id: Id) -> None:
        """Remove the route table of a VPC or subnet, if it has one."""
        if self.tables.pop(owner_id, None) is not None:
            self._name_all(owner_id)

    def _put_interface(self, record: RouterInterfaceRecord) -> None:
        self.remove_interface(record.id)
        self._router(record.router_id).interfaces[record.id] = record
        self.of_interface[record.id] = record.router_id
        _count(self.of_vpc, record.vpc_id, record.router_id)
        for subnet_id, _, address in record.addresses:
            _count(self.of_subnet, subnet_id, record.router_id)
            self._interface_at[record.vpc_id, address] = record.id
        self._name(record.router_id)

    def remove_interface(self, interface_id: Id) -> None:
        """Remove an interface, if it is there."""
        router_id = self.of_interface.pop(interface_id, None)
        if router_id is None:
            return
        router = self.by_id[router_id]
        record = router.interfaces.pop(interface_id)
        _discount(self.of_vpc, record.vpc_id, router_id)
        for subnet_id, _, address in record.addresses:
            _discount(self.of_subnet, subnet_id, router_id)
            if self._interface_at.get((record.vpc_id, address)) == interface_id:
                del self._interface_at[record.vpc_id, address]
        self._tidy(router_id, router)

    def _router(self, router_id: Id) -> RouterModel:
        router = self.by_id.get(router_id)
        if router is None:
            router = self.by_id[router_id] = RouterModel()
        return router

    def _tidy(self, router_id: Id, router: RouterModel) -> None:
        if router.record is None and not router.interfaces:
            del self.by_id[router_id]
        self._name(router_id)

    def _name_all(self, owner_id: Id) -> None:
        for router_id in self.of_table(owner_id):
            self._name(router_id)

    def _name(self, router_id: Id) -> None:
        """Note the next hops of the router's routes anew."""
        router = self.by_id.get(router_id)
        now = set() if router is None else router.next_hops(self.tables)
        was = self._named.pop(router_id, set())
        for next_hop in was - now:
            self._naming[next_hop].discard(router_id)
            if not self._naming[next_hop]:
                del self._naming[next_hop]
        for next_hop in now - was:
            self._naming.setdefault(next_hop, set()).add(router_id)
        if now:
            self._named[router_id] = now

    def places(self, router_id: Id) -> set[Place]:
        """Where a router routes."""
        router = self.by_id.get(router_id)
        return set() if router is None else router.places()

    def state(self, router_id: Id) -> goal_state.Router:
        """A router that is known in a goal state."""
        return self.by_id[router_id].state(self.tables)

    def of_table(self, owner_id: Id) -> set[Id]:
        """The routers that follow the route table of a VPC or subnet."""
        return {*self.of_subnet.get(owner_id, ()), *self.of_vpc.get(owner_id, ())}

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

    def next_of(self, router_id: Id) -> set[Id]:
        """The other routers that are next hops of a router's routes; none while either does not route."""
        next_hops = self._named.get(router_id)
        if not next_hops or not self.places(router_id):
            return set()
        vpcs = {each.vpc_id for each in self.by_id[router_id].up()}
        found = (self._interface_at.get((vpc_id, next_hop)) for vpc_id in vpcs for next_hop in next_hops)
        return {self.of_interface[each] for each in found if each is not None and self._routes(each)} - {router_id}

    def _routes(self, interface_id: Id) -> bool:
        router = self.by_id[self.of_interface[interface_id]]
        record = router.record
        return record is not None and record.admin_state_up and router.interfaces[interface_id].admin_state_up

    def with_next(self, router_ids: Iterable[Id]) -> set[Id]:
        """These routers, and all that packets may go on to from them."""
        return reachable(router_ids, self.next_of)

    def naming(self, interfaces: Iterable[RouterInterfaceRecord]) -> set[Id]:
        """The routers in whose routes an address of these interfaces is a next hop."""
        if not self._naming:
            return set()
        addresses = (address for each in interfaces for _, _, address in each.addresses)
        return {router_id for address in addresses for router_id in self._naming.get(address, ())}

    def before(self, router_id: Id) -> set[Id]:
        """The other routers that have this one as a next hop of their routes."""
        router = self.by_id.get(router_id)
        if router is None:
            return set()
        return {each for each in self.naming(router.interfaces.values()) if router_id in self.next_of(each)}

    def joined(self, vpc_id: Id) -> Iterator[Place]:
        """Where, in other VPCs, routers connect one with subnets of a VPC, at once or by other routers."""
        there = {
            router_id
            for router_id in self.of_vpc.get(vpc_id, ())
            if any(place_vpc_id == vpc_id for place_vpc_id, _ in self.places(router_id))
        }
        for router_id in reachable(there, self.before):
            yield from (place for place in self.places(router_id) if place[0] != vpc_id)


def reachable(router_ids: Iterable[Id], following: Callable[[Id], Iterable[Id]]) -> set[Id]:
    """These routers and all that follow on them, on those, and so on."""
    found: set[Id] = set()
    waiting = list(router_ids)
    while waiting:
        router_id = waiting.pop()
        if router_id not in found:
            found.add(router_id)
            waiting.extend(following(router_id))
    return found


def _count(counts: dict[Id, dict[Id, int]], key: Id, router_id: Id) -> None:
    routers = counts.setdefault(key, {})
    routers[router_id] = routers.get(router_id, 0) + 1


def _discount(counts: dict[Id, dict[Id, int]], key: Id, router_id: Id) -> None:
    routers = counts[key]
    routers[router_id] -= 1
    if not routers[router_id]:
        del routers[router_id]
        if not routers:
            del counts[key]
