"""Writing many rows at once, the fastest durable way of each database."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete


def insert_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows given as values in the order of the table's columns."""
    if not rows:
        return
    if connection.dialect.name == "postgresql" and len(rows) > 8:
        _copy(connection, table, rows)
    else:
        connection.exec_driver_sql(_insert_sql(table, connection.dialect.name), [tuple(row) for row in rows])


def delete_by(connection: Connection, table: Table, column: str, values: Iterable[str]) -> None:
    """Delete the rows whose column has one of the values."""
    statement = delete(table).where(table.c[column].in_(bindparam("values", expanding=True)))
    connection.execute(statement, {"values": list(values)})


def update_rows(
    connection: Connection, table: Table, key: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Set columns of many rows; each of ``rows`` is the new values, then the row's key."""
    if rows:
        sql = _update_sql(table, key, tuple(columns), connection.dialect.name)
        connection.exec_driver_sql(sql, [tuple(row) for row in rows])


def _copy(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    driver_connection: Any = connection.connection.driver_connection
    with driver_connection.cursor() as cursor, cursor.copy(_copy_sql(table)) as copy:
        for row in rows:
            copy.write_row(row)


@cache
def _insert_sql(table: Table, dialect: str) -> str:
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES ({', '.join([_mark(dialect)] * len(table.columns))})"


@cache
def _copy_sql(table: Table) -> str:
    return f"COPY {table.name} ({_names(table)}) FROM STDIN"


@cache
def _update_sql(table: Table, key: str, columns: tuple[str, ...], dialect: str) -> str:
    mark = _mark(dialect)
    assignments = ", ".join(f'"{name}" = {mark}' for name in columns)
    return f'UPDATE {table.name} SET {assignments} WHERE "{key}" = {mark}'


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


def _mark(dialect: str) -> str:
    return "?" if dialect == "sqlite" else "%s"
