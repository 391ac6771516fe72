"""Lists come by the page, filtered and sorted as asked, whatever the sort keys hold."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from alcor.model.addresses import ip_bytes
from alcor.model.identifiers import new_id
from alcor.store import bulk
from alcor.store.listing.marker import MarkerNotFound
from alcor.store.listing.page import count_rows, list_rows
from alcor.store.listing.query import Query
from alcor.store.tables import ip_allocation, network, port, subnet
from alcor.store.transaction import Transaction
from tests.integration.store.rows import network_row, port_row, subnet_row

COLUMNS = ["name", "admin_state_up", "mtu", "physical_network", "segmentation_id"]
MANY = 48


def some_networks() -> list[dict[str, Any]]:
    """Networks with many ties, and NULLs in a sortable column."""
    names = [column.name for column in network.columns]
    return [
        dict(zip(names, network_row(number + 1, name="abc"[number % 3]), strict=True))
        | {
            "admin_state_up": number % 2 == 0,
            "mtu": 1400 + number % 4,
            "physical_network": (None, "fabric-1", "fabric-2")[number // 2 % 3],
        }
        for number in range(MANY)
    ]


@pytest.fixture
def networks(transaction: Transaction) -> list[dict[str, Any]]:
    stored = some_networks()
    bulk.insert_rows(transaction.connection, network, [tuple(row.values()) for row in stored])
    return stored


def rank(value: Any) -> tuple[bool, Any]:
    """NULL is the smallest of all."""
    return (value is not None, value if value is not None else 0)


def sorted_ids(rows: list[dict[str, Any]], sort: list[tuple[str, bool]]) -> list[str]:
    """The ids in the order of the keys: Python's stable sort, the least important key first."""
    result = rows.copy()
    given_names = [name for name, _ in sort]
    for name, ascending in reversed([*sort, *([] if "id" in given_names else [("id", True)])]):
        result.sort(key=lambda row, name=name: rank(row[name]), reverse=not ascending)  # type: ignore[misc]
    return [row["id"] for row in result]


def pages(transaction: Transaction, query: dict[str, Any]) -> Iterator[list[str]]:
    """Every page's ids, each starting after the last (or before the first) of the one before."""
    marker = None
    while True:
        rows = list_rows(transaction.connection, network, Query(**query, marker=marker))
        if not rows:
            return
        yield [row.id for row in rows]
        marker = rows[0 if query.get("page_reverse") else -1].id


sorts = st.lists(st.tuples(st.sampled_from([*COLUMNS, "id"]), st.booleans()), max_size=4, unique_by=lambda key: key[0])


def test_pages_are_the_sorted_list(transaction: Transaction, networks: list[dict[str, Any]]) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(sort=sorts, limit=st.integers(1, MANY + 1), backwards=st.booleans())
    def check(sort: list[tuple[str, bool]], limit: int, backwards: bool) -> None:
        expected = sorted_ids(networks, sort)
        found = list(pages(transaction, {"sort": sort, "limit": limit, "page_reverse": backwards}))
        assert all(len(page) == limit for page in found[:-1])
        in_order = reversed(found) if backwards else found
        assert [network_id for page in in_order for network_id in page] == expected

    check()


values: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["a", "b", "nobody", ""]),
    "admin_state_up": st.booleans(),
    "mtu": st.integers(1399, 1404),
    "physical_network": st.sampled_from([None, "fabric-1", "fabric-9"]),
}
filters = st.fixed_dictionaries({}, optional={name: st.lists(value, max_size=3) for name, value in values.items()})


def test_filters_let_through_what_matches_all(transaction: Transaction, networks: list[dict[str, Any]]) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(chosen=filters)
    def check(chosen: dict[str, list[Any]]) -> None:
        expected = {row["id"] for row in networks if all(row[name] in allowed for name, allowed in chosen.items())}
        query = Query(filters=chosen)
        assert {row.id for row in list_rows(transaction.connection, network, query)} == expected
        assert count_rows(transaction.connection, network, query) == len(expected)

    check()


def test_only_the_columns_asked_for_come(transaction: Transaction, networks: list[dict[str, Any]]) -> None:
    (row,) = list_rows(transaction.connection, network, Query(columns=["mtu", "id"], limit=1, sort=[("mtu", False)]))
    assert row._fields == ("mtu", "id")
    assert row.mtu == 1403


def test_unknown_markers_and_columns_are_refused(transaction: Transaction) -> None:
    with pytest.raises(MarkerNotFound):
        list_rows(transaction.connection, network, Query(marker=new_id()))
    for query in (Query(filters={"colour": ["red"]}), Query(sort=[("colour", True)]), Query(columns=["colour"])):
        with pytest.raises(KeyError):
            list_rows(transaction.connection, network, query)


@pytest.fixture
def two_subnets(transaction: Transaction) -> tuple[str, str]:
    of_network = network_row(1)
    of_subnets = [subnet_row(of_network[0], cidr) for cidr in ("10.0.0.0/24", "10.0.1.0/24")]
    bulk.insert_rows(transaction.connection, network, [of_network])
    bulk.insert_rows(transaction.connection, subnet, of_subnets)
    ports = [port_row(of_network[0], number) for number in range(4)]
    bulk.insert_rows(transaction.connection, port, ports)
    first, second = (row[0] for row in of_subnets)
    allocations = [
        (first, ip_bytes("10.0.0.5"), ports[0][0], 0),
        (second, ip_bytes("10.0.1.5"), ports[0][0], 1),
        (first, ip_bytes("10.0.0.6"), ports[1][0], 0),
        (second, ip_bytes("10.0.1.6"), ports[2][0], 0),
    ]
    bulk.insert_rows(transaction.connection, ip_allocation, allocations)
    return first, second


def macs(transaction: Transaction, **query: Any) -> list[int]:
    rows = list_rows(transaction.connection, port, Query(sort=[("mac_address", True)], **query))
    return [row.mac_address for row in rows]


def test_ports_are_found_by_their_addresses(transaction: Transaction, two_subnets: tuple[str, str]) -> None:
    first, second = two_subnets
    assert macs(transaction) == [0, 1, 2, 3]
    assert macs(transaction, fixed_ip_subnets=[first]) == [0, 1]
    assert macs(transaction, fixed_ip_subnets=[first, second]) == [0, 1, 2]
    assert macs(transaction, fixed_ip_addresses=[ip_bytes("10.0.1.6"), ip_bytes("10.0.0.6")]) == [1, 2]
    assert macs(transaction, fixed_ip_subnets=[second], fixed_ip_addresses=[ip_bytes("10.0.0.5")]) == []
    assert macs(transaction, fixed_ip_subnets=[first], limit=1) == [0]


INDEXED = {
    "nothing": Query(limit=10),
    "id": Query(filters={"id": [new_id(), new_id()]}),
    "network": Query(filters={"network_id": [new_id()]}, limit=10),
    "network and marker": Query(filters={"network_id": [new_id()]}, limit=10, marker="a port"),
    "project": Query(filters={"project_id": ["x"]}, limit=10),
    "device": Query(filters={"device_id": ["x"]}, limit=10),
    "host": Query(filters={"host_id": ["x"]}, limit=10),
    "address": Query(fixed_ip_subnets=[new_id()], fixed_ip_addresses=[ip_bytes("10.0.0.1")], limit=10),
    "any subnet's address": Query(fixed_ip_addresses=[ip_bytes("10.0.0.1")], limit=10),
}


@pytest.mark.parametrize("query", INDEXED.values(), ids=INDEXED.keys())
def test_indexed_filters_never_scan_the_table(engine: Engine, query: Query) -> None:
    """The plan, on a table large enough that a scan would be dear."""
    of_network = network_row(1)
    of_subnet = subnet_row(of_network[0])
    ports = [port_row(of_network[0], number, f"host-{number % 1000}") for number in range(10_000)]
    ports = [
        (*row[:1], f"project-{number % 100}", *row[2:11], f"device-{number}", *row[12:])
        for number, row in enumerate(ports)
    ]
    executed: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        executed.append((statement, parameters))

    with engine.connect().execution_options(writes=True) as connection, connection.begin() as begun:
        bulk.insert_rows(connection, network, [of_network])
        bulk.insert_rows(connection, subnet, [of_subnet])
        bulk.insert_rows(connection, port, ports)
        allocations = [(of_subnet[0], (number + 1).to_bytes(4), row[0], 0) for number, row in enumerate(ports)]
        bulk.insert_rows(connection, ip_allocation, allocations)
        connection.exec_driver_sql("ANALYZE")
        if query.marker:
            query = Query(filters=query.filters, limit=query.limit, marker=ports[5000][0])
        event.listen(engine, "before_cursor_execute", keep)
        list_rows(connection, port, query)
        event.remove(engine, "before_cursor_execute", keep)
        explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
        plan = "\n".join(
            str(row) for row in connection.exec_driver_sql(f"{explain} {executed[-1][0]}", executed[-1][1])
        )
        begun.rollback()
    if query == INDEXED["nothing"]:
        assert "SCAN port USING INDEX" in plan or "Index Scan using pk_port" in plan, plan  # as far as the limit
    else:
        assert "SCAN" not in plan, plan
        assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize(("column", "number"), [("mtu", 2**31), ("mtu", -(2**31) - 1), ("segmentation_id", 2**63)])
def test_a_number_that_no_column_can_hold_matches_nothing(
    transaction: Transaction, networks: list[dict[str, Any]], column: str, number: int
) -> None:
    some = networks[0][column]
    assert list_rows(transaction.connection, network, Query(filters={column: [number]})) == []
    assert len(list_rows(transaction.connection, network, Query(filters={column: [number, some]}))) == sum(
        row[column] == some for row in networks
    )
