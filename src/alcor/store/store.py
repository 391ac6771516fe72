"""The store: what the rest of a controller sees of its database."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import DBAPIError

from alcor.model.choices import USUAL, Choices
from alcor.store import change_log, migrate, sql
from alcor.store.attempts import Attempts
from alcor.store.direct_reads import DirectReads
from alcor.store.engine import open_engine, reader, reading
from alcor.store.foreseen import NotForeseen
from alcor.store.foresight import Foresee, ForeseeQuery
from alcor.store.group_commit import GroupCommit
from alcor.store.group_read import GroupRead
from alcor.store.known_rows import KnownRows
from alcor.store.later_database import LaterDatabase
from alcor.store.postgresql_reads import PostgresqlReads
from alcor.store.readers import Readers
from alcor.store.sqlite_reads import SqliteReads
from alcor.store.statistics import Statistics
from alcor.store.transaction import Transaction

Result = TypeVar("Result")
Request = TypeVar("Request")

_READERS = 4
_OTHERS = 2  # connections: the writer's, and the one that tables are analysed on
_POLL_SECONDS = 0.02  # between looks for what other processes have written
_RARE_POLL_SECONDS = 0.5  # on SQLite: a controller has a file to itself (controller.database_lock)
_PATIENCE_SECONDS = 0.02  # how long a read waits for the one before it

# SQLite's driver lets go of the interpreter lock at every row. Readers side by side would pass it to and fro so often
# that lists cost nearly twice as much.
_SQLITE_READERS = 1


class Store:
    """A database with its writer thread and its reader threads. Made by open_store."""

    def __init__(self, engine: Engine, log_id: bytes, position: int, choices: Choices) -> None:
        self.log_id = log_id
        self.choices = choices
        self._engine, self._reader = engine, reader(engine)
        self._loop = asyncio.get_running_loop()
        self._position = position  # a committed position of the change log, not always the newest
        self._looked_at = 0.0  # when somebody last looked for a newer one
        self._advanced = asyncio.Event()  # set and replaced each time the position grows
        at_once = _SQLITE_READERS if engine.dialect.name == "sqlite" else _READERS
        self._idle: list[Connection] = []  # of readers: to take one from the engine takes as long as a short read
        self._readers = Readers(_READERS, at_once, _PATIENCE_SECONDS)
        self._writer = GroupCommit(engine, self._announce, choices)
        is_postgresql = engine.dialect.name == "postgresql"
        self._direct_reads: DirectReads = (
            PostgresqlReads(self._reader) if is_postgresql else SqliteReads(self._reader, _PATIENCE_SECONDS)
        )
        self._poll_seconds = _POLL_SECONDS if is_postgresql else _RARE_POLL_SECONDS
        self._attempts = Attempts()  # to read directly what a reader would read
        self._group_read = GroupRead(self.read, self._direct_reads)
        self._statistics = Statistics(engine) if is_postgresql else None
        self._later: asyncio.Future[None] = self._loop.create_future()  # fails once a later version has the database

    async def write(self, operation: Callable[[Transaction], Result]) -> Result:
        """Run the operation in a transaction, shared with other callers' writes; returns after the durable commit.

        An exception the operation raises undoes what it did, and is raised here. The operation may be run more than
        once, each time but the last undone. Raises CommitUnknown when nobody can tell whether it was committed.
        """
        result: Result = await self.write_batch(_run_operations, operation)
        return result

    async def write_batch(
        self, handler: Callable[[Transaction, Sequence[Request]], Sequence[Result | Exception]], request: Request
    ) -> Result:
        """Have the request handled together with other callers' requests for the same handler.

        The handler returns one result or exception for each request; for an exception it must have written nothing.
        If it raises, it is called again with fewer requests, until only those that make it raise are refused.
        """
        try:
            result: Result = await self._writer.submit(handler, request)
        except LaterDatabase as error:
            self._part(error)
            raise
        return result

    def is_crowded(self, table: Table, columns: Sequence[str]) -> bool:
        """Whether there are more of these rows than a reader knows again."""
        known: KnownRows = self._reader.get_execution_options()["known_rows"]
        return known.is_crowded(table, columns)

    async def read(
        self,
        query: Callable[[Connection], Result],
        *,
        is_short: bool = False,
        foresee: ForeseeQuery | None = None,
    ) -> Result:
        """Run a query in a reader thread, on one consistent snapshot.

        It is run again if the connection was lost, or what had been prepared on it. One that is short, which takes
        little time whatever there is, may be run in the event loop; on PostgreSQL if all that it reads is foreseen.
        """
        if is_short and (foresee is not None or not self._direct_reads.needs_foresight):
            with contextlib.suppress(NotForeseen):
                return await self._read_directly(query, foresee)
        try:
            result: Result = await self._readers.submit(lambda: self._read(query))
        except LaterDatabase as error:
            self._part(error)
            raise
        return result

    async def read_batch(
        self,
        handler: Callable[[Connection, Sequence[Request]], Sequence[Result | Exception]],
        request: Request,
        foresee: Foresee | None = None,
    ) -> Result:
        """Have the request read together with other callers' requests for the same handler, on one snapshot.

        The handler returns one result or exception for each request. If it raises, it is called again with each alone.
        It is quicker if all that it reads can be foreseen. What it does beside should take little time: it may be
        called in the event loop.
        """
        result: Result = await self._group_read.submit(handler, request, foresee)
        return result

    async def until_later(self) -> None:
        """Raises LaterDatabase when a later version has the database, from which this one is parted for good."""
        await asyncio.shield(self._later)

    async def wait_for_entries(self, after: int, timeout: float) -> None:
        """Return when the change log has an entry past ``after``, or after ``timeout`` seconds.

        This process's own commits wake at once; those of others are looked for every 20 ms, or half a second on SQLite,
        by one of those who wait.
        """
        deadline = time.monotonic() + timeout
        while self._position <= after and (remaining := deadline - time.monotonic()) > 0:
            try:
                await asyncio.wait_for(self._advanced.wait(), min(self._poll_seconds, remaining))
            except TimeoutError:
                await self._look_for_entries()

    async def _look_for_entries(self) -> None:
        now = time.monotonic()
        if now - self._looked_at >= self._poll_seconds:
            self._looked_at = now
            self._advance(await self._head())

    async def _head(self) -> int:
        """Read in the event loop, as it is looked for so often."""
        with contextlib.suppress(NotForeseen):
            there: Any = await self._direct_reads.read(change_log.head_foreseen())
            return change_log.head(there)
        return await self.read(change_log.head)

    async def close(self) -> None:
        """Finish the writes that wait, then let go of the database."""
        self._writer.refuse()
        await asyncio.to_thread(self._writer.join)
        if self._statistics is not None:
            await asyncio.to_thread(self._statistics.close)
        await self._direct_reads.close()
        await asyncio.to_thread(self._readers.close)
        self._let_go()
        self._engine.dispose()

    async def _read_directly(self, query: Callable[[Connection], Result], foresee: ForeseeQuery | None) -> Result:
        """Raises NotForeseen, also where it is too often so."""
        if not self._attempts.is_worthwhile():
            raise NotForeseen(query)
        try:
            result = await self._direct_reads.run(query, foresee)
        except NotForeseen:
            self._attempts.failed()
            raise
        self._attempts.succeeded()
        return result

    def _read(self, query: Callable[[Connection], Result]) -> Result:
        try:
            return self._read_on(self._connection(), query)
        except DBAPIError as error:
            if not error.connection_invalidated and not sql.is_forgotten(error):
                raise
        self._let_go()  # of the others, which are lost, too
        return self._read_on(self._reader.connect(), query)

    def _connection(self) -> Connection:
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        return self._reader.connect()

    def _read_on(self, connection: Connection, query: Callable[[Connection], Result]) -> Result:
        try:
            with connection.begin():
                result = query(connection)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return result

    def _let_go(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _announce(self, position: int) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits
            self._loop.call_soon_threadsafe(self._advance, position)

    def _part(self, error: LaterDatabase) -> None:
        if not self._later.done():
            self._later.set_exception(error)
            self._later.exception()  # nobody has to ask for it

    def _advance(self, position: int) -> None:
        if position > self._position:
            self._position = position
            self._advanced.set()
            self._advanced = asyncio.Event()


def _run_operations(transaction: Transaction, operations: Sequence[Callable[[Transaction], Any]]) -> Sequence[Any]:
    return [operation(transaction) for operation in operations]


async def open_store(url: str, choices: Choices = USUAL) -> Store:
    """Open the database, bringing its tables up to date.

    Raises ValueError for a URL of no known database, and LaterDatabase for one of a later version.

    What is written through this store goes by the operator's ``choices``.
    """
    engine = open_engine(url, _READERS + _OTHERS)
    log_id, position = await asyncio.to_thread(_prepare, engine)
    return Store(engine, log_id, position, choices)


def _prepare(engine: Engine) -> tuple[bytes, int]:
    migrate.upgrade(engine)
    with reading(engine) as connection:
        return change_log.log_id(connection), change_log.head(connection)
