"""Reads that wait together are done together, fail alone, and see what was committed before they were asked for."""

import asyncio
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from alcor.store.store import Store
from tests.integration.store.rows import add_network, stored_vnis


class Reader:
    """A handler whose first call waits until it is let go."""

    def __init__(self) -> None:
        self.calls: list[Sequence[Any]] = []
        self.begun, self.go_on = asyncio.Event(), threading.Event()
        self._loop = asyncio.get_running_loop()

    def __call__(self, connection: Connection, requests: Sequence[Any]) -> list[Any]:
        self.calls.append(requests)
        if len(self.calls) == 1:
            self._loop.call_soon_threadsafe(self.begun.set)
            assert self.go_on.wait(30)
        return [self._read(connection, request) for request in requests]

    async def together(self, store: Store, *requests: Any) -> list[Any]:
        """Results and errors of requests that are all made while the handler is at work."""
        first = asyncio.create_task(store.read_batch(self, "first"))
        await self.begun.wait()
        tasks = [asyncio.create_task(store.read_batch(self, request)) for request in requests]
        await asyncio.sleep(0)  # lets the tasks submit their reads
        self.go_on.set()
        await first
        return await asyncio.gather(*tasks, return_exceptions=True)

    def _read(self, connection: Connection, request: Any) -> Any:
        if request == "fail":
            connection.execute(text("SELECT * FROM no_such_table"))
        if request == "refuse":
            return LookupError(request)
        return stored_vnis(connection) if request == "vnis" else request


async def test_reads_that_wait_are_done_in_one_call(store: Store) -> None:
    reader = Reader()
    assert await reader.together(store, 5, 6, 7) == [5, 6, 7]
    assert reader.calls == [["first"], [5, 6, 7]]


async def test_a_read_after_a_write_sees_it_though_others_are_under_way(store: Store) -> None:
    reader = Reader()
    first = asyncio.create_task(store.read_batch(reader, "vnis"))
    await reader.begun.wait()
    await store.write(partial(add_network, vni=9))
    after = asyncio.create_task(store.read_batch(reader, "vnis"))
    await asyncio.sleep(0)
    reader.go_on.set()
    assert await after == {9}
    await first


async def test_a_read_that_fails_takes_no_other_with_it(store: Store) -> None:
    results = await Reader().together(store, 1, "fail", 2, "refuse")
    assert results[0] == 1
    assert isinstance(results[1], SQLAlchemyError)
    assert results[2] == 2
    assert isinstance(results[3], LookupError)


async def test_a_cancelled_read_disturbs_no_other(store: Store) -> None:
    reader = Reader()
    first = asyncio.create_task(store.read_batch(reader, 1))
    await reader.begun.wait()
    second = asyncio.create_task(store.read_batch(reader, 2))
    third = asyncio.create_task(store.read_batch(reader, 3))
    await asyncio.sleep(0)
    second.cancel()
    reader.go_on.set()
    assert [await first, await third] == [1, 3]


async def test_a_handler_that_loses_a_result_is_a_fault_that_ends(store: Store) -> None:
    with pytest.raises(RuntimeError, match="0 results were read for 1 requests"):
        await store.read_batch(lambda _connection, _requests: [], 1)
    assert await store.read_batch(lambda _connection, requests: requests, 2) == 2
