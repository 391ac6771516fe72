"""Every invariant is false of a database that is broken by hand: none is true whatever there is."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text

from alcor.store.tables import metadata
from tests import invariants
from tests.integration.invariants.crowded import crowd
from tests.invariants.references import NO_REFERENCES, REFERENCES, Reference

NOBODY = "00000000-0000-4000-8000-000000000000"
ONE = "rowid = (SELECT min(rowid) FROM {0})"
OF_OUTSIDE = "network_id IN (SELECT id FROM network WHERE external)"

BROKEN = [
    ("free_ranges_are_disjoint_and_apart", "INSERT INTO free_range VALUES ('vni', x'200000', x'200001')"),
    ("every_pool_is_somebodys", "DELETE FROM number_pool WHERE id = 'mac'"),
    ("every_pool_is_somebodys", "INSERT INTO number_pool VALUES ('nobody', x'00')"),
    ("taken_and_free_are_the_whole_pool", "DELETE FROM free_range WHERE pool_id = 'vni'"),
    ("taken_and_free_are_the_whole_pool", "UPDATE network SET vni = 999999 WHERE name = 'others'"),
    ("taken_and_free_are_the_whole_pool", "DELETE FROM segment WHERE NOT is_main"),
    ("taken_and_free_are_the_whole_pool", "DELETE FROM mac_reservation"),
    ("taken_and_free_are_the_whole_pool", "DELETE FROM ip_reservation"),
    ("taken_and_free_are_the_whole_pool", "DELETE FROM ip_allocation"),
    ("taken_and_free_are_the_whole_pool", "UPDATE mac_range SET state = 'Inactive'"),
    ("nodes_indexes_are_not_free", "UPDATE node SET host_index = 99999 WHERE id = 'host-1'"),
    ("vnis_are_of_one_segment", "UPDATE segment SET segmentation_id = 1"),
    ("ranges_of_vnis_do_not_overlap", "UPDATE network_segment_range SET minimum = 1005 WHERE NOT is_default"),
    ("ranges_of_macs_do_not_overlap", "UPDATE mac_range SET first = 1"),
    ("addresses_lie_in_their_subnets", "UPDATE ip_allocation SET ip_address = x'7f000001' WHERE " + ONE),
    ("addresses_lie_in_their_subnets", "UPDATE ip_reservation SET ip_address = x'7f000001'"),
    ("addresses_are_of_the_ports_own_network", "UPDATE port SET network_id = (SELECT id FROM network "
     "WHERE name = 'others') WHERE device_id = 'vm'"),
    ("addresses_are_held_once", "INSERT INTO ip_reservation SELECT subnet_id, ip_address, 'activated' "
     "FROM ip_allocation"),
    ("addresses_of_ports_are_numbered", "UPDATE ip_allocation SET position = 0"),
    ("ports_show_what_they_are", """UPDATE port SET shown = '{"fixed_ips": [], "security_groups": []}'"""),
    ("subnets_of_a_network_do_not_overlap", "UPDATE subnet SET cidr = '10.0.0.0/16' WHERE cidr = '10.0.1.0/24'"),
    ("subnets_are_what_their_ranges_say", "UPDATE subnet SET first_address = x'01'"),
    ("subnets_are_what_their_ranges_say", "UPDATE subnet SET cidr = '10.0.0.0/28' WHERE cidr = '10.0.0.0/24'"),
    ("subnets_are_what_their_ranges_say", "UPDATE subnet SET gateway_ip = '10.0.0.9' WHERE cidr = '10.0.0.0/24'"),
    ("local_ips_are_addresses_of_their_ports", "UPDATE local_ip SET local_ip_address = '10.9.9.9'"),
    ("local_ips_are_addresses_of_their_ports", "UPDATE local_ip_association SET fixed_ip = '10.9.9.9'"),
    ("local_ips_are_addresses_of_their_ports", "UPDATE local_ip_association SET id = 'x'"),
    ("pools_are_free_or_of_subnets", "DELETE FROM free_prefix WHERE prefixlen = 17"),
    ("pools_are_free_or_of_subnets", "UPDATE subnet SET cidr = '10.9.0.0/25' WHERE cidr = '10.9.0.0/24'"),
    ("pools_are_free_or_of_subnets", "INSERT INTO free_prefix SELECT id, x'0a080000', 24 "
     "FROM subnetpool WHERE is_default"),
    ("pools_are_free_or_of_subnets", "UPDATE subnet SET cidr = '10.9.0.0/24' WHERE cidr = '10.9.1.0/24'"),
    ("pools_of_a_scope_do_not_overlap", "UPDATE subnetpool SET attributes = '{\"prefixes\": [\"10.8.0.0/15\"]}'"),
    ("one_pool_is_the_default", "UPDATE subnetpool SET is_default = true"),
    ("subnets_of_a_network_are_of_one_pool", "UPDATE subnet SET subnetpool_id = NULL WHERE cidr = '10.9.0.0/24'"),
    ("bound_ports_are_counted", "UPDATE network SET bound_ports = 7"),
    ("bound_ports_are_counted", "UPDATE network SET on_demand = true"),
    ("bound_ports_are_counted", "UPDATE network SET queued = true"),
    ("networks_know_that_they_have_guests", "UPDATE network SET guests = false"),
    ("networks_are_external_as_entries_say", "DELETE FROM rbac_policy WHERE action = 'access_as_external'"),
    ("networks_are_external_as_entries_say", "UPDATE network SET is_default = true, external = true"),
    ("networks_are_external_as_entries_say", "UPDATE network SET external = true WHERE name = 'others'"),
    ("networks_have_one_main_segment", "UPDATE segment SET is_main = true"),
    ("networks_have_one_main_segment", "UPDATE segment SET is_main = false"),
    ("networks_have_one_main_segment", "UPDATE network SET physical_network = 'x'"),
    ("vxlans_are_carried_as_what_they_are", "UPDATE network SET vni = 999999 WHERE name = 'others'"),
    ("vxlans_are_carried_as_what_they_are", "UPDATE segment SET segmentation_id = (SELECT min(vni) FROM network)"),
    ("networks_show_their_segments", "UPDATE segment SET physical_network = 'x'"),
    ("subnets_are_on_segments_of_their_network", "UPDATE subnet SET segment_id = (SELECT min(id) FROM segment) "
     "WHERE cidr = '10.0.0.0/24'"),
    ("subnets_are_on_segments_of_their_network", "UPDATE subnet SET segment_id = (SELECT id FROM segment "
     "WHERE network_id = (SELECT id FROM network WHERE name = 'others')) WHERE cidr = '198.51.100.0/24'"),
    ("bindings_elsewhere_are_not_the_active_one", "UPDATE port_binding SET host = 'host-1'"),
    ("first_gateways_are_gateways", "UPDATE router SET gw_port_id = NULL"),
    ("first_gateways_are_gateways", "UPDATE router SET gw_port_id = (SELECT id FROM port WHERE device_id = 'vm')"),
    ("first_gateways_are_gateways", "UPDATE port SET device_owner = 'x' WHERE device_owner = 'network:router_gateway'"),
    ("gateways_are_in_external_networks", "UPDATE network SET external = false"),
    ("interfaces_have_addresses", "DELETE FROM ip_allocation"),
    ("subnets_of_a_router_do_not_overlap", "UPDATE subnet SET cidr = '10.0.0.0/16' WHERE cidr = '10.0.1.0/24'"),
    ("floating_ips_hold_their_addresses", "UPDATE floating_ip SET floating_port_id = port_id WHERE port_id <> ''"),
    ("floating_ips_hold_their_addresses", "UPDATE floating_ip SET floating_ip_address = '10.0.0.1'"),
    ("floating_ips_hold_their_addresses", "UPDATE floating_ip SET floating_network_id = (SELECT id FROM network "
     "WHERE name = 'n')"),
    ("floating_ips_hold_their_addresses", "DELETE FROM floating_ip WHERE port_id IS NULL"),
    ("floating_ips_lead_to_addresses_behind_their_routers", "UPDATE floating_ip SET fixed_ip_address = '10.9.9.9'"),
    ("floating_ips_lead_to_addresses_behind_their_routers", "UPDATE floating_ip SET router_id = 'x' "
     "WHERE port_id <> ''"),
    ("floating_ips_lead_to_addresses_behind_their_routers", "UPDATE floating_ip SET status = 'DOWN'"),
    ("addresses_have_one_floating_ip", "UPDATE floating_ip SET (port_id, fixed_ip_address) = "
     "(SELECT port_id, fixed_ip_address FROM floating_ip WHERE port_id <> '')"),
    ("floating_ips_lead_to_addresses_behind_their_routers", "DELETE FROM port_forwarding"),
    ("forwardings_lead_to_addresses_of_their_ports", "UPDATE port_forwarding SET internal_ip_address = '10.9.9.9'"),
    ("proxies_are_for_addresses_behind_their_routers", "UPDATE ndp_proxy SET ip_address = '2001:db8::bad'"),
    ("proxies_are_for_addresses_behind_their_routers", "UPDATE router SET gw_port_id = NULL"),
    ("ports_are_forwarded_once", "UPDATE port_forwarding SET external_first = 1, external_last = 65535"),
    ("ports_are_forwarded_once", "UPDATE port_forwarding SET internal_first = 1, internal_last = 65535"),
    ("projects_have_one_default_group", "UPDATE security_group SET is_default = true"),
    ("one_setting_is_for_any_project", "INSERT INTO security_group_default_statefulness SELECT 'x', NULL, stateful, "
     "revision_number, created_at, updated_at, attributes FROM security_group_default_statefulness"),
    ("members_know_whether_their_group_is_anothers", "UPDATE port_security_group SET guest = 'x'"),
    ("bound_ports_of_groups_are_counted", "UPDATE security_group_size SET bound_ports = 7"),
    ("bound_ports_of_groups_are_counted", "UPDATE security_group_size SET queued = true"),
    ("bound_ports_of_groups_are_counted", "DELETE FROM security_group_size"),
    ("rules_know_whether_their_group_is_the_default", "UPDATE security_group_rule SET belongs_to_default_sg = true"),
    ("rules_are_not_repeated", "UPDATE security_group_rule SET remote_group_id = NULL, remote_address_group_id = NULL"),
    ("vpcs_have_one_default_acl", "UPDATE network_acl SET is_default = true"),
    ("subnets_have_acls_of_their_vpc", "UPDATE network_acl SET vpc_id = (SELECT id FROM network "
     "WHERE name = 'others')"),
    ("numbers_are_of_one_rule", "UPDATE network_acl_rule SET number = 7, direction = 'egress' WHERE number < 32767"),
    ("acls_end_with_what_denies_everything", "UPDATE network_acl_rule SET action = 'allow' WHERE number = 32767"),
    ("attachments_are_made_once", "UPDATE gateway_attachment SET resource_id = (SELECT id FROM network "
     "WHERE name = 'n')"),
    ("attached_subnets_are_of_the_attached_vpc", "UPDATE gateway_attachment SET resource_id = (SELECT id FROM network "
     "WHERE name = 'others') WHERE name = 'a'"),
    ("route_tables_have_attachments_of_their_gateway", "UPDATE gateway_route_table SET gateway_id = "
     "(SELECT max(id) FROM gateway)"),
    ("routers_of_vpcs_have_their_table", "DELETE FROM route_table WHERE route_table_type = 'vpc'"),
    ("route_tables_are_of_their_owners_vpc", "UPDATE route_table SET vpc_id = (SELECT id FROM network "
     "WHERE name = 'others')"),
    ("ranges_of_elastic_ips_do_not_overlap", "UPDATE elastic_ip_range SET attributes = "
     "(SELECT attributes FROM elastic_ip_range LIMIT 1)"),
    ("taken_and_free_are_the_whole_pool", "DELETE FROM elastic_ip"),
    ("taken_and_free_are_the_whole_pool", "DELETE FROM elastic_ip_range"),
    ("elastic_ips_are_of_ranges", "UPDATE elastic_ip_range SET ip_version = 6"),
    ("elastic_ips_are_of_ranges", "UPDATE elastic_ip SET elastic_ip_version = 6"),
    ("elastic_ips_lead_to_addresses_of_their_ports", "UPDATE elastic_ip SET private_ip = '10.9.9.9'"),
    ("elastic_ips_lead_to_addresses_of_their_ports", "UPDATE elastic_ip SET port_id = NULL"),
    ("ports_are_of_one_trunk", "UPDATE sub_port SET port_id = (SELECT port_id FROM trunk)"),
    ("parents_know_their_trunks", "DELETE FROM trunk"),
    ("parents_know_their_trunks", "UPDATE port SET attributes = '{}'"),
    ("attachments_are_what_resources_say", "DELETE FROM qos_attachment"),
    ("attachments_are_what_resources_say", "UPDATE router SET attributes = '{}'"),
    ("projects_have_one_default_policy", "INSERT INTO qos_policy (id, project_id, name, description, revision_number, "
     "created_at, updated_at, is_default, attributes) VALUES ('x', 'default', '', '', 1, 0, 0, true, '{}')"),
    ("rules_of_policies_are_not_repeated", "INSERT INTO qos_rule (id, qos_policy_id, type, direction, "
     "revision_number, created_at, updated_at, attributes) SELECT 'x', qos_policy_id, type, direction, 1, 0, 0, '{}' "
     "FROM qos_rule"),
    ("projects_have_no_more_than_they_may", "UPDATE quota SET most = 3 WHERE resource = 'network'"),
    ("projects_have_no_more_than_they_may", "UPDATE quota_reservation SET amount = 9"),
    ("what_projects_have_is_counted", "UPDATE quota_usage SET used = used + 1"),
    ("tags_are_found_as_they_are_shown", "DELETE FROM tag WHERE tag = 'red'"),
    ("tags_are_found_as_they_are_shown", "INSERT INTO tag VALUES ('x', 'red')"),
    ("nodes_are_agents", "DELETE FROM agent WHERE host = 'host-1'"),
    ("groups_count_their_hosts", "UPDATE host_group SET hosts = 7"),
    ("keys_have_slots_of_their_own", "UPDATE node SET group_slot = -1 WHERE id = 'host-1'"),
    ("active_ports_are_on_connected_hosts", "UPDATE port SET status = 'ACTIVE', host_id = 'host-2'"),
    ("authorities_follow_one_another", "UPDATE authority SET trusted_until = NULL"),
    ("authorities_follow_one_another", "UPDATE authority SET trusted_until = 1"),
    ("hosts_with_tokens_are_nodes", "UPDATE join_token SET name = 'nobody'"),
    ("positions_have_no_gaps", "DELETE FROM change_log WHERE position = 3"),
    ("positions_have_no_gaps", "UPDATE change_log_head SET position = 1"),
    ("ports_are_heard_of_as_of_entries_that_are_there", "UPDATE port SET heard_after = 1000000"),
    ("followers_hold_what_a_snapshot_holds", "UPDATE port SET admin_state_up = false"),
    ("followers_hold_what_a_snapshot_holds", "DELETE FROM subnet"),
    ("parts_of_a_snapshot_are_the_whole", "UPDATE network SET id = 'bad' || substr(id, 4) WHERE name = 'n'"),
]  # fmt: skip
"""The name of an invariant, and what makes it false."""

NOT_BROKEN = {
    "address_group",
    "address_scope",
    "compute_event",
    "controller",
    "flavor",
    "gateway",
    "host_health",
    "metering_label",
    "ncm",
    "secret",
    "service_profile",
    "unreached_host",
}
"""Tables of which no more is to be said than that others refer to them, or they to others."""


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("crowded") / "alcor.db"
    asyncio.run(crowd(path))
    return path


@pytest.fixture
def connection(crowded: Path) -> Iterator[Connection]:
    """What is broken through it is whole again for the next test. Foreign keys refuse nothing."""
    engine = create_engine(f"sqlite:///{crowded}")
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


def test_nothing_is_wrong_where_nothing_was_broken(connection: Connection) -> None:
    invariants.check(connection)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_there_is_something_in_each_table(connection: Connection, table: object) -> None:
    assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()


@pytest.mark.parametrize(("name", "statement"), BROKEN)
def test_what_is_broken_by_hand_is_found(connection: Connection, name: str, statement: str) -> None:
    changed = connection.execute(text(statement.replace("{0}", statement.split()[1])))
    assert changed.rowcount
    assert name in invariants.violations(connection)


def test_every_invariant_is_broken_by_hand() -> None:
    names = [invariant.__name__ for invariant in invariants.INVARIANTS]
    assert len(set(names)) == len(names)
    assert {name for name, _ in BROKEN} | {"rows_refer_to_what_there_is"} == set(names)


CASES = [
    pytest.param(each, kind, id=f"{each.column.table.name}.{each.column.name} {kind}")
    for each in REFERENCES
    for kind in (each.to if isinstance(each.to, dict) else ("",))
]


@pytest.mark.parametrize(("reference", "kind"), CASES)
def test_a_row_that_refers_to_nothing_is_found(connection: Connection, reference: Reference, kind: str) -> None:
    table, column = reference.column.table, reference.column.name
    of_kind = {} if reference.kind is None else {reference.kind.name: kind}
    one = connection.execute(table.select().limit(1)).one()
    its = [key == getattr(one, key.name) for key in table.primary_key.columns]
    connection.execute(table.update().where(*its).values({column: NOBODY, **of_kind}))
    found = invariants.violations(connection)["rows_refer_to_what_there_is"]
    assert any(text.startswith(f"{table.name}.{column} {NOBODY}: there is no such") for text in found)


def test_every_id_in_a_table_refers_to_something_or_it_is_said_why_not() -> None:
    referring = {f"{each.column.table.name}.{each.column.name}" for each in REFERENCES}
    ids = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_id")
    }
    excused = {each for each in ids if each in NO_REFERENCES or each.split(".")[1] in NO_REFERENCES}
    assert ids - referring - excused == set()
    assert referring & excused == set()
    assert {each for each in NO_REFERENCES if "." in each} <= ids


def test_of_every_table_something_is_said() -> None:
    broken = {word for _, statement in BROKEN for word in statement.split()[1:3]}
    referring = {each.column.table.name for each in REFERENCES}
    assert metadata.tables.keys() - broken - referring == NOT_BROKEN
