"""Reads that the event loop itself makes of an SQLite file.

Handing a short read to a thread and its result back took longer than the read: both threads want the interpreter's lock
at the same time, and a processor that rests has to be woken for each. Readers wait for no writer, so what rows of a few
keys take is some microseconds, and what a page takes half a millisecond; where the file is locked all the same, nobody
waits for it here, and what turns out to be long is given up.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from alcor.store.direct_reads import as_read, check_not_watched, mark_as_in_event_loop
from alcor.store.foreseen import Foreseen, NotForeseen
from alcor.store.foresight import ForeseeQuery, Foresight

Result = TypeVar("Result")

# Of a large file little is in a cache of the connection's own, and to copy the rest from the kernel's took a fifth of
# the time of a list. A GiB of it is mapped; the kernel keeps of that what it has memory for.
_CONFIGURE = ("busy_timeout=0", "query_only=ON", "cache_size=-16384", f"mmap_size={1 << 30}")
_STEPS = 1_000  # of SQLite's machine from one look at the time to the next: ten for a row, some ten microseconds in all


class SqliteReads:
    """DirectReads on a connection of the event loop's own, which is made when it is first needed.

    What takes longer than ``patience`` seconds is given up.
    """

    needs_foresight = False

    def __init__(self, engine: Engine, patience: float) -> None:
        self._engine, self._patience = engine, patience
        self._connecting: asyncio.Task[Connection] | None = None
        self._deadline = 0.0

    async def read(self, foresights: Sequence[Foresight]) -> Foreseen:
        """See DirectReads."""
        check_not_watched(self._engine)
        reads = [each.found_by.read(self._engine, each.values) for each in foresights]
        try:
            with _driver(await self._connected()) as connection:
                if len(reads) > 1:
                    connection.execute("BEGIN")
                answers = [connection.execute(*read).fetchall() for read in reads]
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise await self._failed(error) from error
        return as_read(self._engine, foresights, reads, answers)

    async def run(self, query: Callable[[Connection], Result], foresee: ForeseeQuery | None) -> Result:
        """See DirectReads."""
        check_not_watched(self._engine)
        try:
            connection = await self._connected()
            with connection.begin():
                return query(connection)
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise await self._failed(error) from error

    async def close(self) -> None:
        """See DirectReads."""
        connecting, self._connecting = self._connecting, None
        if connecting is not None:
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
                (await connecting).close()

    async def _connected(self) -> Connection:
        """Raises SQLAlchemyError or sqlite3.Error."""
        if self._connecting is None:
            self._connecting = asyncio.create_task(asyncio.to_thread(_connection, self._engine, self._is_too_late))
        connection = await asyncio.shield(self._connecting)
        self._deadline = time.monotonic() + self._patience
        return connection

    async def _failed(self, error: Exception) -> NotForeseen:
        """What to raise. The connection is let go of, unless nothing is wrong but that something took long."""
        if not self._is_too_late():
            await self.close()
        return NotForeseen(str(error))

    def _is_too_late(self) -> bool:
        """Whether the read that is made takes longer than others should wait."""
        return time.monotonic() > self._deadline


def _connection(engine: Engine, gives_up: Callable[[], bool]) -> Connection:
    """Raises SQLAlchemyError or sqlite3.Error."""
    connection = engine.connect()
    connection.detach()  # it may have been the writer's, and belongs to nobody else from now on
    driver = _driver(connection)
    for pragma in _CONFIGURE:
        driver.execute(f"PRAGMA {pragma}")
    driver.set_progress_handler(gives_up, _STEPS)
    mark_as_in_event_loop(connection)
    return connection


def _driver(connection: Connection) -> sqlite3.Connection:
    driver: Any = connection.connection.dbapi_connection
    its: sqlite3.Connection = driver
    return its
