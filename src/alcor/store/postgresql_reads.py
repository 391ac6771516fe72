"""Reads that the event loop itself sends to PostgreSQL and hears the answers of, many statements in one message.

A thread that is handed a short read, its transaction and a cursor for each statement cost six times what the
statements do that are sent together here. What is sent together is one transaction, and sees one snapshot, since the
connection's transactions are to be so by default.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from alcor.store import sql
from alcor.store.direct_reads import as_read, check_not_watched
from alcor.store.foreseen import Foreseen, NotForeseen
from alcor.store.foresight import ForeseeQuery, Foresight
from alcor.store.later_database import LaterDatabase
from alcor.store.wire import Rows, Wire

Result = TypeVar("Result")

_SNAPSHOTS = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_FORGET = "DEALLOCATE ALL"  # what others prepared on the connection, under names that may be given again
_PAUSE_SECONDS = 1.0  # before the server is connected to again


class PostgresqlReads:
    """DirectReads on a connection of the event loop's own, which is made when it is first needed."""

    needs_foresight = True

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._link: _Link | None = None
        self._connecting: asyncio.Task[_Link] | None = None
        self._not_before = 0.0

    async def read(self, foresights: Sequence[Foresight]) -> Foreseen:
        """See DirectReads."""
        check_not_watched(self._engine)
        reads = [each.found_by.read(self._engine, each.values) for each in foresights]
        try:
            if self._link is None or self._link.is_lost:
                self._link = await self._connected()
            answers = await self._link.ask(reads)
        except (SQLAlchemyError, psycopg.Error, LaterDatabase) as error:
            raise NotForeseen(str(error)) from error
        return as_read(self._engine, foresights, reads, answers)

    async def run(self, query: Callable[[Connection], Result], foresee: ForeseeQuery | None) -> Result:
        """See DirectReads."""
        if foresee is None:
            raise NotForeseen("nothing is")
        there: Any = await self.read(foresee())
        return query(there)

    async def close(self) -> None:
        """See DirectReads."""
        if self._connecting is not None:
            with contextlib.suppress(SQLAlchemyError, psycopg.Error, LaterDatabase):
                (await self._connecting).close()

    async def _connected(self) -> "_Link":
        """A connection, which all who wait for it have in common. Raises SQLAlchemyError or psycopg.Error."""
        now = time.monotonic()
        if self._connecting is None or (self._connecting.done() and now >= self._not_before):
            self._not_before = now + _PAUSE_SECONDS
            self._connecting = asyncio.create_task(_linked(self._engine))
        return await asyncio.shield(self._connecting)


async def _linked(engine: Engine) -> "_Link":
    return _Link(await asyncio.to_thread(_connection, engine))


def _connection(engine: Engine) -> psycopg.Connection[Any]:
    """Raises SQLAlchemyError or psycopg.Error."""
    pooled = engine.raw_connection()  # it may have been the writer's
    driver: Any = pooled.driver_connection
    connection: psycopg.Connection[Any] = driver
    pooled.detach()
    connection.autocommit = True
    connection.execute(_SNAPSHOTS)
    connection.execute(_FORGET)
    return connection


class _Link:
    """A connection on which the event loop sends and hears."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection, self._wire = connection, Wire(connection)
        self._loop = asyncio.get_running_loop()
        self._answers: deque[asyncio.Future[list[Rows]]] = deque()
        self.is_lost = False
        connection.pgconn.enter_pipeline_mode()
        self._socket = connection.pgconn.socket
        self._loop.add_reader(self._socket, self._hear)

    async def ask(self, reads: Sequence[sql.Read]) -> list[Rows]:
        """The rows that each finds. Raises psycopg.Error."""
        if self.is_lost:
            raise psycopg.OperationalError("the connection was lost")
        try:
            self._wire.send(reads)
        except psycopg.Error as error:
            self._give_up(error)
            raise
        answer: asyncio.Future[list[Rows]] = self._loop.create_future()
        self._answers.append(answer)
        self._flush()
        return await answer

    def close(self) -> None:
        """Who waits for answers still is told that they do not come."""
        self._give_up(psycopg.OperationalError("the connection is closed"))

    def _flush(self) -> None:
        """Send what is to be sent, as far as the server takes it, and the rest when it does."""
        try:
            if self._wire.pgconn.flush():
                self._loop.add_writer(self._socket, self._flush)
            else:
                self._loop.remove_writer(self._socket)
        except psycopg.Error as error:
            self._give_up(error)

    def _hear(self) -> None:
        try:
            for message in self._wire.heard():
                answer = self._answers.popleft()
                if answer.done():  # its caller was cancelled
                    continue
                if message.error is not None:
                    answer.set_exception(message.error)
                else:
                    answer.set_result(message.rows)
        except psycopg.Error as error:
            self._give_up(error)

    def _give_up(self, error: psycopg.Error) -> None:
        if self.is_lost:
            return
        self.is_lost = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._connection.close()
        while self._answers:
            answer = self._answers.popleft()
            if not answer.done():
                answer.set_exception(error)
