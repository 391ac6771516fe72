"""The goal state of one host, and how a delta changes it.

Pure and shared by both ends: the Data Plane Manager compiles deltas, the control agent applies them, and tests
compare. A snapshot is a delta on nothing. Shapes mirror proto/alcor/southbound/v1 (see there for units).
"""

from collections.abc import Hashable, Iterable
from typing import Any

import msgspec

from alcor.model.identifiers import Id
from alcor.model.records import NetworkAclRule, SecurityRule


class Vpc(msgspec.Struct, frozen=True, array_like=True):
    """A VPC present on the host. Of one on demand no neighbours are told: the host asks for those it needs. Of a queued
    one, what changes of its neighbours is published once for all its hosts, too."""

    id: Id
    vni: int
    mtu: int
    dns_domain: str = ""
    on_demand: bool = False
    queued: bool = False


Subject = int | Id
"""What many hosts are told alike, and can be told by a topic (model.subjects): a VPC's neighbours, by its VNI, or a
security group."""


class Feed(msgspec.Struct, frozen=True, array_like=True):
    """How a host comes by what changes of a subject: by its topic, or with all else it is told."""

    by_topic: bool
    revision: int  # of the subject, as the host has it
    host_index: int = 0  # its own, of which what all hosts read does not say that it is


class Subnet(msgspec.Struct, frozen=True, array_like=True):
    """A subnet in which the host has ports: what DHCP answers."""

    id: Id
    vni: int
    cidr: str
    gateway_ip: str
    enable_dhcp: bool
    dns_nameservers: tuple[str, ...] = ()
    host_routes: tuple[tuple[str, str], ...] = ()
    ipv6_ra_mode: str = ""  # as in the API (model.ipv6_modes), empty for none
    ipv6_address_mode: str = ""
    network_acl: Id = b""  # empty for none


class Port(msgspec.Struct, frozen=True, array_like=True):
    """A port bound to this host."""

    id: Id
    vni: int
    mac: int
    fixed_ips: tuple[tuple[Id, str], ...]  # (subnet id, address)
    admin_state_up: bool = True
    port_security: bool = True
    allowed_address_pairs: tuple[tuple[str, int], ...] = ()
    dhcp_options: tuple[tuple[str, str, int], ...] = ()
    hostname: str = ""
    security_groups: tuple[Id, ...] = ()
    device_id: str = ""  # of the server that it belongs to
    project_id: str = ""


class RouterInterface(msgspec.Struct, frozen=True, array_like=True):
    """Where a router is in subnets of one VPC."""

    id: Id  # its port's
    vni: int
    mac: int
    addresses: tuple[tuple[str, str], ...]  # (CIDR of the subnet, address)
    routes: tuple[tuple[str, str], ...] = ()  # for what comes by it: as those of the router, before them
    mtu: int = 0  # of the VPC; 0 when it is not known


class RouterDelta(msgspec.Struct, frozen=True):
    """A change of a router. Interfaces are removed before others are put."""

    interfaces: tuple[RouterInterface, ...] = ()
    removed_interfaces: frozenset[Id] = frozenset()
    routes: tuple[tuple[str, str], ...] | None = None  # all of them from now on; None when they stay

    def item_count(self) -> int:
        """How many things it puts or removes: a measure of its size."""
        put = sum([1 + len(each.routes) for each in self.interfaces])
        return 1 + put + len(self.removed_interfaces) + len(self.routes or ())


class Router(msgspec.Struct, frozen=True, array_like=True):
    """A router, up, in a subnet in which the host has ports, or a next hop of such a one: it routes between the subnets
    of its interfaces, and by its routes."""

    id: Id
    interfaces: tuple[RouterInterface, ...]
    routes: tuple[tuple[str, str], ...] = ()  # (destination CIDR, next hop or empty for nowhere)

    def item_count(self) -> int:
        """How many things it says: a measure of its size."""
        return 1 + len(self.routes) + sum([1 + len(each.routes) for each in self.interfaces])

    def with_delta(self, delta: RouterDelta) -> "Router":
        """The router as a change leaves it, its interfaces in the order of their ids."""
        interfaces = {each.id: each for each in self.interfaces if each.id not in delta.removed_interfaces}
        interfaces.update((each.id, each) for each in delta.interfaces)
        routes = self.routes if delta.routes is None else delta.routes
        return Router(self.id, tuple(interfaces[key] for key in sorted(interfaces)), routes)


class SecurityGroup(msgspec.Struct, frozen=True, array_like=True):
    """A security group of ports of the host, with the address groups that its rules name, each with its CIDRs. What
    changes of a queued one is published once for all its hosts, too."""

    id: Id
    stateful: bool = True
    rules: tuple[SecurityRule, ...] = ()
    address_groups: tuple[tuple[Id, tuple[str, ...]], ...] = ()
    queued: bool = False


class NetworkAcl(msgspec.Struct, frozen=True, array_like=True):
    """A network ACL of a subnet in which the host has ports, its rules in their order."""

    id: Id
    rules: tuple[NetworkAclRule, ...] = ()


class Membership(msgspec.Struct, frozen=True, array_like=True):
    """The security groups that a MAC address is in, and the CIDRs it may send from beside its own addresses."""

    security_groups: tuple[Id, ...]
    address_pairs: tuple[str, ...] = ()


class VpcNeighbours(msgspec.Struct):
    """The growing part of one VPC: who is where (MAC → host index), who has which address (IP → MAC), and who is in
    which security groups (by MAC; those in none are left out).

    IPv4 addresses are integer keys, IPv6 addresses 16-byte keys, in tables of their own.
    """

    forwarding: dict[int, int] = {}
    ipv4: dict[int, int] = {}
    ipv6: dict[bytes, int] = {}
    memberships: dict[int, Membership] = {}

    def item_count(self) -> int:
        """How many entries it holds."""
        return len(self.forwarding) + len(self.ipv4) + len(self.ipv6) + len(self.memberships)

    def is_empty(self) -> bool:
        """True when nothing is known of the VPC's ports."""
        return not (self.forwarding or self.ipv4 or self.ipv6 or self.memberships)

    def copy(self) -> "VpcNeighbours":
        """The same, of which no part is shared."""
        return VpcNeighbours(self.forwarding.copy(), self.ipv4.copy(), self.ipv6.copy(), self.memberships.copy())


class NeighbourDelta(msgspec.Struct):
    """A change to one VPC's neighbours. Removals are applied before additions."""

    put: VpcNeighbours = msgspec.field(default_factory=VpcNeighbours)
    removed_macs: set[int] = set()
    removed_ipv4: set[int] = set()
    removed_ipv6: set[bytes] = set()
    removed_memberships: set[int] = set()  # MACs

    def item_count(self) -> int:
        """How many entries it puts or removes."""
        removed = len(self.removed_macs) + len(self.removed_ipv4) + len(self.removed_ipv6)
        return self.put.item_count() + removed + len(self.removed_memberships)

    def is_empty(self) -> bool:
        """True when applying it changes nothing."""
        return self.put.is_empty() and not (
            self.removed_macs or self.removed_ipv4 or self.removed_ipv6 or self.removed_memberships
        )


class GoalStateDelta(msgspec.Struct):
    """What to change on one host to come from base_revision to revision; a snapshot says it all.

    Within one delta removals come first, so that a replaced thing may stand in both.
    """

    revision: int = 0
    base_revision: int = 0
    snapshot: bool = False
    vpcs: dict[int, Vpc] = {}  # by VNI
    subnets: dict[Id, Subnet] = {}
    ports: dict[Id, Port] = {}
    router_deltas: dict[Id, RouterDelta] = {}  # of routers that the host has
    vteps: dict[int, int] = {}  # host index → IPv4
    neighbours: dict[int, NeighbourDelta] = {}  # by VNI
    feeds: dict[Subject, Feed] = {}  # how the host learns from here on
    routers: dict[Id, Router] = {}
    security_groups: dict[Id, SecurityGroup] = {}
    network_acls: dict[Id, NetworkAcl] = {}
    removed_vpcs: set[int] = set()
    removed_subnets: set[Id] = set()
    removed_ports: set[Id] = set()
    removed_vteps: set[int] = set()
    removed_routers: set[Id] = set()
    removed_security_groups: set[Id] = set()
    removed_network_acls: set[Id] = set()

    def item_count(self) -> int:
        """How many things it puts or removes: a measure of its size."""
        items = len(self.vpcs) + len(self.subnets) + len(self.ports) + len(self.vteps)
        items += sum([delta.item_count() for delta in self.router_deltas.values()])
        items += len(self.removed_vpcs) + len(self.removed_subnets) + len(self.removed_ports) + len(self.removed_vteps)
        items += sum([router.item_count() for router in self.routers.values()]) + len(self.removed_routers)
        items += sum([len(group.rules) + 1 for group in self.security_groups.values()])
        items += sum([len(acl.rules) + 1 for acl in self.network_acls.values()])
        items += len(self.removed_security_groups) + len(self.removed_network_acls)
        return items + self.neighbour_count()

    def neighbour_count(self) -> int:
        """How many entries of neighbours it puts or removes."""
        return sum([change.item_count() for change in self.neighbours.values()]) if self.neighbours else 0

    def is_empty(self) -> bool:
        """True when applying it changes nothing but the revision."""
        return not (
            self.vpcs
            or self.subnets
            or self.ports
            or self.router_deltas
            or self.vteps
            or self.neighbours
            or self.removed_vpcs
            or self.removed_subnets
            or self.removed_ports
            or self.removed_vteps
            or self.routers
            or self.removed_routers
            or self.security_groups
            or self.removed_security_groups
            or self.network_acls
            or self.removed_network_acls
            or self.feeds
        )


class GoalState(msgspec.Struct):
    """Everything one host should have."""

    revision: int = 0
    vpcs: dict[int, Vpc] = {}
    subnets: dict[Id, Subnet] = {}
    ports: dict[Id, Port] = {}
    vteps: dict[int, int] = {}
    neighbours: dict[int, VpcNeighbours] = {}
    feeds: dict[Subject, Feed] = {}  # of what is of another revision, or may come to be
    routers: dict[Id, Router] = {}
    security_groups: dict[Id, SecurityGroup] = {}
    network_acls: dict[Id, NetworkAcl] = {}

    def clear(self) -> None:
        """Forget everything but the revision."""
        for part in (self.vpcs, self.subnets, self.ports, self.vteps, self.neighbours, self.feeds, self.routers):
            part.clear()
        self.security_groups.clear()
        self.network_acls.clear()


def apply_delta(state: GoalState, delta: GoalStateDelta) -> None:
    """Bring the state to the delta's revision, in place. A snapshot replaces all there was.

    The caller has checked that the delta follows on the state's revision. Applying the same delta twice in a row
    is the same as once.
    """
    if delta.snapshot:
        state.clear()
    _remove(state, delta)
    state.vpcs.update(delta.vpcs)
    state.subnets.update(delta.subnets)
    state.ports.update(delta.ports)
    state.vteps.update(delta.vteps)
    state.routers.update(delta.routers)
    state.security_groups.update(delta.security_groups)
    state.network_acls.update(delta.network_acls)
    for router_id, router_delta in delta.router_deltas.items():
        if router_id in state.routers:
            state.routers[router_id] = state.routers[router_id].with_delta(router_delta)
    for vni, change in delta.neighbours.items():
        apply_neighbour_delta(state.neighbours.setdefault(vni, VpcNeighbours()), change)
    for vni in [vni for vni in delta.neighbours if state.neighbours[vni].is_empty()]:
        del state.neighbours[vni]
    state.revision = delta.revision
    advance_feeds(state.feeds, delta)


def advance_feeds(feeds: dict[Subject, Feed], delta: GoalStateDelta) -> None:
    """Bring feeds, in place, to the delta's revision. Only what differs from how all else is told is kept."""
    if delta.snapshot:
        feeds.clear()
    removed: set[Subject] = {*delta.removed_vpcs, *delta.removed_security_groups}
    for subject in removed:
        feeds.pop(subject, None)
    feeds.update(delta.feeds)
    like_all_else = [each for each, feed in feeds.items() if not feed.by_topic and feed.revision <= delta.revision]
    for subject in like_all_else:
        del feeds[subject]


def without_own(shared: NeighbourDelta, host_index: int) -> NeighbourDelta:
    """What all hosts of a VPC are told alike, as one of them sees it: it forwards nothing to itself."""
    own = {mac for mac, index in shared.put.forwarding.items() if index == host_index}
    if not own:
        return shared
    forwarding = {mac: index for mac, index in shared.put.forwarding.items() if mac not in own}
    return NeighbourDelta(
        put=VpcNeighbours(forwarding, shared.put.ipv4, shared.put.ipv6, shared.put.memberships),
        removed_macs=shared.removed_macs | own,
        removed_ipv4=shared.removed_ipv4,
        removed_ipv6=shared.removed_ipv6,
        removed_memberships=shared.removed_memberships,
    )


def _remove(state: GoalState, delta: GoalStateDelta) -> None:
    for vni in delta.removed_vpcs:
        state.vpcs.pop(vni, None)
        state.neighbours.pop(vni, None)
    _discard(state.subnets, delta.removed_subnets)
    _discard(state.ports, delta.removed_ports)
    _discard(state.vteps, delta.removed_vteps)
    _discard(state.routers, delta.removed_routers)
    _discard(state.security_groups, delta.removed_security_groups)
    _discard(state.network_acls, delta.removed_network_acls)


def apply_neighbour_delta(neighbours: VpcNeighbours, delta: NeighbourDelta) -> None:
    """Change one VPC's neighbours in place."""
    _discard(neighbours.forwarding, delta.removed_macs)
    _discard(neighbours.ipv4, delta.removed_ipv4)
    _discard(neighbours.ipv6, delta.removed_ipv6)
    _discard(neighbours.memberships, delta.removed_memberships)
    neighbours.forwarding.update(delta.put.forwarding)
    neighbours.ipv4.update(delta.put.ipv4)
    neighbours.ipv6.update(delta.put.ipv6)
    neighbours.memberships.update(delta.put.memberships)


def _discard(mapping: dict[Any, Any], keys: Iterable[Hashable]) -> None:
    for key in keys:
        mapping.pop(key, None)
