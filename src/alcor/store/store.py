"""The store: what the rest of a controller sees of its database."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from alcor.store import change_log, migrate
from alcor.store.engine import open_engine
from alcor.store.group_commit import GroupCommit
from alcor.store.transaction import Transaction

Result = TypeVar("Result")
Request = TypeVar("Request")

_READERS = 4
_POLL_SECONDS = 0.02


class Store:
    """A database with its writer thread and its reader threads. Made by open_store."""

    def __init__(self, engine: Engine, log_id: bytes) -> None:
        self.log_id = log_id
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._committed = asyncio.Event()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="alcor-reader")
        self._writer = GroupCommit(engine, self._announce)

    async def write(self, operation: Callable[[Transaction], Result]) -> Result:
        """Run the operation in a transaction, shared with other callers' writes; returns after the durable commit.

        An exception the operation raises undoes what it did, and is raised here.
        """
        result: Result = await self._writer.submit(_run_operations, operation)
        return result

    async def write_batch(
        self, handler: Callable[[Transaction, Sequence[Request]], Sequence[Result | Exception]], request: Request
    ) -> Result:
        """Have the request handled together with other callers' requests for the same handler.

        The handler returns one result or exception for each request; for an exception it must have written nothing.
        """
        result: Result = await self._writer.submit(handler, request)
        return result

    async def read(self, query: Callable[[Connection], Result]) -> Result:
        """Run a query in a reader thread, on one consistent snapshot."""
        return await self._loop.run_in_executor(self._readers, self._read, query)

    async def wait_for_entries(self, after: int, timeout: float) -> None:
        """Return when the change log has an entry past ``after``, or after ``timeout`` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while True:
                    self._committed.clear()
                    if await self.read(change_log.head) > after:
                        return
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._committed.wait(), _POLL_SECONDS)

    async def close(self) -> None:
        """Finish the writes that wait, then let go of the database."""
        await asyncio.to_thread(self._writer.close)
        self._readers.shutdown()
        self._engine.dispose()

    def _read(self, query: Callable[[Connection], Result]) -> Result:
        with self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                return query(connection)

    def _announce(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits
            self._loop.call_soon_threadsafe(self._committed.set)


def _run_operations(transaction: Transaction, operations: Sequence[Callable[[Transaction], Any]]) -> Sequence[Any]:
    return [operation(transaction) for operation in operations]


async def open_store(url: str) -> Store:
    """Open the database, bringing its tables up to date. Raises ValueError for a URL of no known database."""
    engine = open_engine(url, _READERS + 1)
    await asyncio.to_thread(migrate.upgrade, engine)
    log_id = await asyncio.to_thread(_read_log_id, engine)
    return Store(engine, log_id)


def _read_log_id(engine: Engine) -> bytes:
    with engine.connect() as connection:
        return change_log.log_id(connection)
