"""What this host knows of who is in which security groups: its own ports, peers told ahead, and peers it has learned.

Addresses of peers told ahead are indexed by MAC address when they are first asked for, and kept up with afterwards.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import NamedTuple, TypeVar

from alcor.agent.on_demand.learned import Learned
from alcor.agent.wanted import Wanted
from alcor.dataplane.security_groups import Prefix, prefix_of
from alcor.model.addresses import ip_bytes
from alcor.model.goal_state import GoalState, GoalStateDelta, Membership, NeighbourDelta, Port
from alcor.model.identifiers import Id

Address = int | bytes
"""An IPv4 address as a number, an IPv6 address as its bytes."""

_K = TypeVar("_K", int, bytes)


class Member(NamedTuple):
    """What a MAC address is a member of, and all it may send from."""

    groups: frozenset[Id]
    prefixes: frozenset[Prefix]


class _Route(NamedTuple):
    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    vni: int


class Peers:
    """Who is a member of what, by VPC."""

    def __init__(self, wanted: Wanted, learned: Learned) -> None:
        self._wanted, self._learned = wanted, learned
        self._addresses: dict[int, dict[int, set[Address]]] = {}  # of peers told ahead, by VNI and MAC
        self._own: dict[int, dict[int, Port]] | None = None  # by VNI and MAC
        self._routes: dict[int, list[_Route]] = {}  # by VNI, the longest prefix first

    def before(self, goal: GoalState, delta: GoalStateDelta) -> None:
        """A delta is about to be applied to the goal state."""
        if delta.snapshot or delta.ports or delta.removed_ports:
            self._own = None
        if delta.snapshot or delta.routers or delta.removed_routers or delta.subnets or delta.removed_subnets:
            self._routes.clear()
        if delta.snapshot:
            self._addresses.clear()
            return
        for vni in delta.removed_vpcs:
            self._addresses.pop(vni, None)
        for vni, change in delta.neighbours.items():
            if vni in self._addresses:
                self._index(self._addresses[vni], goal, vni, change)

    def _index(self, index: dict[int, set[Address]], goal: GoalState, vni: int, change: NeighbourDelta) -> None:
        known = goal.neighbours.get(vni)
        if known is not None:
            _unindex(index, known.ipv4, (*change.removed_ipv4, *change.put.ipv4))
            _unindex(index, known.ipv6, (*change.removed_ipv6, *change.put.ipv6))
        _add(index, change.put.ipv4.items())
        _add(index, change.put.ipv6.items())

    def vnis(self) -> Set[int]:
        """The VPCs in which ports of this host are."""
        return self._ports().keys()

    def ports(self, vni: int) -> Iterable[Port]:
        """The ports of this host in a VPC."""
        return self._ports().get(vni, {}).values()

    def sources(self, vni: int) -> frozenset[int]:
        """The VPCs from which packets may reach one: itself, and those that routers join with it, one after another."""
        routers = [{each.vni for each in router.interfaces} for router in self._wanted.state.routers.values()]
        found, new = {vni}, {vni}
        while new:
            new = set().union(*(joined for joined in routers if joined & new)) - found
            found |= new
        return frozenset(found)

    def macs(self, vni: int) -> set[int]:
        """All MAC addresses of a VPC of which it is known what they are members of."""
        neighbours = self._wanted.state.neighbours.get(vni)
        told = neighbours.memberships.keys() if neighbours is not None else ()
        return {*self._ports().get(vni, {}), *told, *self._learned.memberships(vni)}

    def member(self, vni: int, mac: int) -> Member | None:
        """What a MAC address of a VPC is a member of; None for nothing, as far as it is known."""
        port = self._ports().get(vni, {}).get(mac)
        if port is not None:
            pairs = tuple(cidr for cidr, _ in port.allowed_address_pairs)
            return _member(Membership(port.security_groups, pairs), (ip_bytes(each) for _, each in port.fixed_ips))
        neighbours = self._wanted.state.neighbours.get(vni)
        if neighbours is not None:
            membership = neighbours.memberships.get(mac)
            return None if membership is None else _member(membership, map(_packed, self._told(vni).get(mac, ())))
        membership = self._learned.memberships(vni).get(mac)
        return None if membership is None else _member(membership, map(_packed, self._learned.addresses(vni, mac)))

    def home(self, vni: int, address: bytes) -> int:
        """The VPC in which an address is, for workloads of a VPC: their own, unless a router sends it to another."""
        routes = self._routes.get(vni)
        if routes is None:
            routes = self._routes[vni] = self._find_routes(vni)
        parsed = ipaddress.ip_address(address)
        return next((route.vni for route in routes if parsed in route.network), vni)

    def owns(self, vni: int, address: bytes) -> bool:
        """Whether a port of this host has the address in a VPC."""
        text = str(ipaddress.ip_address(address))
        return any(fixed == text for port in self.ports(vni) for _, fixed in port.fixed_ips)

    def _find_routes(self, vni: int) -> list[_Route]:
        sources = self.sources(vni)
        routes = [
            _Route(ipaddress.ip_network(cidr, strict=False), each.vni)
            for router in self._wanted.state.routers.values()
            for each in router.interfaces
            if each.vni in sources
            for cidr, _ in each.addresses
        ]
        subnets = [each for each in self._wanted.state.subnets.values() if each.vni == vni]
        own = [_Route(ipaddress.ip_network(subnet.cidr, strict=False), vni) for subnet in subnets]
        return sorted([*own, *routes], key=lambda route: -route.network.prefixlen)

    def _ports(self) -> dict[int, dict[int, Port]]:
        if self._own is None:
            self._own = {}
            for port in self._wanted.state.ports.values():
                self._own.setdefault(port.vni, {})[port.mac] = port
        return self._own

    def _told(self, vni: int) -> dict[int, set[Address]]:
        index = self._addresses.get(vni)
        if index is None:
            index = self._addresses[vni] = {}
            neighbours = self._wanted.state.neighbours[vni]
            _add(index, neighbours.ipv4.items())
            _add(index, neighbours.ipv6.items())
        return index


def _add(index: dict[int, set[Address]], owners: Iterable[tuple[Address, int]]) -> None:
    for address, mac in owners:
        index.setdefault(mac, set()).add(address)


def _unindex(index: dict[int, set[Address]], owners: Mapping[_K, int], gone: Iterable[_K]) -> None:
    for address in gone:
        mac = owners.get(address)
        if mac is not None and mac in index:
            index[mac].discard(address)
            if not index[mac]:
                del index[mac]


def _packed(address: Address) -> bytes:
    return address.to_bytes(4) if isinstance(address, int) else address


def _member(membership: Membership, addresses: Iterator[bytes]) -> Member | None:
    if not membership.security_groups:
        return None
    own = (Prefix(address, len(address) * 8) for address in addresses)
    return Member(frozenset(membership.security_groups), frozenset((*own, *map(prefix_of, membership.address_pairs))))
