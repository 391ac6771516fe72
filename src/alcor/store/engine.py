"""Database engines: SQLite embedded, or PostgreSQL through psycopg."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import QueuePool

from alcor.store import later_database, sql
from alcor.store.ip_text import define_on_sqlite
from alcor.store.known_rows import KnownRows

_BUSY_TIMEOUT_SECONDS = 30
_BUSY_INTERVAL_SECONDS = 0.01
_SNAPSHOT: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}  # on PostgreSQL
_BEGIN_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"  # the same, as it is said

# Rows are found by their keys, in memory or on flash. PostgreSQL's own default is the price of a turning disk, at which
# it reads tens of thousands of rows rather than find a hundred.
_PRICE_OF_INDEXES = "1.1"

# Seconds after which a machine that does not answer is given up, by either end. By itself the kernel takes two hours,
# for which one that lost its power would keep its turn to write, and one that lost its database would wait for it.
_IDLE, _INTERVAL, _ATTEMPTS = 5, 5, 3
_SILENCE = (_IDLE + _INTERVAL * _ATTEMPTS) * 1000  # milliseconds
_CONNECTING = {
    "connect_timeout": 20,
    "keepalives_idle": _IDLE,
    "keepalives_interval": _INTERVAL,
    "keepalives_count": _ATTEMPTS,
    "tcp_user_timeout": _SILENCE,
}

# What an operator has set stays.
_CONFIGURE = f"""
SELECT set_config(name, value, false) FROM pg_settings JOIN (VALUES
    ('random_page_cost', '{_PRICE_OF_INDEXES}'),
    ('tcp_keepalives_idle', '{_IDLE}'),
    ('tcp_keepalives_interval', '{_INTERVAL}'),
    ('tcp_keepalives_count', '{_ATTEMPTS}'),
    ('tcp_user_timeout', '{_SILENCE}')
) AS usual (name, value) USING (name) WHERE source = 'default'
"""


def open_engine(url: str, connections: int) -> Engine:
    """An engine for a SQLAlchemy URL (``sqlite:////path`` or ``postgresql+psycopg://…``).

    Raises ValueError, saying what to write, for any other database.
    """
    parsed = make_url(url)
    dialect = parsed.get_backend_name()
    if dialect == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return _sqlite_engine(url, connections)
    if dialect == "postgresql" and parsed.get_driver_name() == "psycopg":
        return _postgresql_engine(url, connections)
    raise ValueError(
        f"database {parsed.render_as_string()!r} is not supported: "
        "write sqlite:////absolute/path.db or postgresql+psycopg://user@host/name"
    )


def reader(engine: Engine) -> Engine:
    """The engine for what reads and writes nothing: a transaction sees one consistent snapshot, and its pages know the
    rows that were read before.
    """
    known_rows = KnownRows()
    if engine.dialect.name != "postgresql":
        return engine.execution_options(known_rows=known_rows)

    @event.listens_for(engine, "connect")
    def _forget(_dbapi_connection: Any, _record: Any) -> None:
        known_rows.forget()  # it may be another server, which has taken the place of one that was lost

    return sql.with_snapshots(engine.execution_options(known_rows=known_rows, **_SNAPSHOT), _BEGIN_SNAPSHOT)


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that sees one consistent snapshot and writes nothing."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(**_SNAPSHOT)
        with connection.begin():
            yield connection


def _postgresql_engine(url: str, connections: int) -> Engine:
    connecting = _CONNECTING | {"application_name": later_database.application_name()}
    usual = {name: value for name, value in connecting.items() if name not in make_url(url).query}
    engine = create_engine(url, pool_size=connections, max_overflow=0, connect_args=usual)

    @event.listens_for(engine, "connect")
    def _configure(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.execute(_CONFIGURE)
        later_database.check_connection(dbapi_connection)
        dbapi_connection.commit()

    event.listen(engine, "rollback", sql.doubt_prepared)
    return engine


def _sqlite_engine(url: str, connections: int) -> Engine:
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        connect_args={"timeout": _BUSY_TIMEOUT_SECONDS, "check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _configure(dbapi_connection: Any, _record: Any) -> None:
        _write_ahead(dbapi_connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
            dbapi_connection.execute(f"PRAGMA {pragma}")
        define_on_sqlite(dbapi_connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("writes", False)
        sql.execute(connection, "BEGIN IMMEDIATE" if immediate else "BEGIN", ())

    return engine


def _write_ahead(connection: Any) -> None:
    """Have the database write ahead to a log. Where two connections turn a new database to it at once SQLite refuses
    one of them without waiting for the other, as it does everywhere else.
    """
    deadline = time.monotonic() + _BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline:
                raise
        time.sleep(_BUSY_INTERVAL_SECONDS)
