"""Keeps PostgreSQL's statistics near what is stored, so that a cloud that is filled fast is fast at once.

Of a table without statistics PostgreSQL takes every id in a list for half a percent of the rows, so it reads all of a
million allocations to find those of ten ports; and a prepared statement keeps the plan that was made while its tables
were small. Autovacuum mends both, but looks once a minute. Here a table is analysed as soon as it is twice as large as
when it last was: no plan in use was then made for less than half of what is there.
"""

import logging
import threading

from sqlalchemy import Connection, Engine, bindparam
from sqlalchemy.exc import SQLAlchemyError

from alcor.store import sql
from alcor.store.later_database import LaterDatabase
from alcor.store.tables import metadata

log = logging.getLogger(__name__)

_INTERVAL_SECONDS = 1.0
_PAUSE_SECONDS = 60.0  # after an error
_SMALLEST_PAGES = 16  # some eight hundred ports; tables that are smaller are quickly read whole

_TAKE_TURN = sql.statement("SELECT pg_try_advisory_xact_lock(418430283635)")  # of one controller at a time
_OUTGROWN = sql.statement(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace "
    "AND relname IN :tables "
    "AND pg_relation_size(oid) >= :smallest * current_setting('block_size')::bigint "
    "AND pg_relation_size(oid) >= 2 * relpages * current_setting('block_size')::bigint ORDER BY relname"
).bindparams(bindparam("tables", expanding=True))


class Statistics:
    """A thread that looks at the tables every second. Only for PostgreSQL: SQLite plans without statistics."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alcor-statistics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more. Waits for what is under way."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        pause = _INTERVAL_SECONDS
        while not self._closed.wait(pause):
            pause = _INTERVAL_SECONDS
            try:
                with self._engine.connect() as connection:
                    analyze_outgrown(connection)
            except LaterDatabase:
                return
            except SQLAlchemyError as error:
                log.warning("tables cannot be analysed: %s", str(error).splitlines()[0])
                pause = _PAUSE_SECONDS


def analyze_outgrown(connection: Connection) -> list[str]:
    """Analyse the tables that are twice as large as when they last were, unless another controller is at it.

    The connection must be in no transaction. Returns the tables' names.
    """
    with connection.begin():
        tables = {"tables": list(metadata.tables), "smallest": _SMALLEST_PAGES}
        outgrown = list(connection.execute(_OUTGROWN, tables).scalars())
    return [name for name in outgrown if _analyze(connection, name)]


def _analyze(connection: Connection, name: str) -> bool:
    with connection.begin():
        if not connection.execute(_TAKE_TURN).scalar():
            return False
        # A lock that is held is autovacuum's, mostly, which would be sent away if somebody waited for it.
        connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {name}")
    log.debug("analysed table %s", name)
    return True
