"""Writing many rows at once, the fastest durable way of each database."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

import orjson
import psycopg
from sqlalchemy import Column, ColumnElement, Connection, Table, bindparam, delete, select

from alcor.store import sql

# Rows that PostgreSQL takes in one statement, at most: COPY has it work less for each, and wait for each table twice.
_MOST_TOGETHER = 150

_PARAMETERS = 32_000  # a statement's parameters, at most: just under SQLite's limit, half of PostgreSQL's


def insert_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows given as values in the order of the table's columns."""
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)  # cheaper than an INSERT from three rows on
        return
    # One statement for many rows: the driver lets go of the interpreter lock once, not once a row.
    most = _PARAMETERS // len(table.columns)
    for start in range(0, len(rows), most):
        part = rows[start : start + most]
        sql.execute(connection, _insert_sql(table, len(part)), tuple(chain.from_iterable(part)))


def insert_together(connection: Connection, batches: Mapping[Table, Sequence[Sequence[Any]]]) -> None:
    """Insert rows into several tables, those that others refer to first."""
    given = {table: rows for table, rows in batches.items() if rows}
    if connection.dialect.name != "postgresql" or sum(map(len, given.values())) > _MOST_TOGETHER:
        for table, rows in given.items():
            insert_rows(connection, table, rows)
    elif given:
        values = [_records(table, rows) for table, rows in given.items()]
        sql.execute(connection, _insert_together_sql(tuple(given)), values)


def select_by(
    connection: Connection, columns: Sequence[ColumnElement[Any]], by: Column[Any], values: Sequence[Any]
) -> list[Any]:
    """Some columns of the rows where one of them has one of the values, however many."""
    read = read_by(tuple(columns), by)
    return [row for part in _parts(values) for row in read(connection, part)]


def delete_by(connection: Connection, table: Table, column: str, values: Sequence[Any]) -> int:
    """Delete the rows whose column has one of the values. Returns how many went."""
    statement = delete(table).where(table.c[column].in_(bindparam("values", expanding=True)))
    return sum(connection.execute(statement, {"values": part}).rowcount for part in _parts(values))


def _parts(values: Sequence[Any]) -> Iterator[list[Any]]:
    return (list(values[start : start + _PARAMETERS]) for start in range(0, len(values), _PARAMETERS))


def update_rows(
    connection: Connection, table: Table, key: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Set columns of many rows; each of ``rows`` is the new values, then the row's key."""
    if rows:
        statement = _update_sql(table, key, tuple(columns), connection.dialect.name)
        connection.exec_driver_sql(statement, [tuple(row) for row in rows])


def update_row(connection: Connection, table: Table, row: Sequence[Any]) -> None:
    """Write a whole row, given as values in the order of the table's columns; its first column is the key."""
    names = tuple(column.name for column in table.columns)
    update_rows(connection, table, names[0], names[1:], [(*row[1:], row[0])])


def _copy(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    driver_connection: Any = connection.connection.driver_connection
    statement = _copy_sql(table)
    try:
        with driver_connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise sql.driver_error(connection, statement, error) from error  # SQLAlchemy knows nothing of COPY


@cache
def read_by(columns: tuple[ColumnElement[Any], ...], by: Column[Any]) -> sql.Among:
    """What reads some columns of the rows where one of them has one of some values."""
    return sql.among(select(*columns), by)


@cache
def _insert_sql(table: Table, rows: int) -> str:
    row = f"({', '.join([sql.mark('sqlite')] * len(table.columns))})"
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES {', '.join([row] * rows)}"


@cache
def _copy_sql(table: Table) -> str:
    return f"COPY {table.name} ({_names(table)}) FROM STDIN"


def _records(table: Table, rows: Sequence[Sequence[Any]]) -> str:
    names = [str(column.name) for column in table.columns]
    return orjson.dumps([dict(zip(names, row, strict=True)) for row in rows], default=_bytea).decode()


def _bytea(value: bytes) -> str:
    return rf"\x{value.hex()}"


@cache
def _insert_together_sql(tables: tuple[Table, ...]) -> str:
    """The database makes rows of JSON, so that one message has those of all tables."""
    *others, last = [
        f"INSERT INTO {table.name} ({_names(table)}) SELECT {_names(table)} "
        f"FROM json_populate_recordset(NULL::{table.name}, %s::json)"
        for table in tables
    ]
    named = ", ".join(f"part_{number} AS ({statement})" for number, statement in enumerate(others))
    return f"WITH {named} {last}" if named else last


@cache
def _update_sql(table: Table, key: str, columns: tuple[str, ...], dialect: str) -> str:
    mark = sql.mark(dialect)
    assignments = ", ".join(f'"{name}" = {mark}' for name in columns)
    return f'UPDATE {table.name} SET {assignments} WHERE "{key}" = {mark}'


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)
