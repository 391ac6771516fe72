"""Static SQL, made once: what hot paths execute."""

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import msgspec
import psycopg
from sqlalchemy import Boolean, ColumnElement, Connection, CursorResult, Engine, Select, TextClause, bindparam, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.base import ColumnCollection

from alcor.store.foreseen import Foreseen
from alcor.store.wire import Rows, Values, Wire

_MOST_PADDED = 1 << 14  # the next power of two is more parameters than SQLite takes
_STATEMENTS = 32  # of each kind that are kept
_NAME = re.compile(r":(\w+)")
_READ_AHEAD = "read_ahead"
_SNAPSHOT = "snapshot"
_WIRE = "wire"

FORGOTTEN = "26000"
"""The state of SQL of a statement that the server does not know as prepared."""

NamedRow = Any
"""A row as a tuple whose items have the names of its columns."""

Read = tuple[str, Values]
"""A statement that finds rows, in the words of the database's driver, with its values."""


def statement(sql: str) -> TextClause:
    """A statement with named parameters, the same on every database."""
    return text(sql)


class DriverStatement:
    """A statement with named parameters that goes to the database's driver as it is: half the work of the other kinds.

    Values come back as the driver gives them: booleans are numbers on SQLite. ``locks`` has a SELECT lock its rows
    until the transaction ends; SQLite's writer locks all anyway.
    """

    __slots__ = ("_by_dialect",)

    def __init__(self, sql: str, locks: bool = False) -> None:
        named = _NAME.sub(r"%(\1)s", sql)
        self._by_dialect = {"sqlite": sql, "postgresql": f"{named} FOR UPDATE" if locks else named}

    def __call__(
        self, connection: Connection, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> CursorResult[Any]:
        """Execute it, once or for each of the parameters."""
        given = dict(parameters) if isinstance(parameters, Mapping) else list(map(dict, parameters))
        return connection.exec_driver_sql(self._by_dialect[connection.dialect.name], given)

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What it finds, as plain tuples; SQLAlchemy would take longer to make rows of it than it takes to find it."""
        return fetch(connection, *self.read(connection, parameters))

    def read(self, database: Connection | Engine, parameters: Mapping[str, Any]) -> Read:
        """What is asked of the driver."""
        return self._by_dialect[database.dialect.name], parameters

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> None:
        """Execute it as quickly."""
        execute(connection, self._by_dialect[connection.dialect.name], parameters)


class Prepared:
    """A SELECT that is turned into SQL once for each database, and then costs what its driver does.

    SQLAlchemy takes six times as long to find the SQL again, and to wrap what the driver returns.
    """

    __slots__ = ("_by_dialect", "_select")

    def __init__(self, select: Select[Any]) -> None:
        self._select = select
        self._by_dialect: dict[str, _DriverSelect] = {}

    def __call__(self, connection: Connection, parameters: Mapping[str, Any]) -> list[NamedRow]:
        """All rows that are found with these parameters, and with those that the SELECT has itself."""
        made, values = self._made(connection, parameters)
        return list(map(made.row, fetch(connection, made.sql, values)))

    def values(self, connection: Connection, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The same as plain tuples of what the driver gives."""
        return fetch(connection, *self.read(connection, parameters))

    def read(self, database: Connection | Engine, parameters: Mapping[str, Any]) -> Read:
        """What is asked of the driver."""
        made, values = self._made(database, parameters)
        return made.sql, values

    def row(self, database: Connection | Engine, parameters: Mapping[str, Any]) -> Callable[[Sequence[Any]], NamedRow]:
        """What makes rows of what the driver answers."""
        made, _ = self._made(database, parameters)
        return made.row

    def _made(self, database: Connection | Engine, parameters: Mapping[str, Any]) -> tuple["_DriverSelect", Any]:
        made = self._by_dialect.get(database.dialect.name)
        if made is None:
            made = self._by_dialect[database.dialect.name] = _driver_select(self._select, database, parameters)
        given = {**made.own, **parameters}
        return made, [given[name] for name in made.order] if made.order is not None else given


class _DriverSelect(msgspec.Struct, frozen=True):
    """A SELECT as a driver takes it. ``order`` are the names of its parameters where these have places instead."""

    sql: str
    order: Sequence[str] | None
    own: Mapping[str, Any]
    row: Callable[[Sequence[Any]], NamedRow]


def _driver_select(select: Select[Any], connection: Connection | Engine, parameters: Iterable[str]) -> _DriverSelect:
    """``parameters`` are the names of those that are given each time."""
    given = dict.fromkeys(parameters)
    compiled: Any = select.compile(dialect=connection.dialect)
    expanded = compiled.construct_expanded_state(given)
    own = {name: value for name, value in expanded.parameters.items() if name not in given}
    columns = select.selected_columns
    named = named_row(columns)
    are_numbers = connection.dialect.name == "sqlite"
    booleans = [index for index, each in enumerate(columns) if are_numbers and isinstance(each.type, Boolean)]
    return _DriverSelect(expanded.statement, expanded.positiontup, own, _with_booleans(named, booleans))


def named_row(columns: ColumnCollection[str, Any]) -> Callable[[Sequence[Any]], NamedRow]:
    """What makes rows of the values of these columns."""
    row: Any = namedtuple("Row", columns.keys(), rename=True)  # type: ignore[misc]
    made: Callable[[Sequence[Any]], NamedRow] = row._make
    return made


def _with_booleans(make: Callable[[Sequence[Any]], NamedRow], places: Sequence[int]) -> Callable[..., NamedRow]:
    """What makes rows whose columns in some places are booleans that the driver gives as numbers."""
    if not places:
        return make

    def row(values: Sequence[Any]) -> NamedRow:
        changed = list(values)
        for place in places:
            if changed[place] is not None:
                changed[place] = changed[place] == 1
        return make(changed)

    return row


def fetch(connection: Connection, sql: str, values: Values) -> list[tuple[Any, ...]]:
    """The rows of a statement in the words of the database's driver. Raises DBAPIError, as SQLAlchemy does."""
    if isinstance(connection, Foreseen):
        return connection.found(key_of(sql, values))
    if is_watched(connection):
        return [tuple(row) for row in connection.exec_driver_sql(sql, _given(values))]
    ahead = connection.get_execution_options().get(_READ_AHEAD)
    if ahead and (found := ahead.pop(key_of(sql, values), None)) is not None:
        rows: list[tuple[Any, ...]] = found
        return rows
    if ahead is not None and connection.dialect.name == "postgresql":
        return _exchange(connection, [(sql, values)])[0]
    if begin := connection.get_execution_options().get(_SNAPSHOT):
        return _exchange(connection, [(sql, values)], begin)[0]
    try:
        cursor = connection.connection.cursor()
        cursor.execute(sql, values)
        return list(cursor.fetchall())
    except Exception as error:
        raise driver_error(connection, sql, error) from error


def together(connection: Connection, statements: Sequence[Read]) -> list[Rows]:
    """What each finds, or nothing; all in one message to PostgreSQL where something may be read ahead.

    Raises DBAPIError.
    """
    if not statements:
        return []
    if _reads_ahead(connection):
        return _exchange(connection, statements)
    done = (connection.exec_driver_sql(statement, _given(values)) for statement, values in statements)
    return [[tuple(row) for row in each] if each.returns_rows else [] for each in done]


@contextmanager
def reading_ahead(connection: Connection, reads: Callable[[], Iterable[Read]]) -> Iterator[None]:
    """Have what is read first inside read already, on PostgreSQL: all of it in one message to the server.

    Each is given out once, to who asks for the same of the connection (``with_read_ahead``); what nobody asked for is
    forgotten at the end, for it may be no longer so. Raises DBAPIError.
    """
    if not _reads_ahead(connection):
        yield
        return
    ahead = connection.get_execution_options()[_READ_AHEAD]
    asked = {key_of(*each): each for each in reads()}
    if asked:
        ahead.update(zip(asked, _exchange(connection, list(asked.values())), strict=True))
    try:
        yield
    finally:
        for key in asked:
            ahead.pop(key, None)


def _reads_ahead(connection: Connection) -> bool:
    """Whether something may be read ahead, so that messages are libpq's own."""
    may = _READ_AHEAD in connection.get_execution_options() and connection.dialect.name == "postgresql"
    return may and not is_watched(connection)


def with_read_ahead(connection: Connection) -> Connection:
    """The connection, as one on which may be read ahead."""
    return connection.execution_options(**{_READ_AHEAD: {}})


def with_snapshots(engine: Engine, begin: str) -> Engine:
    """The engine, as one whose transactions read only, on PostgreSQL: the first read says how they begin."""
    return engine.execution_options(**{_SNAPSHOT: begin})


def key_of(sql: str, values: Values) -> tuple[Any, ...]:
    """What tells a statement with its values from others."""
    return (sql, *(values.items() if isinstance(values, Mapping) else values))


def _exchange(connection: Connection, reads: Sequence[Read], begin: str = "") -> list[Rows]:
    """What each finds, in one message to PostgreSQL, on a connection whose transaction has begun. Raises DBAPIError.

    With ``begin`` it may not have: then that is sent first.
    """
    info = connection.info
    try:
        wire = info.get(_WIRE)
        if wire is None:
            wire = info[_WIRE] = Wire(connection.connection.driver_connection)  # type: ignore[arg-type]
        if begin and wire.pgconn.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            _, *rows = wire.exchange([(begin, ()), *reads])
        else:
            rows = wire.exchange(reads)
    except Exception as error:
        raise driver_error(connection, reads[0][0], error) from error
    return rows


def doubt_prepared(connection: Connection) -> None:
    """The driver rolls back, and may have PostgreSQL forget what is prepared on the connection."""
    if not connection.invalidated and (wire := connection.info.get(_WIRE)) is not None:
        wire.doubt()


def is_forgotten(error: DBAPIError) -> bool:
    """Whether PostgreSQL had forgotten a statement that was prepared: asked again, it is prepared anew."""
    return getattr(error.orig, "sqlstate", None) == FORGOTTEN


def execute(connection: Connection, sql: str, values: Values) -> None:
    """Execute a statement that finds no rows, in the same words. Raises DBAPIError."""
    if is_watched(connection):
        connection.exec_driver_sql(sql, _given(values))
        return
    if _READ_AHEAD in connection.get_execution_options() and connection.dialect.name == "postgresql":
        _exchange(connection, [(sql, values)])
        return
    try:
        connection.connection.cursor().execute(sql, values)
    except Exception as error:
        raise driver_error(connection, sql, error) from error


def begin_with(connection: Connection, sql: str) -> None:
    """Begin the transaction with a statement without parameters, on PostgreSQL: both in one message to the server.

    The driver alone would send them one after the other. Raises DBAPIError.
    """
    _command(connection, f"BEGIN; {sql}")


def roll_back(connection: Connection, savepoint: str = "") -> None:
    """Undo what was done in the transaction, which has ended then, or since a savepoint. Raises DBAPIError.

    The driver would have PostgreSQL forget all statements that are prepared.
    """
    command = f"ROLLBACK TO SAVEPOINT {savepoint}" if savepoint else "ROLLBACK"
    if connection.dialect.name == "postgresql":
        _command(connection, command)
    elif savepoint:
        connection.exec_driver_sql(command)


def _command(connection: Connection, sql: str) -> None:
    driver_connection: Any = connection.connection.driver_connection
    try:
        result = driver_connection.pgconn.exec_(sql.encode())
        if result.status not in (psycopg.pq.ExecStatus.TUPLES_OK, psycopg.pq.ExecStatus.COMMAND_OK):
            raise psycopg.errors.error_from_result(result)
    except Exception as error:
        raise driver_error(connection, sql, error) from error


def is_watched(database: Connection | Engine) -> bool:
    """Whether somebody watches what is executed."""
    events: Any = database.dispatch
    return bool(events.before_cursor_execute or events.after_cursor_execute)


def _given(values: Values) -> Any:
    return values if isinstance(values, Mapping) else tuple(values)


def driver_error(connection: Connection, sql: str, error: Exception) -> Exception:
    """The error of a driver as SQLAlchemy would raise it; a connection that is lost is given up."""
    dialect: Any = connection.dialect
    if not isinstance(error, dialect.dbapi.Error):
        return error
    lost = dialect.is_disconnect(error, connection.connection.driver_connection, None)
    if lost:
        connection.invalidate(error)
    raised: Exception = DBAPIError.instance(
        sql, None, error, dialect.dbapi.Error, connection_invalidated=lost, dialect=dialect
    )
    return raised


class Among:
    """The rows of a SELECT whose column has one of some values: called with the connection, these, and parameters.

    Values are few: each is a parameter. Their number is padded to a power of two, so that there are few different
    statements, each of which is made once: a list that SQLAlchemy expands is expanded again each time.
    """

    def __init__(self, select: Select[Any], column: ColumnElement[Any]) -> None:
        self._select, self._column = select, column
        self._of_size = lru_cache(_STATEMENTS)(self._made)
        self.columns = len(select.selected_columns)
        """How many there are."""
        self._rows: dict[str, Callable[[Sequence[Any]], NamedRow]] = {}  # by dialect

    def __call__(self, connection: Connection, values: Sequence[Any], **parameters: Any) -> list[NamedRow]:
        """All rows that are found."""
        if isinstance(connection, Foreseen):
            return connection.rows(self, values)
        prepared, given = self._asked(values, parameters)
        return prepared(connection, given)

    def read(self, database: Connection | Engine, values: Sequence[Any], **parameters: Any) -> Read:
        """What is asked of the driver."""
        prepared, given = self._asked(values, parameters)
        return prepared.read(database, given)

    def row(self, database: Connection | Engine) -> Callable[[Sequence[Any]], NamedRow]:
        """What makes rows of what the driver answers."""
        made = self._rows.get(database.dialect.name)
        if made is None:
            prepared, given = self._asked((None,), {})
            made = self._rows[database.dialect.name] = prepared.row(database, given)
        return made

    def found_in(self, values: Select[Any]) -> Prepared:
        """What finds the rows whose column has one of the values that another SELECT finds."""
        return Prepared(self._select.where(self._column.in_(values)))

    def beside(self, others: Iterable[tuple["Among", ColumnElement[Any]]], key: ColumnElement[Any]) -> "Among":
        """These rows where a ``key`` has one of some values, each with those of others beside it whose own column has
        the value of a column here; with nulls where there is none.
        """
        select, columns = self._select, list(self._select.selected_columns)
        for other, named_by in others:
            select = select.outerjoin(other._column.table, other._column == named_by)
            columns += other._select.selected_columns
        return Among(select.with_only_columns(*columns, maintain_column_froms=True), key)

    def _asked(self, values: Sequence[Any], parameters: Mapping[str, Any]) -> tuple[Prepared, Mapping[str, Any]]:
        size = 1 << max(len(values) - 1, 0).bit_length() if len(values) < _MOST_PADDED else len(values)
        padded = (*values, *[values[-1] if values else None] * (size - len(values)))
        prepared, names = self._of_size(size)
        return prepared, {**dict(zip(names, padded, strict=True)), **parameters}

    def _made(self, size: int) -> tuple[Prepared, Sequence[str]]:
        names = [f"value_{number}" for number in range(size)]
        among = self._column.in_([bindparam(name, type_=self._column.type) for name in names])
        return Prepared(self._select.where(among)), names


def among(select: Select[Any], column: ColumnElement[Any]) -> Among:
    """What reads the rows of the SELECT whose column has one of some values."""
    return Among(select, column)


def mark(dialect: str) -> str:
    """What stands for a parameter in SQL written for the database's driver itself."""
    return "?" if dialect == "sqlite" else "%s"
