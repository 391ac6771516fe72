"""Security groups from the goal state's form to the data plane's. Pure."""

from collections.abc import Iterable, Mapping

from alcor.dataplane.security_groups import Prefix, SecurityGroup, data_plane_rule, prefix_of
from alcor.model import goal_state
from alcor.model.identifiers import Id


def data_plane_group(group: goal_state.SecurityGroup) -> SecurityGroup:
    """A security group as the data plane is told of it."""
    return SecurityGroup(group.id, group.stateful, tuple(map(data_plane_rule, group.rules)))


def address_groups(groups: Mapping[Id, goal_state.SecurityGroup]) -> dict[Id, set[Prefix]]:
    """The address groups that rules name, and what is in them."""
    return {
        group_id: set(map(prefix_of, addresses))
        for group in groups.values()
        for group_id, addresses in group.address_groups
    }


def remote_groups(groups: Iterable[goal_state.SecurityGroup]) -> frozenset[Id]:
    """The security groups that rules name as remote."""
    return frozenset(rule.remote_group for group in groups for rule in group.rules if rule.remote_group)
