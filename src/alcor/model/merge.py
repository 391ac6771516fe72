"""Several goal-state deltas in a row as one: what a host that is slow, or was away, gets instead of each of them."""

from collections.abc import Set
from typing import TypeVar

from alcor.model.goal_state import GoalStateDelta, NeighbourDelta
from alcor.model.router_deltas import merged_router_deltas

_K = TypeVar("_K")
_V = TypeVar("_V")


def merge_deltas(first: GoalStateDelta, second: GoalStateDelta) -> GoalStateDelta:
    """The delta that does what ``first`` and then ``second`` do. Neither is changed."""
    merged = copy_delta(first)
    merge_into(merged, second)
    return merged


def copy_delta(delta: GoalStateDelta) -> GoalStateDelta:
    """A delta of which no part is shared with the original."""
    return GoalStateDelta(
        revision=delta.revision,
        base_revision=delta.base_revision,
        snapshot=delta.snapshot,
        vpcs=delta.vpcs.copy(),
        subnets=delta.subnets.copy(),
        ports=delta.ports.copy(),
        router_deltas=delta.router_deltas.copy(),
        vteps=delta.vteps.copy(),
        neighbours={vni: copy_neighbour_delta(change) for vni, change in delta.neighbours.items()},
        feeds=delta.feeds.copy(),
        removed_vpcs=delta.removed_vpcs.copy(),
        removed_subnets=delta.removed_subnets.copy(),
        removed_ports=delta.removed_ports.copy(),
        removed_vteps=delta.removed_vteps.copy(),
        routers=delta.routers.copy(),
        removed_routers=delta.removed_routers.copy(),
        security_groups=delta.security_groups.copy(),
        removed_security_groups=delta.removed_security_groups.copy(),
        network_acls=delta.network_acls.copy(),
        removed_network_acls=delta.removed_network_acls.copy(),
    )


def copy_neighbour_delta(change: NeighbourDelta) -> NeighbourDelta:
    """A change of which no part is shared with the original."""
    return NeighbourDelta(
        put=change.put.copy(),
        removed_macs=change.removed_macs.copy(),
        removed_ipv4=change.removed_ipv4.copy(),
        removed_ipv6=change.removed_ipv6.copy(),
        removed_memberships=change.removed_memberships.copy(),
    )


def merge_into(delta: GoalStateDelta, later: GoalStateDelta) -> None:
    """Make ``delta``, in place, do what it does and then what ``later`` does. The cost is that of ``later``.

    A later snapshot replaces everything. Nothing of ``later`` is shared afterwards.
    """
    if later.snapshot:
        _become(delta, later)
        return
    for vni in later.removed_vpcs:
        delta.neighbours.pop(vni, None)
        delta.feeds.pop(vni, None)
    for group_id in later.removed_security_groups:
        delta.feeds.pop(group_id, None)
    _merge_part(delta.vpcs, delta.removed_vpcs, later.vpcs, later.removed_vpcs)
    _merge_part(delta.subnets, delta.removed_subnets, later.subnets, later.removed_subnets)
    _merge_part(delta.ports, delta.removed_ports, later.ports, later.removed_ports)
    _merge_part(delta.vteps, delta.removed_vteps, later.vteps, later.removed_vteps)
    _merge_part(delta.routers, delta.removed_routers, later.routers, later.removed_routers)
    _merge_part(
        delta.security_groups, delta.removed_security_groups, later.security_groups, later.removed_security_groups
    )
    _merge_part(delta.network_acls, delta.removed_network_acls, later.network_acls, later.removed_network_acls)
    _merge_router_deltas(delta, later)
    for vni, change in later.neighbours.items():
        if vni in delta.neighbours:
            merge_neighbours_into(delta.neighbours[vni], change)
        else:
            delta.neighbours[vni] = copy_neighbour_delta(change)
    delta.feeds.update(later.feeds)
    delta.revision = later.revision


def merge_neighbours_into(change: NeighbourDelta, later: NeighbourDelta) -> None:
    """Make ``change``, in place, do what it does and then what ``later`` does. Nothing of ``later`` is shared."""
    _merge_part(change.put.forwarding, change.removed_macs, later.put.forwarding, later.removed_macs)
    _merge_part(change.put.ipv4, change.removed_ipv4, later.put.ipv4, later.removed_ipv4)
    _merge_part(change.put.ipv6, change.removed_ipv6, later.put.ipv6, later.removed_ipv6)
    _merge_part(change.put.memberships, change.removed_memberships, later.put.memberships, later.removed_memberships)


def _merge_router_deltas(delta: GoalStateDelta, later: GoalStateDelta) -> None:
    for router_id in later.removed_routers | later.routers.keys():
        delta.router_deltas.pop(router_id, None)
    for router_id, change in later.router_deltas.items():
        if router_id in delta.router_deltas:
            delta.router_deltas[router_id] = merged_router_deltas(delta.router_deltas[router_id], change)
        elif router_id in delta.routers:
            delta.routers[router_id] = delta.routers[router_id].with_delta(change)
        else:
            delta.router_deltas[router_id] = change


def _become(delta: GoalStateDelta, snapshot: GoalStateDelta) -> None:
    replacement = copy_delta(snapshot)
    for field in delta.__struct_fields__:
        setattr(delta, field, getattr(replacement, field))


def _merge_part(put: dict[_K, _V], removed: set[_K], later_put: dict[_K, _V], later_removed: Set[_K]) -> None:
    for key in later_removed:
        put.pop(key, None)
    removed |= later_removed
    put.update(later_put)
