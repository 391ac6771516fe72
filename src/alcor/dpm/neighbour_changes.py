"""What a log entry changes of the neighbours of a VPC, as its hosts are told of it. Pure."""

from collections.abc import Callable, Set
from typing import TypeVar

import msgspec

from alcor.dpm.read_model import VpcModel
from alcor.model.digest import forwarding_hash, ipv4_hash, ipv6_hash, membership_hash
from alcor.model.goal_state import NeighbourDelta, VpcNeighbours

_K = TypeVar("_K")
_V = TypeVar("_V")


class VpcChange(msgspec.Struct):
    """The touched ports of one VPC, as neighbours, before and now."""

    old: VpcNeighbours = msgspec.field(default_factory=VpcNeighbours)
    new: VpcNeighbours = msgspec.field(default_factory=VpcNeighbours)


def changed(old: dict[_K, _V], new: dict[_K, _V]) -> dict[_K, _V]:
    """What is new, or other than it was."""
    return {key: value for key, value in new.items() if old.get(key) != value}


def difference(old: VpcNeighbours, new: VpcNeighbours) -> NeighbourDelta:
    """What leads from some neighbours to others."""
    return NeighbourDelta(
        put=VpcNeighbours(
            changed(old.forwarding, new.forwarding),
            changed(old.ipv4, new.ipv4),
            changed(old.ipv6, new.ipv6),
            changed(old.memberships, new.memberships),
        ),
        removed_macs=old.forwarding.keys() - new.forwarding.keys(),
        removed_ipv4=old.ipv4.keys() - new.ipv4.keys(),
        removed_ipv6=old.ipv6.keys() - new.ipv6.keys(),
        removed_memberships=old.memberships.keys() - new.memberships.keys(),
    )


def update_neighbours(vpc: VpcModel, change: VpcChange) -> None:
    """Have the VPC's neighbours, and their digest, be those after the change."""
    known, old, new = vpc.neighbours, change.old, change.new
    digested = not vpc.on_demand
    vpc.neighbours_digest ^= (
        _replace(known.forwarding, old.forwarding, new.forwarding, forwarding_hash, digested)
        ^ _replace(known.ipv4, old.ipv4, new.ipv4, ipv4_hash, digested)
        ^ _replace(known.ipv6, old.ipv6, new.ipv6, ipv6_hash, digested)
        ^ _replace(known.memberships, old.memberships, new.memberships, membership_hash, digested)
    )


def _replace(
    part: dict[_K, _V], old: dict[_K, _V], new: dict[_K, _V], hash_of: Callable[[_K, _V], int], digested: bool
) -> int:
    """Returns the change of the digest, when there is one."""
    digest = 0
    if digested:
        for key, value in new.items():
            digest ^= hash_of(key, value)
        for key in old.keys() | new.keys():
            if key in part:
                digest ^= hash_of(key, part[key])
    for key in old.keys() - new.keys():
        part.pop(key, None)
    part.update(new)
    return digest


def macs_by_host(change: VpcChange) -> dict[int, set[int]]:
    """The MACs that the change is about, by the index of the host on which they were or are."""
    macs: dict[int, set[int]] = {}
    for forwarding in (change.old.forwarding, change.new.forwarding):
        for mac, host_index in forwarding.items():
            macs.setdefault(host_index, set()).add(mac)
    return macs


def without_own(
    shared: NeighbourDelta, change: VpcChange, own_macs: Set[int], old_index: int, new_index: int
) -> NeighbourDelta:
    """The change as a host sees it some of whose own ports are part of it: it forwards nothing to itself."""
    put = shared.put.forwarding.copy()
    removed = shared.removed_macs.copy()
    for mac in own_macs:
        put.pop(mac, None)
        removed.discard(mac)
        old, new = change.old.forwarding.get(mac), change.new.forwarding.get(mac)
        if new is not None and new != new_index:
            put[mac] = new
        elif old is not None and old != old_index:
            removed.add(mac)
    return NeighbourDelta(
        put=VpcNeighbours(put, shared.put.ipv4, shared.put.ipv6, shared.put.memberships),
        removed_macs=removed,
        removed_ipv4=shared.removed_ipv4,
        removed_ipv6=shared.removed_ipv6,
        removed_memberships=shared.removed_memberships,
    )
