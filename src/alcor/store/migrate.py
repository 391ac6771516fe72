"""Brings a database's tables up to date, safely when several processes start at once."""

import threading

from sqlalchemy import Connection, Engine, inspect

from alcor.store import later_database
from alcor.store.migrations import newest

_LOCK_KEY = 0x616C636F72  # "alcor": the advisory lock that lets one process at a time migrate

_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration that runs in a variable of its module."""


def upgrade(engine: Engine) -> None:
    """Create or migrate the tables. Waits while another process does. Raises LaterDatabase."""
    with _ONE_AT_A_TIME, engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK_KEY,))
        revision = _revision(connection)
        later_database.check(revision)
        if revision != newest():
            if connection.dialect.name == "postgresql":
                later_database.part_others(connection, later_database.application_name())
            # To import Alembic takes longer than to open a database that is up to date.
            from alcor.store.migrating import run_migrations

            run_migrations(connection)


def _revision(connection: Connection) -> str:
    """What Alembic says of the tables; empty where there are none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none() or "")
