"""Rows that were read before, known again by their version: a page is not read anew where its rows are what they were.

Of each row a page is first asked for its version. PostgreSQL says by which transaction it was written (``xmin``).
SQLite knows no such thing; there it is all columns as JSON, which is read in half the time that the columns are, and
says what they are, too; and where nobody has committed anything since rows were read, their ids are enough
(``PRAGMA data_version``). Where few columns of them are wanted, SQLite is asked for those instead of a version. No
change can be missed, whoever made it.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    case,
    func,
    literal_column,
    select,
)

from alcor.model.eviction import evict_oldest
from alcor.store import bulk, sql
from alcor.store.sql import NamedRow

_MOST = 20_000  # of each table

_NOTHING: tuple[Any, Any] = (None, None)
_SEEN = "rows_seen"

Version = Any

_Of = tuple[Any, ...]
"""A table, and those columns of it that are read, if not all."""


class KnownRows:
    """What is known of the tables of one database.

    For what reads and writes nothing: inside the transaction that wrote it, a row may change and keep its version.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: dict[_Of, OrderedDict[str, tuple[Version, NamedRow]]] = {}
        self._crowded: set[_Of] = set()

    def is_crowded(self, table: Table, columns: Sequence[str]) -> bool:
        """Whether there are more of these rows than can be known, so that it is in vain to ask which are."""
        return (table, *columns) in self._crowded

    def page(
        self,
        connection: Connection,
        table: Table,
        columns: Sequence[str],
        find: Callable[[Sequence[ColumnElement[Any]]], list[tuple[Any, ...]]],
    ) -> list[NamedRow]:
        """The rows of a page, or these columns of them, the id the first. ``find`` finds columns of the page."""
        if connection.dialect.name != "sqlite":
            return self._rows(connection, table, columns, find(known_by(table, "postgresql")))
        seen = _seen(connection, (table, *columns))
        by = _columns(table, tuple(columns)) if columns else known_by(table, "sqlite")
        if seen:
            ids = [row_id for (row_id,) in find(_ids(table))]
            found = bulk.select_by(connection, by, table.c.id, [row_id for row_id in ids if row_id not in seen])
        else:
            found = find(by)
            ids = [row_id for row_id, *_ in found]
        rows = map(_named(by), found) if columns else self._rows(connection, table, columns, found)
        seen.update((row.id, row) for row in rows)
        shown = [seen[row_id] for row_id in ids]
        self._evict((table, *columns), seen)
        return shown

    def forget(self) -> None:
        """Know nothing: versions may be counted anew."""
        self._known.clear()
        self._crowded.clear()

    def _evict(self, of: _Of, known: OrderedDict[str, Any]) -> None:
        if len(known) > self._most:
            self._crowded.add(of)
            evict_oldest(known, self._most)

    def _rows(
        self, connection: Connection, table: Table, columns: Sequence[str], found: Sequence[tuple[Any, ...]]
    ) -> list[NamedRow]:
        """The rows of these ids and versions, or columns of them, read on the same snapshot."""
        of = (table, *columns)
        known = self._known.setdefault(of, OrderedDict())
        its = [(row_id, version, known.get(row_id, _NOTHING)) for row_id, version in found]
        new = {row_id: version for row_id, version, before in its if before[0] != version}
        if not new:
            return [before[1] for _, _, before in its]
        if connection.dialect.name == "sqlite":
            rows = list(map(_rows_of_versions(table), new.values()))
        else:
            wanted = _columns(table, tuple(columns)) if columns else tuple(table.c)
            rows = bulk.select_by(connection, wanted, table.c.id, list(new))
        fresh = {row.id: row for row in rows}
        known.update({row_id: (new[row_id], row) for row_id, row in fresh.items()})
        self._evict(of, known)
        return [fresh[row_id] if row_id in new else before[1] for row_id, _, before in its]


def _seen(connection: Connection, of: _Of) -> OrderedDict[str, NamedRow]:
    """Rows by their ids that were read on the connection, to SQLite, if nothing was committed by others since then.

    It begins the snapshot that it says this of. A reader's connection commits nothing itself.
    """
    ((data_version,),) = sql.fetch(connection, "PRAGMA data_version", ())
    since, tables = connection.info.get(_SEEN, _NOTHING)
    if since != data_version:
        tables = {}
        connection.info[_SEEN] = data_version, tables
    its: OrderedDict[str, NamedRow] = tables.setdefault(of, OrderedDict())
    return its


@cache
def _ids(table: Table) -> tuple[ColumnElement[Any], ...]:
    return (table.c.id,)


@cache
def _columns(table: Table, names: tuple[str, ...]) -> tuple[ColumnElement[Any], ...]:
    return tuple(table.c[name] for name in names)


@cache
def _named(columns: tuple[ColumnElement[Any], ...]) -> Callable[[Sequence[Any]], NamedRow]:
    return sql.named_row(select(*columns).selected_columns)


@cache
def known_by(table: Table, dialect: str) -> tuple[ColumnElement[Any], ...]:
    """The columns that rows are known again by."""
    return table.c.id, _version(table, dialect)


def _version(table: Table, dialect: str) -> ColumnElement[Any]:
    """What tells the version of a row of the table."""
    if dialect == "sqlite":
        return func.json_array(*map(_as_json, table.c)).label("version")
    written_by: ColumnElement[Any] = literal_column(f"{table.name}.xmin")
    return written_by.label("version")


def _as_json(column: Column[Any]) -> ColumnElement[Any]:
    if not isinstance(column.type, LargeBinary):
        return column
    return case((column.is_not(None), func.hex(column)))


@cache
def _rows_of_versions(table: Table) -> Callable[[str], NamedRow]:
    """What makes rows of their versions, on SQLite."""
    row = sql.named_row(table.c)
    conversions: list[tuple[int, Callable[[Any], Any]]] = []
    for place, column in enumerate(table.c):
        if isinstance(column.type, Boolean):
            conversions.append((place, bool))
        elif isinstance(column.type, LargeBinary):
            conversions.append((place, bytes.fromhex))

    def read(its_version: str) -> NamedRow:
        values = orjson.loads(its_version)
        for place, convert in conversions:
            if values[place] is not None:
                values[place] = convert(values[place])
        return row(values)

    return read
