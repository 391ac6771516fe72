"""Readers take turns where that is cheaper, and none stands behind another for long."""

import asyncio
import threading

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from alcor.store import change_log
from alcor.store.store import Store


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


async def test_every_read_is_of_one_snapshot_and_writes_nothing(store: Store) -> None:
    def settings(connection: Connection) -> tuple[str, str]:
        if connection.dialect.name == "sqlite":  # where a transaction is always of one snapshot
            return "repeatable read", "on"
        asked = "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"
        isolation, is_read_only = connection.execute(text(asked)).one()
        return isolation, is_read_only

    for _ in range(3):
        assert await store.read(settings) == ("repeatable read", "on")
        with pytest.raises(DBAPIError):
            await store.read(lambda connection: connection.execute(text("SELECT * FROM no_such_table")))
