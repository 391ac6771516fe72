"""Reads that the event loop itself makes of an SQLite file.

Handing a short read to a thread and its result back took longer than the read: both threads want the interpreter's lock
at the same time, and a processor that rests has to be woken for each. Readers wait for no writer, so what rows of a few
keys take is some microseconds; where the file is locked all the same, nobody waits for it here.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from alcor.store.direct_reads import as_read, check_not_watched, own_connection
from alcor.store.foreseen import Foreseen, NotForeseen
from alcor.store.foresight import Foresight

_CONFIGURE = ("busy_timeout=0", "query_only=ON", "cache_size=-2048")


class SqliteReads:
    """DirectReads on a connection of the event loop's own, which is made when it is first needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connecting: asyncio.Task[sqlite3.Connection] | None = None

    async def read(self, foresights: Sequence[Foresight]) -> Foreseen:
        """See DirectReads."""
        check_not_watched(self._engine)
        reads = [each.found_by.read(self._engine, each.values) for each in foresights]
        try:
            if self._connecting is None:
                self._connecting = asyncio.create_task(asyncio.to_thread(_connection, self._engine))
            with await asyncio.shield(self._connecting) as connection:
                if len(reads) > 1:
                    connection.execute("BEGIN")
                answers = [connection.execute(*read).fetchall() for read in reads]
        except (SQLAlchemyError, sqlite3.Error) as error:
            await self.close()
            raise NotForeseen(str(error)) from error
        return as_read(self._engine, foresights, reads, answers)

    async def close(self) -> None:
        """See DirectReads."""
        connecting, self._connecting = self._connecting, None
        if connecting is not None:
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
                (await connecting).close()


def _connection(engine: Engine) -> sqlite3.Connection:
    """Raises SQLAlchemyError or sqlite3.Error."""
    connection: sqlite3.Connection = own_connection(engine)
    for pragma in _CONFIGURE:
        connection.execute(f"PRAGMA {pragma}")
    return connection
