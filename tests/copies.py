"""PostgreSQL databases that tests use one after the other, each as new for the next.

To copy a database and drop it costs PostgreSQL a third of a second of a core, more than most tests do; to delete the
rows that a test left costs a fifteenth of that.
"""

import contextlib
from collections.abc import Iterator
from typing import Protocol

from psycopg import Connection, sql

_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
"""
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
_DISCONNECT_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

# What deleting rows does not undo: other tables, columns, triggers, functions or settings, and what was analysed.
_SHAPE = """
SELECT md5(string_agg(what, ',' ORDER BY what)) FROM (
    SELECT concat_ws(' ', oid, relname, reltuples, reloptions) FROM pg_class WHERE oid >= 16384
    UNION ALL SELECT concat_ws(' ', attrelid, attname, atttypid) FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL SELECT concat_ws(' ', oid, tgname, tgenabled) FROM pg_trigger
    UNION ALL SELECT concat_ws(' ', oid, proname) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
        WHERE datname = current_database()
) AS found(what)
"""


class Server(Protocol):
    """Where the databases are."""

    def connect(self, database: str) -> Connection: ...
    def create_database(self, template: str) -> str: ...
    def rename_database(self, name: str) -> str: ...
    def drop_database(self, name: str) -> None: ...


class Copies:
    """Copies of a database, to which nobody is connected."""

    def __init__(self, server: Server, template: str) -> None:
        self._server = server
        self._template = template
        self._free: list[str] = []
        with server.connect(template) as connection:
            self._shape = _shape(connection)
            self._rows = {table: _rows(connection, table) for table in _names(connection, _TABLES)}
            self._positions = {name: _position(connection, name) for name in _names(connection, _SEQUENCES)}

    @contextlib.contextmanager
    def one(self) -> Iterator[str]:
        """The name of a database that nobody else uses meanwhile, nor ever again by this name."""
        name = self._free.pop() if self._free else self._server.create_database(self._template)
        yield name
        if self._renew(name):
            self._free.append(self._server.rename_database(name))
        else:
            self._server.drop_database(name)

    def _renew(self, name: str) -> bool:
        """Give a database the rows of the template, and no others. Returns whether it is as new then."""
        with self._server.connect(name) as connection:
            connection.execute(_DISCONNECT_OTHERS)
            if _shape(connection) != self._shape:
                return False
            connection.execute("SET session_replication_role = replica")  # references are looked at in no order
            for table in _names(connection, _TABLES):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table, rows in self._rows.items():
                with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                    copy.write(rows)
            for sequence, position in self._positions.items():
                connection.execute("SELECT setval(%s, %s, %s)", (sequence, *position))
        return True


def _names(connection: Connection, query: str) -> list[str]:
    return [name for (name,) in connection.execute(query)]


def _shape(connection: Connection) -> str:
    ((shape,),) = connection.execute(_SHAPE)
    return str(shape)


def _rows(connection: Connection, table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        return b"".join(copy)


def _position(connection: Connection, sequence: str) -> tuple[int, bool]:
    query = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(sequence))
    ((value, is_called),) = connection.execute(query)
    return value, is_called
