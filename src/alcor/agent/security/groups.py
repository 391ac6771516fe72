"""Security groups from the goal state's form to the data plane's. Pure."""

import ipaddress
from collections.abc import Iterable, Mapping
from functools import lru_cache

from alcor.dataplane.security_groups import Prefix, SecurityGroup, SecurityRule
from alcor.model import goal_state, records
from alcor.model.identifiers import Id


@lru_cache(maxsize=10_000)
def prefix_of(cidr: str) -> Prefix:
    """A CIDR, or an address as a range of itself alone."""
    network = ipaddress.ip_network(cidr, strict=False)
    return Prefix(network.network_address.packed, network.prefixlen)


def data_plane_group(group: goal_state.SecurityGroup) -> SecurityGroup:
    """A security group as the data plane is told of it."""
    return SecurityGroup(group.id, group.stateful, tuple(map(_rule, group.rules)))


def _rule(rule: records.SecurityRule) -> SecurityRule:
    return SecurityRule(
        ingress=rule.ingress,
        ipv6=rule.ipv6,
        protocol=rule.protocol,
        port_range_min=rule.port_range_min,
        port_range_max=rule.port_range_max,
        remote_prefix=prefix_of(rule.remote_prefix) if rule.remote_prefix else None,
        remote_group=rule.remote_group or None,
        remote_address_group=rule.remote_address_group or None,
    )


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
