"""Pages hold what the rows are, however often they were read before and whoever changed them."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Table, select

from alcor.model.identifiers import new_id
from alcor.store import bulk
from alcor.store.engine import reader
from alcor.store.known_rows import KnownRows
from alcor.store.listing.page import list_rows
from alcor.store.listing.query import Query
from alcor.store.store import Store
from alcor.store.tables import network, subnet
from alcor.store.transaction import Transaction
from tests.integration.store.rows import network_row, subnet_row

SOME = ("id", "name", "attributes")


async def paged(store: Store, table: Table) -> list[tuple[Any, ...]]:
    """The rows as a page has them, which are those that the database holds."""

    def read(connection: Connection) -> tuple[list[Any], list[Any]]:
        rows = list_rows(connection, table, Query(limit=1000))
        for is_known in (True, False):
            some = list_rows(connection, table, Query(limit=1000, columns=SOME, is_known=is_known))
            assert some == [(row.id, row.name, row.attributes) for row in rows]
        return [tuple(row) for row in rows], list(map(tuple, connection.execute(select(table).order_by(table.c.id))))

    page, stored = await store.read(read)
    assert page == stored
    return page


async def write(store: Store, table: Table, *rows: Sequence[Any]) -> None:
    await store.write(lambda transaction: bulk.insert_rows(transaction.connection, table, rows))


async def change(store: Store, network_id: str, **values: Any) -> None:
    def operation(transaction: Transaction) -> None:
        transaction.connection.execute(network.update().where(network.c.id == network_id).values(values))

    await store.write(operation)


async def test_a_row_that_changes_is_read_anew_though_its_revision_is_the_same(store: Store) -> None:
    first, second = network_row(1), network_row(2)
    await write(store, network, first, second)
    await paged(store, network)
    await change(store, first[0], name="changed", physical_network="fabric", admin_state_up=False)
    assert {row[2] for row in await paged(store, network)} == {"", "changed"}
    await change(store, first[0], name="", physical_network=None, admin_state_up=True)
    assert {row[2] for row in await paged(store, network)} == {""}


async def test_a_row_that_is_made_again_is_another_one(store: Store) -> None:
    row_id = new_id()
    await write(store, network, network_row(1, row_id, "before"))
    await paged(store, network)
    await store.write(lambda transaction: bulk.delete_by(transaction.connection, network, "id", [row_id]))
    assert await paged(store, network) == []
    await write(store, network, network_row(1, row_id, "after"))
    assert [row[2] for row in await paged(store, network)] == ["after"]


@pytest.mark.parametrize("name", ["", '"', "\\", "null", "[1,2]", "\t\x01\x7f", "ü€𝄞", "a,b"])
async def test_any_text_and_number_comes_back_as_it_was_written(store: Store, name: str) -> None:
    largest = network_row(2**31 - 1, name=name)
    await write(store, network, (*largest[:4], 2**63 - 1, *largest[5:]))
    of_4, of_6 = (subnet_row(largest[0], cidr) for cidr in ("10.0.0.0/8", "2001:db8::/64"))
    await write(store, subnet, of_4, of_6)
    for table in (network, subnet):
        read_first = await paged(store, table)
        assert await paged(store, table) == read_first


async def test_what_a_transaction_undid_was_never_there(store: Store) -> None:
    row = network_row(1)
    await write(store, network, row)

    def operation(transaction: Transaction) -> None:
        transaction.connection.execute(network.update().values(name="undone"))
        assert list_rows(transaction.connection, network, Query(limit=10))[0].name == "undone"
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(operation)
    assert [each[2] for each in await paged(store, network)] == [""]


async def test_more_rows_than_can_be_known_are_a_crowd(engine: Engine) -> None:
    rows = sorted((network_row(vni) for vni in range(1, 6)), key=itemgetter(0))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        bulk.insert_rows(connection, network, rows)
    known = KnownRows(most=3)
    reads = reader(engine).execution_options(known_rows=known)

    def page(of: int) -> list[str]:
        query = Query(limit=of, columns=SOME, is_known=True)
        with reads.connect() as connection, connection.begin():
            return [row.id for row in list_rows(connection, network, query)]

    for _ in range(2):
        assert page(3) == [row[0] for row in rows[:3]]
        assert not known.is_crowded(network, SOME)
    assert page(5) == [row[0] for row in rows]
    assert known.is_crowded(network, SOME) and not known.is_crowded(network, ())
    assert page(5) == [row[0] for row in rows]
