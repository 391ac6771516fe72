"""Many rows are written as they are, and refused as one row would be."""

import contextlib

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from alcor.store import bulk
from alcor.store.tables import ip_allocation, network, port, subnet
from alcor.store.transaction import Transaction
from tests.integration.store.rows import network_row, port_row, subnet_row


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(port)).scalar_one()


@pytest.fixture
def network_id(transaction: Transaction) -> str:
    row = network_row(1)
    bulk.insert_rows(transaction.connection, network, [row])
    return str(row[0])


@pytest.mark.parametrize("number", [0, 1, 7, 8, 9, 5000])
def test_as_many_rows_come_back_as_went_in(transaction: Transaction, network_id: str, number: int) -> None:
    rows = [port_row(network_id, mac) for mac in range(number)]
    bulk.insert_rows(transaction.connection, port, rows)
    stored = transaction.connection.execute(select(port).order_by(port.c.mac_address)).all()
    assert [tuple(row) for row in stored] == rows


@pytest.mark.parametrize("number", [0, 1, 30, 500])
def test_rows_of_several_tables_come_back_as_went_in(transaction: Transaction, number: int) -> None:
    networks = [network_row(1, name='"Grüße" \\N \\x41\n🌍')]
    subnets = [subnet_row(networks[0][0])]
    ports = [port_row(networks[0][0], mac, attributes="null") for mac in range(number)]
    held = [(subnets[0][0], mac.to_bytes(4), row[0], 0) for mac, row in enumerate(ports)]
    given = {network: networks, subnet: subnets, port: ports, ip_allocation: held}
    bulk.insert_together(transaction.connection, given)
    for table, rows in given.items():
        assert set(transaction.connection.execute(select(table))) == set(rows)


@pytest.mark.parametrize("number", [2, 500])
def test_a_duplicate_among_several_tables_leaves_none(transaction: Transaction, network_id: str, number: int) -> None:
    rows = [port_row(network_id, mac % (number - 1)) for mac in range(number)]
    with pytest.raises(IntegrityError, match="mac_address"), transaction.connection.begin_nested():
        bulk.insert_together(transaction.connection, {network: [network_row(2)], port: rows})
    assert count(transaction.connection) == 0


@pytest.mark.parametrize("number", [1, 20])
@pytest.mark.parametrize(
    "name", ["", "\\N", "\\", "tab\there", "two\nlines", "carriage\r\n", "Grüße 🌍", "'; --", "NULL", "%s ?"]
)
def test_text_stays_as_it_is(transaction: Transaction, name: str, number: int) -> None:
    rows = [network_row(vni, name=name) for vni in range(1, number + 1)]
    bulk.insert_rows(transaction.connection, network, rows)
    assert set(transaction.connection.execute(select(network.c.name)).scalars()) == {name}
    assert set(transaction.connection.execute(select(network.c.physical_network)).scalars()) == {None}


@pytest.mark.parametrize("number", [2, 20])
def test_a_duplicate_is_an_integrity_error(transaction: Transaction, network_id: str, number: int) -> None:
    rows = [port_row(network_id, mac % (number - 1)) for mac in range(number)]
    with pytest.raises(IntegrityError), transaction.connection.begin_nested():
        bulk.insert_rows(transaction.connection, port, rows)
    assert count(transaction.connection) == 0


@pytest.mark.parametrize("number", [1, 20])
def test_what_the_database_cannot_hold_is_a_database_error(
    transaction: Transaction, network_id: str, number: int
) -> None:
    """PostgreSQL has no NUL in text; SQLite stores it. Neither is harmed."""
    rows = [(*port_row(network_id, mac)[:2], "nul\x00", *port_row(network_id, mac)[3:]) for mac in range(number)]
    refused = transaction.connection.dialect.name == "postgresql"
    with pytest.raises(DBAPIError) if refused else contextlib.nullcontext(), transaction.connection.begin_nested():
        bulk.insert_rows(transaction.connection, port, rows)
    assert count(transaction.connection) == (0 if refused else number)


def test_many_rows_are_deleted_by_id(transaction: Transaction, network_id: str) -> None:
    rows = [port_row(network_id, mac) for mac in range(40_000)]
    bulk.insert_rows(transaction.connection, port, rows)
    assert bulk.delete_by(transaction.connection, port, "id", [row[0] for row in rows[1:]]) == 39_999
    assert bulk.delete_by(transaction.connection, port, "id", [rows[1][0]]) == 0
    assert bulk.delete_by(transaction.connection, port, "id", []) == 0
    assert count(transaction.connection) == 1


def test_rows_are_updated_by_key(transaction: Transaction, network_id: str) -> None:
    rows = [port_row(network_id, mac) for mac in range(3)]
    bulk.insert_rows(transaction.connection, port, rows)
    changes = [("ACTIVE", "host-1", rows[0][0]), ("ERROR", "host-2", rows[2][0])]
    bulk.update_rows(transaction.connection, port, "id", ["status", "host_id"], changes)
    bulk.update_rows(transaction.connection, port, "id", ["status"], [])
    columns = select(port.c.status, port.c.host_id).order_by(port.c.mac_address)
    assert transaction.connection.execute(columns).all() == [("ACTIVE", "host-1"), ("DOWN", ""), ("ERROR", "host-2")]
