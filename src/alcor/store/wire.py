"""Statements sent to PostgreSQL by libpq itself: prepared once on a connection, and any number of them in one message.

A cursor of the driver costs three times what the statement does that it carries out, and for each message its pipelines
let go of the interpreter lock, for which they then wait, ten times.
"""

import contextlib
import re
import select
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

Rows = list[tuple[Any, ...]]
Values = Sequence[Any] | Mapping[str, Any]

_PARAMETER = re.compile(r"%\((\w+)\)s|%s")


class Message(msgspec.Struct):
    """What was sent together, and its answers: what each statement found, up to the first that failed.

    ``steps`` are those whose results are to come: what is to be prepared, with its name, or None for a statement.
    """

    steps: deque[tuple[str, bytes] | None]
    rows: list[Rows] = []
    error: psycopg.Error | None = None

    def answer(self) -> list[Rows]:
        """What each statement found. Raises psycopg.Error when one failed."""
        if self.error is not None:
            raise self.error
        return self.rows


class Wire:
    """A connection in whose pipeline mode messages are sent and heard, and the statements that are prepared on it.

    Values are sent as text, and the server finds out their types.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.pgconn = connection.pgconn
        self._transformer = Transformer(connection)
        self._names: dict[str, bytes] = {}
        self._are_doubtful = False
        self._count = 0
        self._sent: deque[Message] = deque()

    def send(self, statements: Sequence[tuple[str, Values]]) -> Message:
        """Have the statements sent when the server takes them (``pgconn.flush``). Raises psycopg.Error."""
        encoded = [(statement, _encoded(statement, values)) for statement, values in statements]
        message = Message(deque())
        self._sent.append(message)
        names = dict(self._names)
        for statement, values in encoded:
            name = names.get(statement)
            if name is None:
                self._count += 1
                name = names[statement] = b"alcor_%d" % self._count
                self.pgconn.send_prepare(name, _numbered(statement)[0])
                message.steps.append((statement, name))
            self.pgconn.send_query_prepared(name, values)
            message.steps.append(None)
        self.pgconn.pipeline_sync()
        return message

    def heard(self) -> Iterator[Message]:
        """The messages of which all answers are here. Raises psycopg.Error when the connection is lost."""
        self.pgconn.consume_input()
        while self._sent and not self.pgconn.is_busy():
            result = self.pgconn.get_result()
            if result is None:  # the end of a statement's results
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                yield self._sent.popleft()
            else:
                self._take(self._sent[0], result)

    def doubt(self) -> None:
        """The driver may have had the server forget what is prepared, as it does when it rolls back by itself."""
        self._are_doubtful = True

    def exchange(self, statements: Sequence[tuple[str, Values]]) -> list[Rows]:
        """Send the statements, and wait for what each finds. Raises psycopg.Error."""
        if self._are_doubtful:
            self._keep_those_prepared()
        self.pgconn.enter_pipeline_mode()
        try:
            message = self.send(statements)
            while not self._is_heard(message):
                pass
        finally:
            self._sent.clear()
            with contextlib.suppress(psycopg.Error):  # the connection is lost, as was said already
                self.pgconn.exit_pipeline_mode()
        return message.answer()

    def _keep_those_prepared(self) -> None:
        result = self.pgconn.exec_(b"SELECT name FROM pg_prepared_statements")
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.errors.error_from_result(result)
        there = {result.get_value(row, 0) for row in range(result.ntuples)}
        self._names = {statement: name for statement, name in self._names.items() if name in there}
        self._are_doubtful = False

    def _is_heard(self, message: Message) -> bool:
        """Wait until something comes, and see whether it is all that is to come."""
        waits = select.poll()
        waits.register(self.pgconn.socket, select.POLLIN | (select.POLLOUT if self.pgconn.flush() else 0))
        waits.poll()
        return message in list(self.heard())

    def _take(self, message: Message, result: PGresult) -> None:
        step = message.steps.popleft()
        if result.status == ExecStatus.FATAL_ERROR:
            message.error = psycopg.errors.error_from_result(result)
            self._are_doubtful |= isinstance(message.error, psycopg.errors.InvalidSqlStatementName)
        elif result.status == ExecStatus.PIPELINE_ABORTED:
            return
        elif step is not None:
            statement, name = step
            self._names[statement] = name
        else:
            self._transformer.set_pgresult(result)
            message.rows.append(self._transformer.load_rows(0, result.ntuples, tuple))


def _encoded(statement: str, values: Values) -> list[bytes | None]:
    if not isinstance(values, Mapping):
        return list(map(_text, values))
    return [_text(values[name]) for name in _numbered(statement)[1]]


def _text(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it."""
    match value:
        case str():
            return value.encode()
        case None:
            return None
        case bool():
            return b"t" if value else b"f"
        case int():
            return b"%d" % value
        case bytes():
            return rb"\x" + value.hex().encode()
    raise TypeError(f"{type(value)} is no value of a statement that is sent so")


@cache
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement as PostgreSQL has it, whose parameters have numbers, and the names of these in their order."""
    found = [each[1] for each in _PARAMETER.finditer(statement)]
    names = tuple(dict.fromkeys(name for name in found if name))
    numbers = {name: number for number, name in enumerate(names, 1)}
    places = iter(range(1, len(found) + 1))

    def number(parameter: re.Match[str]) -> str:
        return f"${numbers[parameter[1]] if parameter[1] else next(places)}"

    return _PARAMETER.sub(number, statement).encode(), names
