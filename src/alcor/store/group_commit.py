"""Group commit: one thread runs all waiting writes of a process in one transaction and commits once.

The commit, with its wait for the disk, is what a write costs; it is paid once a group. While one group commits the
next one gathers, so groups grow with the load and a lone write waits for nobody.

A group is first run as it is. If a part of it fails, it is rolled back and run again in savepoints, halving what fails
until only the culprits are left: they are answered with their errors, and the others go on.
"""

import asyncio
import contextlib
import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, RootTransaction
from sqlalchemy.exc import DBAPIError, OperationalError

from alcor.model.choices import USUAL, Choices
from alcor.store import change_log, sql
from alcor.store.transaction import Transaction

logger = logging.getLogger(__name__)

Handler = Callable[[Transaction, Sequence[Any]], Sequence[Any]]

_TRIES = 6
_FIRST_PAUSE = 0.02  # seconds before a second try; doubled each time

# Serialization failure, deadlock detected, cannot connect now, a prepared statement that the server was told to forget.
_RETRYABLE_STATES = {"40001", "40P01", "57P03", sql.FORGOTTEN}

# Writers of other processes wait here, as SQLite's do at BEGIN IMMEDIATE. A transaction holds the requests of many
# callers, so no order of row locks could keep two of them from waiting for each other. One that says nothing for so
# long, as it is parted from the database, loses its turn with the transaction.
_TAKE_TURN = (
    "SELECT set_config('idle_in_transaction_session_timeout', '20s', true), pg_advisory_xact_lock(418430283634)"
)


class CommitUnknown(RuntimeError):
    """The commit was cut short, so the write may or may not be there: read before trying again."""


class StoreClosed(RuntimeError):
    """The store has been closed: nothing is written any more."""


class Write:
    """One caller's write, waiting for its group."""

    __slots__ = ("future", "handler", "loop", "request")

    def __init__(self, handler: Handler, request: Any, future: "asyncio.Future[Any]") -> None:
        self.handler = handler
        self.request = request
        self.future = future
        self.loop = future.get_loop()


class GroupCommit:
    """The writer thread and its queue.

    ``on_commit`` is called in the thread with the position of each change-log entry, once it is committed. Writes that
    wait at the same time may be carried out in any order, except that those of one handler keep theirs.
    ``choices`` are what its transactions go by.
    """

    def __init__(
        self,
        engine: Engine,
        on_commit: Callable[[int], None],
        choices: Choices = USUAL,
        largest_group: int = 512,
    ) -> None:
        self._engine = engine
        self._on_commit = on_commit
        self._choices = choices
        self._largest_group = largest_group
        self._closed = False
        self._connection: Connection | None = None  # kept: to take one from the engine is work for each group
        self._waiting: queue.SimpleQueue[Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="alcor-writer", daemon=True)
        self._thread.start()

    async def submit(self, handler: Handler, request: Any) -> Any:
        """Have the handler run on the request, among others; returns its result after the durable commit.

        Raises what the handler raised or returned for the request, CommitUnknown, StoreClosed, or SQLAlchemy's error
        when the database cannot be reached.
        """
        if self._closed:
            raise StoreClosed(str(StoreClosed.__doc__))
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.put(Write(handler, request, future))
        return await future

    def refuse(self) -> None:
        """Take no more writes; the thread ends when it has finished those that wait."""
        self._closed = True
        self._waiting.put(None)

    def join(self) -> None:
        """Wait for the thread's end."""
        self._thread.join()

    def _run(self) -> None:
        closing = False
        while not closing:
            group: list[Write] = []
            closing = self._gather(group)
            if group:
                _answer(group, self._outcomes(group))
        self._let_go()

    def _gather(self, group: list[Write]) -> bool:
        """Wait for a write, and take all others that are there. Returns whether it was the last group."""
        write = self._waiting.get()
        while write is not None:
            group.append(write)
            if len(group) == self._largest_group:
                return False
            try:
                write = self._waiting.get_nowait()
            except queue.Empty:
                return False
        return True

    def _outcomes(self, group: list[Write]) -> Sequence[Any]:
        """The result or error of each write, after a commit or a final failure."""
        attempt = 1
        while True:
            try:
                return self._transact(group)
            except CommitUnknown as error:
                return [error] * len(group)
            except Exception as error:
                if attempt == _TRIES or not _worth_retrying(error):
                    logger.exception("%d writes failed", len(group))
                    return [error] * len(group)
                logger.warning("%d writes are tried again: %s", len(group), error)
            time.sleep(_FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))
            attempt += 1

    def _transact(self, group: list[Write]) -> Sequence[Any]:
        connection = self._connection
        if connection is None:
            connection = sql.with_read_ahead(self._engine.connect().execution_options(writes=True))
            self._connection = connection
        try:
            try:
                return self._commit(connection, group, _together)
            except _PartFailed as failure:
                if len(group) == 1:
                    return [failure.error]
            return self._commit(connection, group, _apart)
        except Exception:
            self._let_go()
            raise

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _commit(
        self, connection: Connection, group: list[Write], run: Callable[[Transaction, list[Write]], Sequence[Any]]
    ) -> Sequence[Any]:
        is_postgresql = connection.dialect.name == "postgresql"
        position = 0
        begun = connection.begin()
        try:
            if is_postgresql:
                sql.begin_with(connection, _TAKE_TURN)
            transaction = Transaction(connection, int(time.time()), self._choices)
            outcomes = run(transaction, group)
            if transaction.records and not is_postgresql:
                position = change_log.append(connection, transaction.records)
        except Exception:
            _roll_back(connection, begun)
            raise
        try:
            if transaction.records and is_postgresql:
                position = change_log.append(connection, transaction.records, commits=True)
            begun.commit()
        except DBAPIError as error:
            connection.invalidate(
                error
            )  # it may still be in the transaction: the next one must not commit this one too
            if _refused(error):
                raise
            raise CommitUnknown(str(CommitUnknown.__doc__)) from error
        if position:
            self._on_commit(position)
        return outcomes


class _PartFailed(Exception):
    """A part of the group failed; run each apart from the others."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _together(transaction: Transaction, group: list[Write]) -> Sequence[Any]:
    """Every handler's requests in one call, without savepoints."""
    outcomes: list[Any] = [None] * len(group)
    for handler, indexes in _by_handler(group).items():
        try:
            results = _handle(transaction, handler, [group[index].request for index in indexes])
        except Exception as error:
            if _worth_retrying(error):
                raise
            raise _PartFailed(error) from error
        for index, result in zip(indexes, results, strict=True):
            outcomes[index] = result
    return outcomes


def _apart(transaction: Transaction, group: list[Write]) -> Sequence[Any]:
    """Every handler's requests in savepoints, so that only culprits fail."""
    outcomes: list[Any] = [None] * len(group)
    for handler, indexes in _by_handler(group).items():
        results = _halving(transaction, handler, [group[index].request for index in indexes])
        for index, result in zip(indexes, results, strict=True):
            outcomes[index] = result
    return outcomes


def _by_handler(group: list[Write]) -> dict[Handler, list[int]]:
    indexes: dict[Handler, list[int]] = {}
    for index, write in enumerate(group):
        indexes.setdefault(write.handler, []).append(index)
    return indexes


def _halving(transaction: Transaction, handler: Handler, requests: Sequence[Any]) -> Sequence[Any]:
    connection = transaction.connection
    recorded = len(transaction.records)
    connection.exec_driver_sql("SAVEPOINT part")
    try:
        results = _handle(transaction, handler, requests)
    except Exception as error:
        if _worth_retrying(error):
            raise
        sql.roll_back(connection, "part")
        connection.exec_driver_sql("RELEASE SAVEPOINT part")
        del transaction.records[recorded:]
        if len(requests) == 1:
            return [error]
        middle = len(requests) // 2
        return [
            *_halving(transaction, handler, requests[:middle]),
            *_halving(transaction, handler, requests[middle:]),
        ]
    connection.exec_driver_sql("RELEASE SAVEPOINT part")
    return results


def _handle(transaction: Transaction, handler: Handler, requests: Sequence[Any]) -> Sequence[Any]:
    try:
        results = handler(transaction, requests)
    except (StopIteration, SystemExit, KeyboardInterrupt, GeneratorExit) as error:
        # What no future accepts, or would end the writer thread or the event loop.
        raise RuntimeError(f"{handler} raised {error!r}") from error
    if len(results) != len(requests):
        raise RuntimeError(f"{handler} returned {len(results)} results for {len(requests)} requests")
    if transaction.connection.dialect.name == "postgresql":
        driver_connection: Any = transaction.connection.connection.driver_connection
        # PostgreSQL would answer the commit of a failed transaction by rolling back, without an error.
        if driver_connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            raise RuntimeError(f"{handler} went on after the database had refused a statement")
    return results


def _roll_back(connection: Connection, begun: RootTransaction) -> None:
    with contextlib.suppress(DBAPIError):  # a lost connection has rolled back by itself
        if not connection.invalidated:
            sql.roll_back(connection)
        begun.rollback()


def _worth_retrying(error: BaseException) -> bool:
    """Whether the transaction may well succeed if run once more, and certainly left nothing behind."""
    if not isinstance(error, DBAPIError):
        return False
    if getattr(error.orig, "sqlstate", None) in _RETRYABLE_STATES or _connection_lost(error):
        return True
    return isinstance(error, OperationalError) and "database is locked" in str(error.orig)


def _refused(error: DBAPIError) -> bool:
    """Whether the database itself said that it did not commit."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state != "40003" and not _connection_lost(error)  # statement completion unknown
    return "database is locked" in str(error.orig)


def _connection_lost(error: DBAPIError) -> bool:
    if isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate is None:
        return True  # nothing came from the server: it could not be reached, or no longer
    return error.connection_invalidated


def _answer(group: list[Write], outcomes: Sequence[Any]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for write, outcome in zip(group, outcomes, strict=True):
        by_loop.setdefault(write.loop, []).append((write.future, outcome))
    for loop, answers in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits
            loop.call_soon_threadsafe(_resolve, answers)


def _resolve(answers: list[tuple["asyncio.Future[Any]", Any]]) -> None:
    for future, outcome in answers:
        if future.done():  # its caller was cancelled
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
