"""Digests of goal states: how a host and its controller find out cheaply whether they mean the same.

The digest of a part is the exclusive or of the hashes of its items, so it depends on no order, and a change costs what
changed. An item's hash is BLAKE2b over its MessagePack form or its fixed-width integers: the same in every process, on
every machine and in every version of Python. 64 bits tell accidents apart; they do not keep out who wants to collide.
"""

import struct
from array import array
from collections.abc import Generator, Iterable, Mapping
from hashlib import blake2b
from itertools import islice
from typing import Final

import msgspec

from alcor.model.goal_state import (
    GoalState,
    Membership,
    NetworkAcl,
    Port,
    Router,
    SecurityGroup,
    Subnet,
    Vpc,
    VpcNeighbours,
)

VERSION: Final = 10
"""Of what is digested, and how: digests of different versions cannot be compared."""

_STEP_ITEMS = 1000

_encode = msgspec.msgpack.Encoder().encode
_pack = struct.Struct(">cQQ").pack
_pack_ipv6 = struct.Struct(">c16sQ").pack


class Digest(msgspec.Struct, frozen=True):
    """The digests of the parts of a goal state, 64 bits each; 0 for nothing. The revision is no part."""

    vpcs: int = 0
    subnets: int = 0
    ports: int = 0
    vteps: int = 0
    neighbours: int = 0
    routers: int = 0
    security_groups: int = 0
    network_acls: int = 0

    def differences(self, other: "Digest") -> list[str]:
        """The names of the parts that differ."""
        return [part for part in self.__struct_fields__ if getattr(self, part) != getattr(other, part)]


def _hash(data: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8).digest())


def resource_hash(resource: Vpc | Subnet | Port | Router | SecurityGroup | NetworkAcl) -> int:
    """Of a VPC, a subnet, a port, a router, a security group or a network ACL."""
    return _hash(_encode(resource))


def vtep_hash(host_index: int, ipv4: int) -> int:
    """Of the VTEP of a host."""
    return _hash(_pack(b"v", host_index, ipv4))


def forwarding_hash(mac: int, host_index: int) -> int:
    """Of a forwarding entry of a VPC."""
    return _hash(_pack(b"f", mac, host_index))


def ipv4_hash(address: int, mac: int) -> int:
    """Of an IPv4 address of a VPC."""
    return _hash(_pack(b"4", address, mac))


def ipv6_hash(address: bytes, mac: int) -> int:
    """Of an IPv6 address of a VPC."""
    return _hash(_pack_ipv6(b"6", address, mac))


def membership_hash(mac: int, membership: Membership) -> int:
    """Of what a MAC address of a VPC is a member of."""
    return _hash(_encode((b"m", mac, membership)))


def vpc_neighbours_hash(vni: int, digest: int) -> int:
    """Of all neighbours of a VPC, from the exclusive or of their hashes; 0 when there are none."""
    return _hash(_pack(b"n", vni, digest)) if digest else 0


def neighbours_digest(neighbours: VpcNeighbours) -> int:
    """The exclusive or of the hashes of all neighbours of a VPC."""
    digest = 0
    for mac, host_index in neighbours.forwarding.items():
        digest ^= forwarding_hash(mac, host_index)
    for address, mac in neighbours.ipv4.items():
        digest ^= ipv4_hash(address, mac)
    for address6, mac in neighbours.ipv6.items():
        digest ^= ipv6_hash(address6, mac)
    for mac, membership in neighbours.memberships.items():
        digest ^= membership_hash(mac, membership)
    return digest


def digest_of(state: GoalState) -> Digest:
    """The digest of a goal state. The cost is that of its size: half a microsecond an entry."""
    steps = digest_in_steps(state)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            digest: Digest = end.value
            return digest


def digest_in_steps(state: GoalState) -> Generator[None, None, Digest]:
    """The digest of the goal state as it is at the first step, in steps of about a millisecond.

    The state may change between steps: what is still to be hashed was copied, packed, to some 32 bytes a neighbour.
    """
    vpcs, subnets, ports = list(state.vpcs.values()), list(state.subnets.values()), list(state.ports.values())
    routers, groups = list(state.routers.values()), list(state.security_groups.values())
    acls = list(state.network_acls.values())
    vteps = _Copied(state.vteps)
    neighbours = [(vni, _Neighbours(known)) for vni, known in state.neighbours.items()]
    yield
    digest = Digest(
        vpcs=(yield from _in_steps(map(resource_hash, vpcs))),
        subnets=(yield from _in_steps(map(resource_hash, subnets))),
        ports=(yield from _in_steps(map(resource_hash, ports))),
        vteps=(yield from _in_steps(map(vtep_hash, vteps.keys, vteps.values))),
        routers=(yield from _in_steps(map(resource_hash, routers))),
        security_groups=(yield from _in_steps(map(resource_hash, groups))),
        network_acls=(yield from _in_steps(map(resource_hash, acls))),
    )
    total = 0
    for vni, known in neighbours:
        one = yield from _in_steps(map(forwarding_hash, known.forwarding.keys, known.forwarding.values))
        one ^= yield from _in_steps(map(ipv4_hash, known.ipv4.keys, known.ipv4.values))
        one ^= yield from _in_steps(map(ipv6_hash, known.ipv6, known.ipv6_macs))
        one ^= yield from _in_steps(map(membership_hash, known.members, known.memberships))
        total ^= vpc_neighbours_hash(vni, one)
    return msgspec.structs.replace(digest, neighbours=total)


class _Copied:
    """A mapping of integers to integers as it was."""

    def __init__(self, mapping: Mapping[int, int]) -> None:
        self.keys = array("Q", mapping.keys())
        self.values = array("Q", mapping.values())


class _Neighbours:
    """The neighbours of a VPC as they were."""

    def __init__(self, neighbours: VpcNeighbours) -> None:
        self.forwarding, self.ipv4 = _Copied(neighbours.forwarding), _Copied(neighbours.ipv4)
        self.ipv6 = list(neighbours.ipv6)
        self.ipv6_macs = array("Q", neighbours.ipv6.values())
        self.members = array("Q", neighbours.memberships)
        self.memberships = list(neighbours.memberships.values())


def _in_steps(hashes: Iterable[int]) -> Generator[None, None, int]:
    """The exclusive or of all."""
    digest, iterator = 0, iter(hashes)
    while step := list(islice(iterator, _STEP_ITEMS)):
        for one in step:
            digest ^= one
        yield
    return digest
