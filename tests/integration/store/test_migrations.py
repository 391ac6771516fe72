"""Migrations lead to the tables as the code knows them, whoever runs them and how often."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, select, text

from alcor.model.addresses import ip_bytes
from alcor.model.number_ranges import Range
from alcor.model.records import NodeRecord
from alcor.services.ports.port_json import members_of
from alcor.store import bulk, change_log, migrate, number_pools
from alcor.store.engine import open_engine
from alcor.store.migrating import configuration
from alcor.store.migrations import newest
from alcor.store.store import open_store
from alcor.store.tables import (
    host_group,
    ip_allocation,
    metadata,
    network,
    node,
    port,
    port_security_group,
    quota_usage,
    rbac_policy,
    router,
    segment,
    subnet,
)
from alcor.store.transaction import Transaction
from tests.integration.store import writer_process
from tests.integration.store.rows import network_row, port_row

_OPEN = """
import asyncio, sys
from alcor.store.store import open_store
async def run():
    store = await open_store(sys.argv[1])
    print(store.log_id.hex())
    await store.close()
asyncio.run(run())
"""

_OLD_NETWORK = text(
    "INSERT INTO network (id, project_id, name, description, revision_number, created_at, updated_at, admin_state_up, "
    "shared, external, mtu, network_type, segmentation_id, attributes) "
    "VALUES (:id, 'p', '', '', 0, 0, 0, true, false, false, 1450, 'vxlan', :vni, :attributes)"
)

_OLD_SUBNET = text(
    "INSERT INTO subnet (id, project_id, name, description, revision_number, created_at, updated_at, network_id, "
    "ip_version, cidr, enable_dhcp, attributes) "
    "VALUES (:id, 'p', '', '', 0, 0, 0, 'n', :version, :cidr, true, :attributes)"
)

_OLD_ROUTER = text(
    "INSERT INTO router (id, project_id, name, description, revision_number, created_at, updated_at, admin_state_up, "
    "enable_ndp_proxy, enable_snat, attributes) VALUES (:id, 'p', '', '', 0, 0, 0, true, false, true, :attributes)"
)

_OLD_NODE = text(
    "INSERT INTO node (id, host_index, name, local_ip, revision_number, created_at, updated_at, attributes) "
    "VALUES (:id, :index, '', :id, 0, 0, 0, :attributes)"
)

_OLD_PORT = text(
    "INSERT INTO port (id, project_id, name, description, revision_number, created_at, updated_at, network_id, "
    "mac_address, admin_state_up, status, device_id, device_owner, host_id, attributes) "
    "VALUES (:id, 'p', '', '', 0, 0, 0, :network, :mac, true, 'DOWN', '', '', :host, '{}')"
)

_OLD_GROUP = text(
    "INSERT INTO security_group (id, project_id, name, description, revision_number, created_at, updated_at, "
    "stateful, is_default, attributes) VALUES (:id, :project, '', '', 0, 0, 0, true, false, '{}')"
)


def _insert_old_networks(connection: Connection, *rows: Sequence[object]) -> None:
    """As networks were before they were queued."""
    names = [column.name for column in network.columns]
    old = [{name: value for name, value in zip(names, row, strict=True) if name != "queued"} for row in rows]
    connection.execute(network.insert(), old)


def _insert_old_ports(connection: Connection, network_id: str, hosts: Sequence[str]) -> list[str]:
    """Ports on these hosts, as there were before any of them had more columns. Returns their ids."""
    ids = [f"{network_id}-{mac}" for mac in range(len(hosts))]
    numbered = enumerate(zip(ids, hosts, strict=True))
    ports = [{"id": each, "network": network_id, "mac": mac, "host": host} for mac, (each, host) in numbered]
    connection.execute(_OLD_PORT, ports)
    return ids


def test_migrations_lead_to_the_tables(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_heads() == (newest(),)
    engine.dispose()


def test_migrating_again_changes_nothing(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    logs = []
    for _ in range(2):
        migrate.upgrade(engine)
        with engine.connect() as connection:
            logs.append(connection.execute(text("SELECT id, log_id, position FROM change_log_head")).all())
    assert logs[0] == logs[1]
    assert len(logs[0]) == 1
    engine.dispose()


def test_processes_may_start_at_once_on_an_empty_database(empty_database_url: str) -> None:
    program = [sys.executable, "-c", _OPEN, empty_database_url]
    processes = [
        subprocess.Popen(program, cwd=writer_process.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, results
    assert len({output for output, _ in results}) == 1


def test_a_database_that_is_up_to_date_opens_without_alembic(database_url: str) -> None:
    program = [sys.executable, "-c", f"{_OPEN}\nprint('alembic' in sys.modules)", database_url]
    output = subprocess.check_output(program, cwd=writer_process.ROOT, text=True, timeout=60)
    assert output.splitlines()[1] == "False", "which takes longer to import than such a database to open"


async def test_stores_may_open_at_once_in_one_process(empty_database_url: str) -> None:
    stores = await asyncio.gather(*(open_store(empty_database_url) for _ in range(4)))
    assert len({store.log_id for store in stores}) == 1
    for store in stores:
        await store.close()


async def test_different_databases_may_be_opened_at_once(tmp_path: Path) -> None:
    stores = await asyncio.gather(*(open_store(f"sqlite:///{tmp_path}/{number}.db") for number in range(8)))
    assert len({store.log_id for store in stores}) == 8
    for store in stores:
        assert await store.read(change_log.head) == 0
        await store.close()


def test_vpcs_of_earlier_times_are_counted_and_decided_upon(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    networks = {
        "large": ("{}", 1001, True),
        "small": ("{}", 1000, False),
        "told-ahead": ('{"programming": "push"}', 1001, False),
        "asked-for": ('{"programming": "on_demand"}', 1, True),
        "empty": ('{"dns_domain": "programming"}', 0, False),
    }
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(configuration(connection), "0004")
        for vni, (name, (attributes, bound, _)) in enumerate(networks.items(), 1):
            connection.execute(_OLD_NETWORK, {"id": name, "vni": vni, "attributes": attributes})
            _insert_old_ports(connection, name, ["host-1" if number < bound else "" for number in range(bound + 2)])
        change_log.append(connection, [NodeRecord("host-1", 1, 1)])
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.execute(select(network)).all()
        assert {row.id: (row.attributes, row.bound_ports, row.on_demand) for row in rows} == networks
        with pytest.raises(change_log.LogTrimmed):  # whoever has not read the old entries yet
            change_log.read_entries(connection, 0, 10)
        assert change_log.read_entries(connection, 1, 10) == []
    engine.dispose()


def test_it_is_known_where_subnets_of_earlier_times_begin(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(configuration(connection), "0008")
        connection.execute(_OLD_NETWORK, {"id": "n", "vni": 1, "attributes": "{}"})
        for cidr in ("10.0.0.0/24", "2001:db8::/64"):
            its = {"id": cidr, "cidr": cidr, "version": 6 if ":" in cidr else 4, "attributes": "{}"}
            connection.execute(_OLD_SUBNET, its)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.execute(select(subnet.c.cidr, subnet.c.first_address)).all()
        assert {row.cidr: row.first_address for row in rows} == {
            "10.0.0.0/24": ip_bytes("10.0.0.0"),
            "2001:db8::/64": ip_bytes("2001:db8::"),
        }
    engine.dispose()


def test_modes_and_flavors_of_earlier_times_stay(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    modes = {"a": '{"ipv6_ra_mode":"slaac","ipv6_address_mode":"slaac","x":1}', "b": "{}", "c": '{"ipv6_ra_mode":null}'}
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(configuration(connection), "0055")
        bulk.insert_rows(connection, network, [network_row(1, "n")])
        for each, attributes in modes.items():
            values = {"id": each, "cidr": f"2001:db8:{each}::/64", "version": 6, "attributes": attributes}
            connection.execute(_OLD_SUBNET, values)
        connection.execute(_OLD_ROUTER, {"id": "r", "attributes": '{"flavor_id":"f","ha":false}'})
    migrate.upgrade(engine)
    with engine.connect() as connection:
        columns = subnet.c.ipv6_ra_mode, subnet.c.ipv6_address_mode, subnet.c.attributes
        assert [tuple(row) for row in connection.execute(select(*columns).order_by(subnet.c.id))] == [
            ("slaac", "slaac", '{"x":1}'),
            (None, None, "{}"),
            (None, None, "{}"),
        ]
        found = connection.execute(select(router.c.flavor_id, router.c.attributes)).one()
        assert tuple(found) == ("f", '{"ha":false}')
    engine.dispose()


def test_nodes_of_earlier_times_are_in_groups(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(configuration(connection), "0040")
        old = [{"id": f"host-{index}", "index": index, "attributes": "{}"} for index in range(1, 151)]
        old += [{"id": "named", "index": 200, "attributes": '{"group_topic": "g", "veth": "eth1"}'}]
        connection.execute(_OLD_NODE, old)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = {row.id: row for row in connection.execute(select(node))}
        counts = {row.topic: row.hosts for row in connection.execute(select(host_group))}
    engine.dispose()
    assert Counter(row.group_topic for row in rows.values()) == counts
    assert sorted(counts.values()) == [1, 50, 100]
    named = rows["named"]
    assert (named.group_topic, named.unicast_topic, named.group_key) == ("g", "g", "named")
    assert orjson.loads(named.attributes) == {"multicast_topic": "g-all", "veth": "eth1"}


def test_networks_of_earlier_times_are_shared_by_entries(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(configuration(connection), "0025")
        for vni, name in enumerate(("plain", "shared", "external", "default"), 1):
            attributes = '{"is_default": true, "dns_domain": "d"}' if name in ("plain", "default") else "{}"
            connection.execute(_OLD_NETWORK, {"id": name, "vni": vni, "attributes": attributes})
        connection.execute(text("UPDATE network SET shared = true WHERE id = 'shared'"))
        connection.execute(text("UPDATE network SET external = true WHERE id IN ('external', 'default')"))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        entries = connection.execute(select(rbac_policy)).all()
        assert {(row.object_id, row.object_type, row.action, row.target_project) for row in entries} == {
            ("shared", "network", "access_as_shared", "*"),
            ("external", "network", "access_as_external", "*"),
            ("default", "network", "access_as_external", "*"),
        }
        rows = {row.id: (row.is_default, row.attributes) for row in connection.execute(select(network))}
        assert rows["plain"] == (True, '{"dns_domain": "d"}')
        assert rows["default"] == (True, '{"dns_domain": "d"}')
        assert rows["external"] == (False, "{}")
    engine.dispose()


def test_networks_of_earlier_times_are_carried_as_they_were(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(configuration(connection), "0022")
        connection.execute(_OLD_NETWORK, {"id": "n", "vni": 42, "attributes": "{}"})
    migrate.upgrade(engine)
    with engine.connect() as connection:
        (row,) = connection.execute(select(network)).all()
        assert (row.network_type, row.segmentation_id, row.vni) == ("vxlan", 42, 42)
        (main,) = connection.execute(select(segment)).all()
        assert (main.network_id, main.network_type, main.segmentation_id, main.is_main) == ("n", "vxlan", 42, True)
    engine.dispose()


def test_ports_of_earlier_times_show_what_they_hold(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(configuration(connection), "0039")
        _insert_old_networks(connection, network_row(1, "n"))
        connection.execute(_OLD_SUBNET, {"id": "s", "cidr": "10.0.0.0/8", "version": 4, "attributes": "{}"})
        none, one, several = _insert_old_ports(connection, "n", ["", "", ""])
        held = [(one, "10.0.0.1", 0), (several, "10.0.0.3", 0), (several, "10.0.0.2", 1)]
        bulk.insert_rows(connection, ip_allocation, [("s", ip_bytes(ip), each, place) for each, ip, place in held])
        _insert_old_members(connection, [(one, "g"), (several, "h"), (several, "g")])
        named = {
            "dns_name": "web",
            "dns_domain": "<project_id>.example.",
            "dns_keywords": {"project_id": "p"},
            "binding:profile": {"pci": "1"},
            "tags": ["red"],
        }
        values = {"attributes": orjson.dumps(named).decode(), "id": several}
        connection.execute(text("UPDATE port SET attributes = :attributes WHERE id = :id"), values)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = {row.id: row for row in connection.execute(select(port))}
    held = {
        none: ([], []),
        one: ([{"subnet_id": "s", "ip_address": "10.0.0.1"}], ["g"]),
        several: ([{"subnet_id": "s", "ip_address": f"10.0.0.{last}"} for last in (3, 2)], ["g", "h"]),
    }
    for port_id, (fixed_ips, groups) in held.items():
        assert orjson.loads(rows[port_id].shown) == members_of(rows[port_id], fixed_ips, groups)
    engine.dispose()


def test_ports_of_earlier_times_are_known_as_guests(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(configuration(connection), "0022")
        connection.execute(_OLD_NETWORK, {"id": "n", "vni": 42, "attributes": "{}"})
        own, guest = _insert_old_ports(connection, "n", ["", ""])
        connection.execute(text("UPDATE port SET project_id = 'guest' WHERE id = :id"), {"id": guest})
        connection.execute(text("UPDATE network SET guests = true"))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        assert {row.id: row.guest_of for row in connection.execute(select(port))} == {own: None, guest: "p"}
    engine.dispose()


def test_members_of_earlier_times_are_known_as_guests(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(configuration(connection), "0043")
        _insert_old_networks(connection, network_row(1, "n"))
        (member,) = _insert_old_ports(connection, "n", [""])
        connection.execute(_OLD_GROUP, [{"id": "own", "project": "p"}, {"id": "shared", "project": "other"}])
        _insert_old_members(connection, [(member, "own"), (member, "shared")])
    migrate.upgrade(engine)
    with engine.connect() as connection:
        members = {row.security_group_id: row.guest for row in connection.execute(select(port_security_group))}
    assert members == {"own": None, "shared": "p"}
    engine.dispose()


def _insert_old_members(connection: Connection, members: Sequence[tuple[str, str]]) -> None:
    """Ports and their groups, as the table had them before it said which are guests."""
    rows = [{"port": port_id, "group": group_id} for port_id, group_id in members]
    connection.execute(
        text("INSERT INTO port_security_group (port_id, security_group_id) VALUES (:port, :group)"), rows
    )


def test_what_projects_had_earlier_is_counted_like_what_comes_and_goes(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url, 1)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(configuration(connection), "0035")
        _insert_old_networks(connection, *(network_row(vni, f"n{vni}", project_id="p") for vni in (1, 2)))
    migrate.upgrade(engine)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        bulk.insert_rows(connection, network, [network_row(vni, f"n{vni}", project_id=f"p{vni}") for vni in (3, 4)])
        bulk.insert_rows(connection, port, [port_row("n1", mac) for mac in range(5)])
        bulk.delete_by(connection, network, "id", ["n2", "n3"])
        counted = connection.execute(select(quota_usage)).all()
        assert sorted(map(tuple, counted)) == [
            ("p", "network", 1),
            ("p", "port", 5),
            ("p3", "network", 0),
            ("p4", "network", 1),
        ]
    engine.dispose()


@pytest.mark.parametrize(
    ("pool", "whole"),
    [
        ("vni", (1, 2**24 - 1)),
        ("mac", (0xFA163E000001, 0xFA163EFFFFFE)),
        ("host_index", (1, 2**32 - 1)),
    ],
)
def test_every_installation_has_its_pools(engine: Engine, pool: str, whole: Range) -> None:
    with engine.connect().execution_options(writes=True) as connection, connection.begin() as begun:
        assert number_pools.available(connection, pool) == whole[1] - whole[0] + 1
        assert number_pools.take(Transaction(connection, 0), pool, 2) == [whole[0], whole[0] + 1]
        begun.rollback()


@pytest.mark.parametrize(
    "url", ["mysql://host/name", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://host/name"]
)
async def test_other_databases_are_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(ValueError, match=r"write sqlite:////absolute/path\.db or postgresql\+psycopg://"):
        await open_store(url)


async def test_a_password_is_not_shown() -> None:
    with pytest.raises(ValueError, match="not supported") as raised:
        await open_store("mysql://user:secret@host/name")
    assert "secret" not in str(raised.value)
