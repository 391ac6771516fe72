"""What must be true of the whole database at any moment, whatever was asked of the services before.

An invariant is a function that says what contradicts it, and is known by its name; those of a kind are in one module.
"""

from collections.abc import Callable, Collection, Iterable

from sqlalchemy import Connection

from alcor.model.choices import USUAL, Choices
from tests.invariants import (
    addresses,
    change_log,
    elastic_ips,
    gateways,
    hosts,
    network_acls,
    networks,
    numbers,
    quotas,
    references,
    routers,
    security,
    subnet_pools,
    tags,
    trunks,
    trust,
    vpc_routers,
)
from tests.invariants import qos as qos_policies
from tests.invariants.database import Database

Invariant = Callable[[Database], Iterable[str]]

INVARIANTS: tuple[Invariant, ...] = (
    references.rows_refer_to_what_there_is,
    numbers.free_ranges_are_disjoint_and_apart,
    numbers.every_pool_is_somebodys,
    numbers.taken_and_free_are_the_whole_pool,
    numbers.nodes_indexes_are_not_free,
    numbers.vnis_are_of_one_segment,
    numbers.ranges_of_vnis_do_not_overlap,
    numbers.ranges_of_macs_do_not_overlap,
    numbers.ranges_of_elastic_ips_do_not_overlap,
    addresses.addresses_lie_in_their_subnets,
    addresses.addresses_are_of_the_ports_own_network,
    addresses.addresses_are_held_once,
    addresses.addresses_of_ports_are_numbered,
    addresses.ports_show_what_they_are,
    addresses.subnets_of_a_network_do_not_overlap,
    addresses.subnets_are_what_their_ranges_say,
    addresses.local_ips_are_addresses_of_their_ports,
    subnet_pools.pools_are_free_or_of_subnets,
    subnet_pools.pools_of_a_scope_do_not_overlap,
    subnet_pools.one_pool_is_the_default,
    subnet_pools.subnets_of_a_network_are_of_one_pool,
    networks.bound_ports_are_counted,
    networks.networks_know_that_they_have_guests,
    networks.networks_are_external_as_entries_say,
    networks.networks_have_one_main_segment,
    networks.vxlans_are_carried_as_what_they_are,
    networks.networks_show_their_segments,
    networks.subnets_are_on_segments_of_their_network,
    networks.bindings_elsewhere_are_not_the_active_one,
    routers.first_gateways_are_gateways,
    routers.gateways_are_in_external_networks,
    routers.interfaces_have_addresses,
    routers.subnets_of_a_router_do_not_overlap,
    routers.floating_ips_hold_their_addresses,
    routers.floating_ips_lead_to_addresses_behind_their_routers,
    routers.addresses_have_one_floating_ip,
    routers.forwardings_lead_to_addresses_of_their_ports,
    routers.ports_are_forwarded_once,
    routers.proxies_are_for_addresses_behind_their_routers,
    security.projects_have_one_default_group,
    security.one_setting_is_for_any_project,
    security.members_know_whether_their_group_is_anothers,
    security.bound_ports_of_groups_are_counted,
    security.rules_know_whether_their_group_is_the_default,
    security.rules_are_not_repeated,
    network_acls.vpcs_have_one_default_acl,
    network_acls.subnets_have_acls_of_their_vpc,
    network_acls.numbers_are_of_one_rule,
    network_acls.acls_end_with_what_denies_everything,
    gateways.attachments_are_made_once,
    gateways.attached_subnets_are_of_the_attached_vpc,
    gateways.route_tables_have_attachments_of_their_gateway,
    vpc_routers.routers_of_vpcs_have_their_table,
    vpc_routers.route_tables_are_of_their_owners_vpc,
    elastic_ips.elastic_ips_are_of_ranges,
    elastic_ips.elastic_ips_lead_to_addresses_of_their_ports,
    trunks.ports_are_of_one_trunk,
    trunks.parents_know_their_trunks,
    qos_policies.attachments_are_what_resources_say,
    qos_policies.projects_have_one_default_policy,
    qos_policies.rules_of_policies_are_not_repeated,
    quotas.projects_have_no_more_than_they_may,
    quotas.what_projects_have_is_counted,
    tags.tags_are_found_as_they_are_shown,
    hosts.groups_count_their_hosts,
    hosts.keys_have_slots_of_their_own,
    hosts.nodes_are_agents,
    hosts.active_ports_are_on_connected_hosts,
    trust.authorities_follow_one_another,
    trust.hosts_with_tokens_are_nodes,
    change_log.positions_have_no_gaps,
    change_log.ports_are_heard_of_as_of_entries_that_are_there,
    change_log.followers_hold_what_a_snapshot_holds,
    change_log.parts_of_a_snapshot_are_the_whole,
)


def violations(connection: Connection, choices: Choices = USUAL, besides: Collection[str] = ()) -> dict[str, list[str]]:
    """What contradicts the invariants, by their names. The connection is on one consistent snapshot (Store.read).

    ``choices`` are those of the store that wrote what is there; ``besides`` are those that are not asked for.
    """
    database = Database(connection, choices)
    asked = [invariant for invariant in INVARIANTS if invariant.__name__ not in besides]
    found = {invariant.__name__: list(invariant(database)) for invariant in asked}
    return {name: texts for name, texts in found.items() if texts}


def check(connection: Connection, choices: Choices = USUAL, besides: Collection[str] = ()) -> None:
    """Raises AssertionError, saying all, unless every invariant is true."""
    found = violations(connection, choices, besides)
    assert not found, "\n".join(f"{name}: {text}" for name, texts in found.items() for text in texts)
