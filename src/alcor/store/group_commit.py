"""Group commit: one thread runs all waiting writes of a process in one transaction and commits once.

The commit, with its wait for the disk, is what a write costs; it is paid once a group. While one group commits the
next one gathers, so groups grow with the load and a lone write waits for nobody.

A group is first run as it is. If any part of it fails, it is rolled back and run again with each part in a savepoint
of its own, so that only the part that fails is answered with the error.
"""

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, RootTransaction
from sqlalchemy.exc import DBAPIError, OperationalError

from alcor.store import change_log
from alcor.store.transaction import Transaction

logger = logging.getLogger(__name__)

Handler = Callable[[Transaction, Sequence[Any]], Sequence[Any]]

_TRIES = 5
_RETRYABLE_STATES = {"40001", "40P01"}  # serialization failure, deadlock detected


class CommitUnknown(RuntimeError):
    """The connection was lost during the commit: the write may or may not be there. Read before trying again."""


class Write:
    """One caller's write, waiting for its group."""

    __slots__ = ("future", "handler", "loop", "request")

    def __init__(self, handler: Handler, request: Any, future: "asyncio.Future[Any]") -> None:
        self.handler = handler
        self.request = request
        self.future = future
        self.loop = future.get_loop()


class GroupCommit:
    """The writer thread and its queue. ``on_commit`` is called in the thread after a commit that made a log entry."""

    def __init__(self, engine: Engine, on_commit: Callable[[], None], largest_group: int = 512) -> None:
        self._engine = engine
        self._on_commit = on_commit
        self._largest_group = largest_group
        self._waiting: queue.SimpleQueue[Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="alcor-writer", daemon=True)
        self._thread.start()

    async def submit(self, handler: Handler, request: Any) -> Any:
        """Have the handler run on the request, among others; returns its result after the durable commit."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.put(Write(handler, request, future))
        return await future

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        closing = False
        while not closing:
            first = self._waiting.get()
            if first is None:
                return
            group = [first]
            while len(group) < self._largest_group:
                try:
                    write = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if write is None:
                    closing = True
                    break
                group.append(write)
            self._answer(group, self._commit(group))

    def _commit(self, group: list[Write]) -> list[Any]:
        for attempt in range(1, _TRIES + 1):
            try:
                return self._transaction(group)
            except CommitUnknown as error:
                return [error] * len(group)
            except DBAPIError as error:
                if attempt == _TRIES or not _worth_retrying(error):
                    logger.exception("a group of %d writes failed", len(group))
                    return [error] * len(group)
                logger.warning("a group of %d writes is tried again: %s", len(group), error.orig)
                time.sleep(0.01 * 2**attempt)
            except Exception as error:
                logger.exception("a group of %d writes failed", len(group))
                return [error] * len(group)
        raise AssertionError("unreachable: the last try returns")

    def _transaction(self, group: list[Write]) -> list[Any]:
        with self._engine.connect().execution_options(writes=True) as connection:
            transaction = Transaction(connection, int(time.time()))
            with connection.begin() as begun:
                try:
                    outcomes = _run_together(transaction, group)
                except _Failed:
                    begun.rollback()
                else:
                    self._finish(transaction, begun)
                    return outcomes
            transaction = Transaction(connection, int(time.time()))
            with connection.begin() as begun:
                outcomes = [_run_alone(transaction, write) for write in group]
                self._finish(transaction, begun)
                return outcomes

    def _finish(self, transaction: Transaction, begun: RootTransaction) -> None:
        if transaction.records:
            change_log.append(transaction.connection, transaction.records)
        try:
            begun.commit()
        except DBAPIError as error:
            if error.connection_invalidated:
                raise CommitUnknown(str(CommitUnknown.__doc__)) from error
            raise
        if transaction.records:
            self._on_commit()

    def _answer(self, group: list[Write], outcomes: list[Any]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
        for write, outcome in zip(group, outcomes, strict=True):
            by_loop.setdefault(write.loop, []).append((write.future, outcome))
        for loop, answers in by_loop.items():
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits
                loop.call_soon_threadsafe(_resolve, answers)


class _Failed(Exception):
    """Part of the group failed; run each part alone."""


def _run_together(transaction: Transaction, group: list[Write]) -> list[Any]:
    if len(group) == 1:
        return [_run_alone(transaction, group[0])]
    by_handler: dict[Handler, list[int]] = {}
    for index, write in enumerate(group):
        by_handler.setdefault(write.handler, []).append(index)
    outcomes: list[Any] = [None] * len(group)
    for handler, indexes in by_handler.items():
        try:
            results = handler(transaction, [group[index].request for index in indexes])
        except Exception as error:
            if isinstance(error, DBAPIError) and _worth_retrying(error):
                raise
            raise _Failed from error
        for index, result in zip(indexes, results, strict=True):
            outcomes[index] = result
    return outcomes


def _run_alone(transaction: Transaction, write: Write) -> Any:
    connection = transaction.connection
    recorded = len(transaction.records)
    connection.exec_driver_sql("SAVEPOINT alone")
    try:
        (result,) = write.handler(transaction, [write.request])
    except Exception as error:
        if isinstance(error, DBAPIError) and _worth_retrying(error):
            raise
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT alone")
        del transaction.records[recorded:]
        return error
    connection.exec_driver_sql("RELEASE SAVEPOINT alone")
    return result


def _worth_retrying(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    return state in _RETRYABLE_STATES or (isinstance(error, OperationalError) and "database is locked" in str(error))


def _resolve(answers: list[tuple["asyncio.Future[Any]", Any]]) -> None:
    for future, outcome in answers:
        if future.done():
            continue
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
