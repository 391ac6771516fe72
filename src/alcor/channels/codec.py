"""Goal states between their plain form (model.goal_state) and protobuf.

Encoding cuts a goal state into parts of bounded size, marked with ``more``; decoding joins them again. Decoding trusts
nothing: whatever a peer sends either becomes a value of the right shape or raises MalformedMessage.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from alcor.channels import checks, router_codec
from alcor.channels.acl_codec import network_acl, put_network_acl
from alcor.channels.checks import MalformedMessage
from alcor.channels.feed_codec import decode_feeds, feed_messages
from alcor.channels.security_codec import (
    add_memberships,
    membership_messages,
    packed_ids,
    put_security_group,
    security_group,
    split_ids,
)
from alcor.model.goal_state import (
    Feed,
    GoalStateDelta,
    NeighbourDelta,
    Port,
    Subject,
    Subnet,
    Vpc,
    VpcNeighbours,
)
from alcor.southbound.v1 import southbound_pb2 as pb

PART_BYTES = 2 * 1024 * 1024
"""How large a part of a goal state grows, unless told otherwise; gRPC's own limit is 4 MiB."""

_HEADER_BYTES = 32  # revisions and flags of a part; tags and lengths of a piece
_MAC_BYTES = 8
_FORWARDING_BYTES = 8 + 5  # a MAC, and a host index as the longest varint
_IPV4_BYTES = 4 + 8
_IPV6_BYTES = 16 + 8
_VTEP_BYTES = 2 + 12  # the longest varints
_FEED_BYTES = 2 + 18 + 2 + 11 + 6
_ITEM_BYTES = 256  # of a goal state of resources, and few neighbours: hardly ever more
_PIECES_IN_A_PART = 4  # arrays are cut this fine, so that parts are nearly full

_T = TypeVar("_T")

Piece = tuple[int, Callable[[pb.GoalState], None]]
"""An indivisible part of a goal state: its size in bytes, and how to put it into a message."""


def goal_state_to_messages(delta: GoalStateDelta, max_bytes: int = PART_BYTES) -> Iterator[pb.GoalState]:
    """The parts of a goal state, each at most ``max_bytes`` (but never less than one resource).

    There is always at least one part; every part but the last says that more follow.
    """
    if delta.item_count() * _ITEM_BYTES <= max_bytes:
        whole = _whole(delta)
        if whole.ByteSize() <= max_bytes:
            yield whole
            return
    yield from _cut_up(delta, max_bytes)


def _new_part(delta: GoalStateDelta) -> pb.GoalState:
    return pb.GoalState(base_revision=delta.base_revision, revision=delta.revision, snapshot=delta.snapshot)


def _whole(delta: GoalStateDelta) -> pb.GoalState:
    """In one part, uncounted: most goal states are a few ports, and counting what they take takes longer than that.

    Nor is a field touched that stays empty: the message would make an object for it.
    """
    part = _new_part(delta)
    if delta.removed_vpcs:
        part.removed_vpcs.extend(delta.removed_vpcs)
    if delta.removed_subnets:
        part.removed_subnets.extend(delta.removed_subnets)
    if delta.removed_ports:
        part.removed_ports.extend(delta.removed_ports)
    if delta.removed_vteps:
        part.removed_vteps.extend(delta.removed_vteps)
    if delta.removed_routers:
        part.removed_routers.extend(delta.removed_routers)
    if delta.removed_security_groups:
        part.removed_security_groups.extend(delta.removed_security_groups)
    if delta.removed_network_acls:
        part.removed_network_acls.extend(delta.removed_network_acls)
    if delta.feeds:
        _put_feeds(delta.feeds.items(), part)
    for vpc in delta.vpcs.values():
        _put_vpc(vpc, part)
    for subnet in delta.subnets.values():
        _put_subnet(subnet, part)
    for port in delta.ports.values():
        _put_port(port, part)
    for changed in delta.router_deltas.items():
        router_codec.put_router_delta(changed, part)
    for router in delta.routers.values():
        router_codec.put_router(router, part)
    for group in delta.security_groups.values():
        put_security_group(group, part)
    for acl in delta.network_acls.values():
        put_network_acl(acl, part)
    if delta.vteps:
        _put_vteps(delta.vteps.items(), part)
    for vni, change in delta.neighbours.items():
        for _, put_into in _neighbour_pieces(vni, change, PART_BYTES):
            put_into(part)
    return part


def _cut_up(delta: GoalStateDelta, max_bytes: int) -> Iterator[pb.GoalState]:
    part, room = _new_part(delta), max_bytes - _HEADER_BYTES
    empty = True
    for size, put_into in _pieces(delta, max((max_bytes - _HEADER_BYTES) // _PIECES_IN_A_PART - _HEADER_BYTES, 1)):
        if size > room and not empty:
            part.more = True
            yield part
            part, room = _new_part(delta), max_bytes - _HEADER_BYTES
        put_into(part)
        room -= size
        empty = False
    yield part


def _pieces(delta: GoalStateDelta, max_bytes: int) -> Iterator[Piece]:
    for removed_vnis in _slices(delta.removed_vpcs, max_bytes // 5):
        yield 5 * len(removed_vnis) + _HEADER_BYTES, partial(_extend, "removed_vpcs", removed_vnis)
    for ids in _slices(delta.removed_subnets, max_bytes // 18):
        yield 18 * len(ids), partial(_extend, "removed_subnets", ids)
    for ids in _slices(delta.removed_ports, max_bytes // 18):
        yield 18 * len(ids), partial(_extend, "removed_ports", ids)
    for indexes in _slices(delta.removed_vteps, max_bytes // 5):
        yield 5 * len(indexes) + _HEADER_BYTES, partial(_extend, "removed_vteps", indexes)
    for ids in _slices(delta.removed_routers, max_bytes // 19):
        yield 19 * len(ids), partial(_extend, "removed_routers", ids)
    for ids in _slices(delta.removed_security_groups, max_bytes // 19):
        yield 19 * len(ids), partial(_extend, "removed_security_groups", ids)
    for ids in _slices(delta.removed_network_acls, max_bytes // 19):
        yield 19 * len(ids), partial(_extend, "removed_network_acls", ids)
    for feeds in _slices(delta.feeds.items(), max_bytes // _FEED_BYTES):
        yield _FEED_BYTES * len(feeds), partial(_put_feeds, feeds)
    for vpc in delta.vpcs.values():
        yield _resource_piece(_put_vpc, vpc)
    for subnet in delta.subnets.values():
        yield _resource_piece(_put_subnet, subnet)
    for port in delta.ports.values():
        yield _resource_piece(_put_port, port)
    for changed in delta.router_deltas.items():
        yield _resource_piece(router_codec.put_router_delta, changed)
    for router in delta.routers.values():
        yield _resource_piece(router_codec.put_router, router)
    for group in delta.security_groups.values():
        yield _resource_piece(put_security_group, group)
    for acl in delta.network_acls.values():
        yield _resource_piece(put_network_acl, acl)
    for some in _slices(delta.vteps.items(), max_bytes // _VTEP_BYTES):
        yield _VTEP_BYTES * len(some), partial(_put_vteps, some)
    for vni, change in delta.neighbours.items():
        yield from _neighbour_pieces(vni, change, max_bytes)


def _resource_piece(put: Callable[[_T, pb.GoalState], None], resource: _T) -> Piece:
    alone = pb.GoalState()
    put(resource, alone)
    return alone.ByteSize(), partial(put, resource)


def _extend(field: str, values: Sequence[object], part: pb.GoalState) -> None:
    getattr(part, field).extend(values)


def _slices(items: Iterable[_T], count: int) -> Iterator[list[_T]]:
    iterator = iter(items)
    while piece := list(itertools.islice(iterator, max(count, 1))):
        yield piece


def _neighbour_pieces(vni: int, change: NeighbourDelta, max_bytes: int) -> Iterator[Piece]:
    yield from _forwarding_pieces(vni, change, max_bytes)
    yield from _address_pieces(vni, change, max_bytes)
    for size, message in membership_messages(vni, change, max_bytes):
        yield size + _HEADER_BYTES, partial(_extend, "memberships", [message])


def _forwarding_pieces(vni: int, change: NeighbourDelta, max_bytes: int) -> Iterator[Piece]:
    forwarding = change.put.forwarding
    count = max_bytes // _FORWARDING_BYTES
    for macs, indexes in zip(_slices(forwarding, count), _slices(forwarding.values(), count), strict=True):
        message = pb.Forwarding(vni=vni, macs=macs, host_indexes=indexes)
        yield _FORWARDING_BYTES * len(macs) + _HEADER_BYTES, partial(_extend, "forwarding", [message])
    for macs in _slices(change.removed_macs, max_bytes // _MAC_BYTES):
        message = pb.Forwarding(vni=vni, removed_macs=macs)
        yield _MAC_BYTES * len(macs) + _HEADER_BYTES, partial(_extend, "forwarding", [message])


def _address_pieces(vni: int, change: NeighbourDelta, max_bytes: int) -> Iterator[Piece]:
    ipv4, ipv6 = change.put.ipv4, change.put.ipv6
    count = max_bytes // _IPV4_BYTES
    for addresses, macs in zip(_slices(ipv4, count), _slices(ipv4.values(), count), strict=True):
        message = pb.Addresses(vni=vni, ipv4=addresses, ipv4_macs=macs)
        yield _IPV4_BYTES * len(macs) + _HEADER_BYTES, partial(_extend, "addresses", [message])
    count = max_bytes // _IPV6_BYTES
    for packed, macs in zip(_slices(ipv6, count), _slices(ipv6.values(), count), strict=True):
        message = pb.Addresses(vni=vni, ipv6=b"".join(packed), ipv6_macs=macs)
        yield _IPV6_BYTES * len(macs) + _HEADER_BYTES, partial(_extend, "addresses", [message])
    for addresses in _slices(change.removed_ipv4, max_bytes // 4):
        message = pb.Addresses(vni=vni, removed_ipv4=addresses)
        yield 4 * len(addresses) + _HEADER_BYTES, partial(_extend, "addresses", [message])
    for packed in _slices(change.removed_ipv6, max_bytes // 16):
        message = pb.Addresses(vni=vni, removed_ipv6=b"".join(packed))
        yield 16 * len(packed) + _HEADER_BYTES, partial(_extend, "addresses", [message])


def _put_vpc(vpc: Vpc, part: pb.GoalState) -> None:
    message = part.vpcs.add(id=vpc.id, vni=vpc.vni, mtu=vpc.mtu, dns_domain=vpc.dns_domain, on_demand=vpc.on_demand)
    if vpc.queued:
        message.queued = True


def _put_subnet(subnet: Subnet, part: pb.GoalState) -> None:
    message = part.subnets.add(
        id=subnet.id,
        vni=subnet.vni,
        cidr=subnet.cidr,
        gateway_ip=subnet.gateway_ip,
        enable_dhcp=subnet.enable_dhcp,
        dns_nameservers=subnet.dns_nameservers,
        ipv6_ra_mode=subnet.ipv6_ra_mode,
        ipv6_address_mode=subnet.ipv6_address_mode,
        network_acl=subnet.network_acl,
    )
    for to, via in subnet.host_routes:
        message.host_routes.add(destination=to, next_hop=via)


def _put_port(port: Port, part: pb.GoalState) -> None:
    message = part.ports.add(
        id=port.id,
        vni=port.vni,
        mac=port.mac,
        admin_state_up=port.admin_state_up,
        port_security=port.port_security,
        hostname=port.hostname,
        device_id=port.device_id,
        project_id=port.project_id,
    )
    if port.security_groups:
        message.security_groups = packed_ids(port.security_groups)
    for subnet_id, address in port.fixed_ips:
        message.fixed_ips.add(subnet_id=subnet_id, address=address)
    for cidr, mac in port.allowed_address_pairs:
        message.allowed_address_pairs.add(cidr=cidr, mac=mac)
    for name, value, version in port.dhcp_options:
        message.dhcp_options.add(name=name, value=value, ip_version=version)


def _put_vteps(vteps: Iterable[tuple[int, int]], part: pb.GoalState) -> None:
    add = part.vteps.add
    for host_index, ipv4 in vteps:
        add(host_index=host_index, ipv4=ipv4)


def _put_feeds(feeds: Iterable[tuple[Subject, Feed]], part: pb.GoalState) -> None:
    part.feeds.extend(feed_messages(feeds))


class GoalStateAssembler:
    """Joins the parts of goal states as they arrive, one goal state after the other."""

    def __init__(self) -> None:
        self._delta: GoalStateDelta | None = None
        self._interned: dict[int, int] = {}

    def add(self, part: pb.GoalState) -> GoalStateDelta | None:
        """The whole goal state when this was its last part, else None.

        Raises MalformedMessage when the part is not what the protocol allows, or does not belong to the goal state
        its predecessors began; the assembler is of no further use then.
        """
        header = (part.revision, part.base_revision, part.snapshot)
        delta = self._delta
        if delta is None:
            delta = self._delta = _new_delta(*header)
        elif header != (delta.revision, delta.base_revision, delta.snapshot):
            raise MalformedMessage(f"a part of goal state {header} came inside another one at {delta.revision}")
        _add_resources(delta, part)
        for forwarding in part.forwarding:
            self._add_forwarding(_neighbours(delta, forwarding.vni), forwarding)
        for addresses in part.addresses:
            self._add_addresses(_neighbours(delta, addresses.vni), addresses)
        for memberships in part.memberships:
            add_memberships(_neighbours(delta, memberships.vni), memberships)
        if part.more:
            return None
        self._delta = None
        self._interned = {}
        return delta

    def _add_forwarding(self, change: NeighbourDelta, message: pb.Forwarding) -> None:
        macs, indexes = message.macs[:], message.host_indexes[:]
        checks.same_length(macs, indexes, "forwarding")
        change.put.forwarding.update(self._pairs(checks.macs(macs, "forwarding"), indexes))
        change.removed_macs.update(checks.macs(message.removed_macs[:], "forwarding"))

    def _add_addresses(self, change: NeighbourDelta, message: pb.Addresses) -> None:
        ipv4, macs = message.ipv4[:], checks.macs(message.ipv4_macs[:], "addresses")
        checks.same_length(ipv4, macs, "IPv4 addresses")
        change.put.ipv4.update(self._pairs(ipv4, macs))
        ipv6, macs = checks.split_ipv6(message.ipv6, "addresses"), checks.macs(message.ipv6_macs[:], "addresses")
        checks.same_length(ipv6, macs, "IPv6 addresses")
        change.put.ipv6.update(self._pairs(ipv6, macs))
        change.removed_ipv4.update(message.removed_ipv4)
        change.removed_ipv6.update(checks.split_ipv6(message.removed_ipv6, "removed addresses"))

    def _pairs(self, keys: Sequence[_T], values: Sequence[int]) -> Iterator[tuple[_T, int]]:
        # A MAC stands in forwarding and in addresses, a host index with every MAC: one object each saves a third
        # of the memory of a large VPC.
        return zip(keys, map(self._interned.setdefault, values, values), strict=True)


def delta_from_messages(parts: Iterable[pb.GoalState]) -> GoalStateDelta:
    """The goal state of exactly these parts. Raises MalformedMessage when they are not one whole goal state."""
    assembler = GoalStateAssembler()
    delta = None
    for part in parts:
        if delta is not None:
            raise MalformedMessage("a part follows after the last one of its goal state")
        delta = assembler.add(part)
    if delta is None:
        raise MalformedMessage("the last part of a goal state is missing")
    return delta


def _new_delta(revision: int, base_revision: int, snapshot: bool) -> GoalStateDelta:
    if not snapshot and base_revision > revision:
        raise MalformedMessage(f"a delta cannot lead from revision {base_revision} back to {revision}")
    return GoalStateDelta(revision=revision, base_revision=base_revision, snapshot=snapshot)


def _neighbours(delta: GoalStateDelta, vni: int) -> NeighbourDelta:
    change = delta.neighbours.get(vni)
    if change is None:
        change = delta.neighbours[checks.vni(vni)] = NeighbourDelta(put=VpcNeighbours())
    return change


def _add_resources(delta: GoalStateDelta, part: pb.GoalState) -> None:
    for vpc in part.vpcs:
        vpc_id = checks.identifier(vpc.id, "VPC")
        delta.vpcs[checks.vni(vpc.vni)] = Vpc(vpc_id, vpc.vni, vpc.mtu, vpc.dns_domain, vpc.on_demand, vpc.queued)
    delta.feeds.update(decode_feeds(part.feeds))
    for subnet in part.subnets:
        delta.subnets[checks.identifier(subnet.id, "subnet")] = _subnet(subnet)
    for port in part.ports:
        delta.ports[checks.identifier(port.id, "port")] = _port(port)
    for changed in part.router_deltas:
        delta.router_deltas[checks.identifier(changed.id, "router")] = router_codec.router_delta(changed)
    for router in part.routers:
        delta.routers[checks.identifier(router.id, "router")] = router_codec.router(router)
    for group in part.security_groups:
        delta.security_groups[checks.identifier(group.id, "security group")] = security_group(group)
    for acl in part.network_acls:
        delta.network_acls[checks.identifier(acl.id, "network ACL")] = network_acl(acl)
    for vtep in part.vteps:
        delta.vteps[vtep.host_index] = vtep.ipv4
    delta.removed_vpcs.update(map(checks.vni, part.removed_vpcs))
    delta.removed_subnets |= checks.identifiers(part.removed_subnets, "removed subnet")
    delta.removed_ports |= checks.identifiers(part.removed_ports, "removed port")
    delta.removed_vteps.update(part.removed_vteps)
    delta.removed_routers |= checks.identifiers(part.removed_routers, "removed router")
    delta.removed_security_groups |= checks.identifiers(part.removed_security_groups, "removed security group")
    delta.removed_network_acls |= checks.identifiers(part.removed_network_acls, "removed network ACL")


def _subnet(message: pb.Subnet) -> Subnet:
    return Subnet(
        id=message.id,
        vni=checks.vni(message.vni),
        cidr=checks.cidr(message.cidr, "subnet"),
        gateway_ip=checks.address(message.gateway_ip, "gateway") if message.gateway_ip else "",
        enable_dhcp=message.enable_dhcp,
        dns_nameservers=tuple(checks.address(server, "name server") for server in message.dns_nameservers),
        host_routes=tuple(
            (checks.cidr(route.destination, "host route"), checks.address(route.next_hop, "host route"))
            for route in message.host_routes
        ),
        ipv6_ra_mode=checks.ipv6_mode(message.ipv6_ra_mode),
        ipv6_address_mode=checks.ipv6_mode(message.ipv6_address_mode),
        network_acl=checks.identifier(message.network_acl, "network ACL") if message.network_acl else b"",
    )


def _port(message: pb.Port) -> Port:
    return Port(
        id=message.id,
        vni=checks.vni(message.vni),
        mac=checks.mac(message.mac, "port"),
        fixed_ips=tuple(
            (checks.identifier(fixed.subnet_id, "fixed IP"), checks.address(fixed.address, "fixed IP"))
            for fixed in message.fixed_ips
        ),
        admin_state_up=message.admin_state_up,
        port_security=message.port_security,
        allowed_address_pairs=tuple(
            (checks.cidr(pair.cidr, "allowed address pair"), checks.mac(pair.mac, "allowed address pair"))
            for pair in message.allowed_address_pairs
        ),
        dhcp_options=tuple((option.name, option.value, option.ip_version) for option in message.dhcp_options),
        hostname=message.hostname,
        security_groups=split_ids(message.security_groups, "port"),
        device_id=message.device_id,
        project_id=message.project_id,
    )
