"""What is done in front of Horizon, and in which role."""

from collections.abc import Iterator

from tests.conformance.horizon.scenarios import (
    floating_ips,
    networks,
    operators,
    overviews,
    policies,
    ports,
    routers,
    security_groups,
    subnets,
    trunks,
)
from tests.conformance.horizon.site import Scenario

_OF_MEMBERS: tuple[Scenario, ...] = (
    networks.a_network_with_a_subnet,
    subnets.a_subnet_is_added_changed_and_deleted,
    subnets.a_subnet_from_a_pool,
    subnets.a_subnet_of_ipv6,
    subnets.several_networks_are_deleted_at_once,
    ports.a_port_is_made_changed_and_deleted,
    ports.a_port_in_a_subnet_of_choice,
    ports.address_pairs_are_added_and_deleted,
    routers.a_router_is_made_changed_and_deleted,
    routers.interfaces_are_added_and_deleted,
    routers.static_routes_are_added_and_deleted,
    security_groups.a_group_is_made_changed_and_deleted,
    security_groups.rules_of_all_kinds_are_added,
    security_groups.rules_about_groups_are_changed_and_deleted,
    floating_ips.a_floating_ip_is_allocated_associated_and_released,
    floating_ips.floating_ips_are_found_and_released_at_once,
    floating_ips.port_forwardings_are_made_and_changed,
    trunks.a_trunk_is_changed_and_deleted,
    overviews.the_overview_shows_what_there_may_be,
    overviews.the_topology_is_shown,
    overviews.forms_of_the_topology,
    overviews.services_are_listed,
)
_OF_OPERATORS: tuple[Scenario, ...] = (
    operators.a_provider_network_is_made_changed_and_deleted,
    operators.a_port_is_bound_to_a_host,
    operators.a_router_is_made_for_a_project,
    operators.a_floating_ip_is_allocated_for_a_project,
    operators.default_quotas_are_shown,
    operators.agents_are_listed,
    policies.a_qos_policy_is_made_and_deleted,
    policies.a_network_is_shared_with_a_project,
    policies.a_policy_and_a_network_are_shared_with_all,
    trunks.trunks_are_deleted_at_once,
)


def scenarios() -> Iterator[tuple[str, str, Scenario]]:
    """The name of each, the role, and what is done."""
    for role, done in (("member", _OF_MEMBERS), ("admin", _OF_OPERATORS)):
        for each in done:
            yield f"{role}.{each.__module__.rpartition('.')[2]}.{each.__name__}", role, each
