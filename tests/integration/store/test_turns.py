"""Readers take turns where that is cheaper, and none stands behind another for long."""

import asyncio
import threading

from sqlalchemy import Connection

from alcor.store import change_log
from alcor.store.store import Store


async def test_a_short_read_goes_on_beside_a_long_one(store: Store) -> None:
    begun, may_end = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def long(connection: Connection) -> int:
        loop.call_soon_threadsafe(begun.set)
        assert may_end.wait(30)
        return change_log.head(connection)

    reading = asyncio.create_task(store.read(long))
    await begun.wait()
    assert await store.read(change_log.head) == 0
    assert not reading.done()
    may_end.set()
    assert await reading == 0
