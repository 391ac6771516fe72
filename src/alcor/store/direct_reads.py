"""Reads that the event loop itself sends to PostgreSQL and hears the answers of, many statements in one message.

A thread that is handed a short read, its transaction and a cursor for each statement cost six times what the
statements do. Here they are prepared once and sent together in libpq's pipeline mode. What is sent together is one
transaction, and sees one snapshot, since the connection's transactions are to be so by default.

Nothing depends on it: where it fails, the read is made in the usual way, which says what is wrong.
"""

import asyncio
import contextlib
import re
import time
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from alcor.store import sql
from alcor.store.foreseen import Foreseen, Foresight, NotForeseen

_SNAPSHOTS = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_PAUSE_SECONDS = 1.0  # before the server is connected to again
_NAMED = re.compile(r"%\((\w+)\)s")

Rows = list[tuple[Any, ...]]


class DirectReads:
    """Reads on a connection of the event loop's own, which is made when it is first needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._link: _Link | None = None
        self._connecting: asyncio.Task[_Link] | None = None
        self._not_before = 0.0

    async def read(self, foresights: Sequence[Foresight]) -> Foreseen:
        """What is foreseen, read on one snapshot. Raises NotForeseen when it cannot be read so."""
        if sql.is_watched(self._engine):
            raise NotForeseen("somebody watches what is executed")
        reads = [each.found_by.read(self._engine, each.values) for each in foresights]
        try:
            if self._link is None or self._link.is_lost:
                self._link = await self._connected()
            answers = await self._link.ask(reads)
        except (SQLAlchemyError, psycopg.Error) as error:
            raise NotForeseen(str(error)) from error
        return Foreseen(
            {
                each.asked: {row[0]: row for row in map(each.asked.row(self._engine), rows)}
                for each, rows in zip(foresights, answers, strict=True)
            }
        )

    async def close(self) -> None:
        """Let go of the database."""
        if self._connecting is not None:
            with contextlib.suppress(SQLAlchemyError, psycopg.Error):
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
    """A connection that belongs to nobody else. Raises SQLAlchemyError or psycopg.Error."""
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    pooled.detach()
    connection.autocommit = True
    connection.execute(_SNAPSHOTS)
    return connection  # type: ignore[no-any-return]


class _Asked(msgspec.Struct, frozen=True):
    """A message whose answers are to come."""

    answers: "asyncio.Future[list[Rows]]"
    rows: list[Rows]


class _Link:
    """A connection on which the event loop sends and hears."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection, self._pgconn = connection, connection.pgconn
        self._transformer = Transformer(connection)
        self._loop = asyncio.get_running_loop()
        self._prepared: dict[str, bytes] = {}  # the names of statements
        self._asked: deque[_Asked] = deque()
        self.is_lost = False
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self._socket = self._pgconn.socket
        self._loop.add_reader(self._socket, self._hear)

    async def ask(self, reads: Sequence[tuple[str, Any]]) -> list[Rows]:
        """The rows that each finds. Raises psycopg.Error, and is lost then."""
        if self.is_lost:
            raise psycopg.OperationalError("the connection was lost")
        encoded = [(statement, _encoded(statement, values)) for statement, values in reads]
        asked = _Asked(self._loop.create_future(), [])
        self._asked.append(asked)
        try:
            for statement, its in encoded:
                self._pgconn.send_query_prepared(self._name(statement), its)
            self._pgconn.pipeline_sync()
        except psycopg.Error as error:
            self._give_up(error)
        self._flush()
        return await asked.answers

    def close(self) -> None:
        """Who waits for answers still is told that they do not come."""
        self._give_up(psycopg.OperationalError("the connection is closed"))

    def _name(self, statement: str) -> bytes:
        """What the statement is called, which is prepared before it is first asked."""
        name = self._prepared.get(statement)
        if name is None:
            name = self._prepared[statement] = b"direct_%d" % len(self._prepared)
            self._pgconn.send_prepare(name, _numbered(statement)[0])
        return name

    def _flush(self) -> None:
        """Send what is to be sent, as far as the server takes it, and the rest when it does."""
        if self.is_lost:
            return
        try:
            if self._pgconn.flush():
                self._loop.add_writer(self._socket, self._flush)
            else:
                self._loop.remove_writer(self._socket)
        except psycopg.Error as error:
            self._give_up(error)

    def _hear(self) -> None:
        try:
            self._pgconn.consume_input()
            while self._asked and not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                if result is not None:  # else it is the end of a statement's results
                    self._take(result)
        except psycopg.Error as error:
            self._give_up(error)

    def _take(self, result: PGresult) -> None:
        if result.status == ExecStatus.TUPLES_OK:
            self._transformer.set_pgresult(result)
            self._asked[0].rows.append(self._transformer.load_rows(0, result.ntuples, tuple))
        elif result.status == ExecStatus.PIPELINE_SYNC:
            asked = self._asked.popleft()
            if not asked.answers.done():  # else its caller was cancelled
                asked.answers.set_result(asked.rows)
        elif result.status != ExecStatus.COMMAND_OK:  # that is of a statement that was prepared
            raise psycopg.errors.error_from_result(result)

    def _give_up(self, error: psycopg.Error) -> None:
        if self.is_lost:
            return
        self.is_lost = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._connection.close()
        while self._asked:
            answers = self._asked.popleft().answers
            if not answers.done():
                answers.set_exception(error)


def _encoded(statement: str, values: Mapping[str, str]) -> list[bytes]:
    return [values[name].encode() for name in _numbered(statement)[1]]


@cache
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement as PostgreSQL has it, whose parameters have numbers, and their names in this order."""
    names = tuple(dict.fromkeys(_NAMED.findall(statement)))
    return _NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", statement).encode(), names
