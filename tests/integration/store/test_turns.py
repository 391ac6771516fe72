"""Readers take turns where that is cheaper, and none stands behind another for long."""

import asyncio
import threading

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from alcor.store import change_log, group_commit, sql
from alcor.store.store import Store, open_store
from alcor.store.transaction import Transaction
from tests.databases import PostgreSQL
from tests.links.links import Links
from tests.processes import free_port

_PATIENCE_SECONDS = 60.0


async def test_short_reads_go_on_beside_a_long_one(store: Store) -> None:
    begun, may_end = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def long(connection: Connection) -> int:
        loop.call_soon_threadsafe(begun.set)
        assert may_end.wait(30)
        return change_log.head(connection)

    reading = asyncio.create_task(store.read(long))
    await begun.wait()
    assert await asyncio.gather(*[store.read(change_log.head) for _ in range(100)]) == [0] * 100
    assert not reading.done()
    may_end.set()
    assert await reading == 0


async def test_a_query_that_fails_is_an_error_of_its_caller_alone(store: Store) -> None:
    def fails(_connection: Connection) -> int:
        raise StopIteration  # which no future takes

    with pytest.raises(RuntimeError, match="StopIteration"):
        await store.read(fails)
    assert await store.read(change_log.head) == 0


_ASKED = "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"


@pytest.mark.parametrize("way", ["toolkit", "driver"])
async def test_every_read_is_of_one_snapshot_and_writes_nothing(store: Store, way: str) -> None:
    def settings(connection: Connection) -> tuple[str, str]:
        if connection.dialect.name == "sqlite":  # where a transaction is always of one snapshot
            return "repeatable read", "on"
        if way == "driver":
            [(isolation, is_read_only)] = sql.fetch(connection, _ASKED, ())
        else:
            isolation, is_read_only = connection.execute(text(_ASKED)).one()
        return isolation, is_read_only

    for _ in range(3):
        assert await store.read(settings) == ("repeatable read", "on")
        with pytest.raises(DBAPIError):
            await store.read(lambda connection: connection.execute(text("SELECT * FROM no_such_table")))
        with pytest.raises(DBAPIError):
            await store.read(lambda connection: sql.fetch(connection, "SELECT * FROM no_such_table", ()))


async def test_reads_go_on_when_the_database_has_forgotten_what_was_prepared(store: Store) -> None:
    def forget(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("DEALLOCATE ALL")

    for _ in range(3):
        assert await store.read(change_log.head) == 0
        assert await store.read(lambda connection: sql.fetch(connection, "SELECT 1", ())) == [(1,)]
        await store.read(forget)


async def test_a_writer_that_is_parted_from_the_database_has_others_wait_for_seconds_only(
    postgresql: PostgreSQL, postgresql_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_TAKE_TURN", group_commit._TAKE_TURN.replace("'20s'", "'1s'"))
    database = postgresql.create_database(postgresql_template)
    begun = threading.Event()
    with Links() as links:
        link = links.open(f"127.0.0.1:{free_port()}", postgresql.address)
        parted = await open_store(postgresql.url(database, at=link.address))
        other = await open_store(postgresql.url(database))

        def operation(transaction: Transaction) -> int:
            if not begun.is_set():
                link.freeze()
                begun.set()
            return change_log.head(transaction.connection)

        writing = asyncio.create_task(parted.write(operation))
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await asyncio.to_thread(begun.wait)
            await other.write(lambda transaction: change_log.head(transaction.connection))
            assert not writing.done()
            link.heal()
            assert await writing == 0, "it is tried again"
        await parted.close()
        await other.close()
    postgresql.drop_database(database)
