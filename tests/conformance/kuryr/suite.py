"""What is done with Docker's networks."""

from collections.abc import Iterator

from tests.conformance.kuryr.scenarios import containers, deaths, existing, networks, security, untagged
from tests.conformance.kuryr.site import Scenario

_DONE: tuple[Scenario, ...] = (
    networks.a_network_and_a_container,
    networks.a_network_of_the_default_pool,
    networks.a_network_in_use_is_not_removed,
    networks.a_shared_network,
    networks.two_networks_with_the_same_addresses,
    containers.two_of_a_network_reach_each_other,
    containers.the_interface_is_as_the_network_says,
    containers.one_has_the_address_of_choice,
    containers.one_is_disconnected_and_connected,
    containers.one_is_in_two_networks,
    containers.one_is_stopped_and_started,
    containers.many_at_once,
    existing.a_network_and_its_pool_by_name,
    existing.a_network_and_its_pool_by_id,
    existing.a_subnet_by_name,
    existing.a_subnet_by_id,
    existing.a_subnet_is_added_to_a_network,
    existing.a_port_by_its_address,
    existing.what_is_not_there,
    existing.at_two_hosts,
    security.nothing_is_received_that_no_rule_allows,
    security.ports_are_those_of_the_rules,
    untagged.two_of_a_network_reach_each_other,
    untagged.exposed_ports,
    untagged.two_families,
    deaths.the_controller_is_killed,
    deaths.the_agent_is_killed,
    deaths.kuryr_is_started_again,
)


def scenarios() -> Iterator[tuple[str, Scenario]]:
    """The name of each, and what is done."""
    for each in _DONE:
        yield f"{each.__module__.rpartition('.')[2]}.{each.__name__}", each
