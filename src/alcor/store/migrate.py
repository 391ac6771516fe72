"""Brings a database's tables up to date with Alembic, safely when several processes start at once."""

import functools
import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

_LOCK_KEY = 0x616C636F72  # "alcor": the advisory lock that lets one process at a time migrate


_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration that runs in a variable of its module."""


def upgrade(engine: Engine) -> None:
    """Create or migrate the tables. Waits while another process does."""
    with _ONE_AT_A_TIME, engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK_KEY,))
        if MigrationContext.configure(connection).get_current_heads() != (_newest(),):
            command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for work on an open connection."""
    config = _configuration()
    config.attributes["connection"] = connection
    return config


def _configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


@functools.cache
def _newest() -> str | None:
    """The revision of a database that is up to date. To read all migrations costs more than opening such a database."""
    return ScriptDirectory.from_config(_configuration()).get_current_head()
