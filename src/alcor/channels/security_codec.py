"""Security groups and memberships of goal states, between their plain form and protobuf.

As strict as channels.codec.
"""

import itertools
from collections.abc import Iterator

from alcor.channels import checks
from alcor.channels.checks import MalformedMessage
from alcor.model.goal_state import Membership, NeighbourDelta, SecurityGroup
from alcor.model.identifiers import Id
from alcor.model.records import SecurityRule
from alcor.southbound.v1 import southbound_pb2 as pb

_ID_BYTES = 16
_MEMBER_BYTES = 8 + 5  # a MAC, and an index as the longest varint
_MAC_BYTES = 8
_LARGEST_PROTOCOL = 255
_LARGEST_PORT = 65535


def put_security_group(group: SecurityGroup, part: pb.GoalState) -> None:
    """Add a security group to a part of a goal state."""
    message = part.security_groups.add(id=group.id, stateful=group.stateful)
    for rule in group.rules:
        _put_rule(rule, message)
    if group.queued:
        message.queued = True
    for group_id, addresses in group.address_groups:
        message.address_groups.add(id=group_id, addresses=addresses)


def _put_rule(rule: SecurityRule, group: pb.SecurityGroup) -> None:
    message = group.rules.add(
        ingress=rule.ingress,
        ipv6=rule.ipv6,
        protocol=rule.protocol,
        port_range_min=rule.port_range_min,
        port_range_max=rule.port_range_max,
    )
    if rule.remote_prefix:
        message.remote_prefix = rule.remote_prefix
    elif rule.remote_group:
        message.remote_group = rule.remote_group
    elif rule.remote_address_group:
        message.remote_address_group = rule.remote_address_group


def security_group(message: pb.SecurityGroup) -> SecurityGroup:
    """A security group, its id checked already. Raises MalformedMessage."""
    return SecurityGroup(
        id=message.id,
        stateful=message.stateful,
        rules=tuple(map(_rule, message.rules)),
        address_groups=tuple(
            (
                checks.identifier(each.id, "address group"),
                tuple(checks.cidr(address, "address group") for address in each.addresses),
            )
            for each in message.address_groups
        ),
        queued=message.queued,
    )


def _rule(message: pb.SecurityRule) -> SecurityRule:
    remote = message.WhichOneof("remote")
    return SecurityRule(
        ingress=message.ingress,
        ipv6=message.ipv6,
        protocol=_number(message, "protocol", _LARGEST_PROTOCOL),
        port_range_min=_number(message, "port_range_min", _LARGEST_PORT),
        port_range_max=_number(message, "port_range_max", _LARGEST_PORT),
        remote_prefix=_prefix(message) if remote == "remote_prefix" else "",
        remote_group=checks.identifier(message.remote_group, "rule") if remote == "remote_group" else b"",
        remote_address_group=(
            checks.identifier(message.remote_address_group, "rule") if remote == "remote_address_group" else b""
        ),
    )


def _number(message: pb.SecurityRule, field: str, largest: int) -> int | None:
    if not message.HasField(field):
        return None
    value: int = getattr(message, field)
    if value > largest:
        raise MalformedMessage(f"rule: {field} is {value}; {largest} is the largest")
    return value


def _prefix(message: pb.SecurityRule) -> str:
    prefix = checks.cidr(message.remote_prefix, "rule")
    if (":" in prefix) is not message.ipv6:
        raise MalformedMessage(f"rule: {prefix} is of another IP version")
    return prefix


def packed_ids(ids: tuple[Id, ...]) -> bytes:
    """Ids one after the other."""
    return b"".join(ids)


def split_ids(packed: bytes, what: str) -> tuple[Id, ...]:
    """Ids that were sent one after the other. Raises MalformedMessage."""
    if len(packed) % _ID_BYTES:
        raise MalformedMessage(f"{what}: {len(packed)} bytes are no whole number of ids")
    return tuple([packed[start : start + _ID_BYTES] for start in range(0, len(packed), _ID_BYTES)])


def membership_messages(vni: int, change: NeighbourDelta, max_bytes: int) -> Iterator[tuple[int, pb.Memberships]]:
    """What a change says of memberships, in messages of about so many bytes at most, each with its size."""
    members = iter(change.put.memberships.items())
    while some := list(itertools.islice(members, max(max_bytes // _MEMBER_BYTES, 1))):
        numbers: dict[Membership, int] = {}
        indexes = [numbers.setdefault(membership, len(numbers)) for _, membership in some]
        distinct = [
            pb.Membership(security_groups=packed_ids(each.security_groups), address_pairs=each.address_pairs)
            for each in numbers
        ]
        message = pb.Memberships(vni=vni, distinct=distinct, macs=[mac for mac, _ in some], indexes=indexes)
        yield message.ByteSize(), message
    removed = iter(change.removed_memberships)
    while macs := list(itertools.islice(removed, max(max_bytes // _MAC_BYTES, 1))):
        message = pb.Memberships(vni=vni, removed_macs=macs)
        yield message.ByteSize(), message


def add_memberships(change: NeighbourDelta, message: pb.Memberships) -> None:
    """Take up what a message says of memberships. Raises MalformedMessage."""
    distinct = [_membership(each) for each in message.distinct]
    macs, indexes = checks.macs(message.macs[:], "memberships"), message.indexes[:]
    checks.same_length(macs, indexes, "memberships")
    if indexes and max(indexes) >= len(distinct):
        raise MalformedMessage(f"memberships: there are {len(distinct)} distinct ones, and one is {max(indexes)}")
    change.put.memberships.update(zip(macs, map(distinct.__getitem__, indexes), strict=True))
    change.removed_memberships.update(checks.macs(message.removed_macs[:], "memberships"))


def _membership(message: pb.Membership) -> Membership:
    pairs = tuple(checks.cidr(each, "membership") for each in message.address_pairs)
    return Membership(split_ids(message.security_groups, "membership"), pairs)
