"""What keeps an earlier version of this program from a database that a later one has migrated.

It would write rows that the later one reads otherwise. Who migrates therefore ends the connections of other versions,
and nobody is connected again before the migration is done, to find out then that the database is a later one's.
"""

from typing import Any

from sqlalchemy import Connection

from alcor.model.errors import AlcorError
from alcor.store.migrations import newest

_MIGRATING = 418430283636  # the advisory lock of who migrates, which whoever connects waits for
_APPLICATION = "alcor "
_PART_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() "
    "AND usename = current_user AND application_name LIKE %s AND application_name <> %s"
)


class LaterDatabase(AlcorError):
    """The database is not for this version of the program; the message says what to do."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            503,
            "ServiceUnavailable",
            f"The database has been migrated by a later version of Alcor (to {revision}; this one knows it up to "
            f"{newest()}). Run that version, or give this one a copy of the database from before.",
        )


def application_name() -> str:
    """What connections to PostgreSQL are called, so that those of other versions can be told."""
    return f"{_APPLICATION}{newest()}"


def check(revision: str) -> None:
    """Raises LaterDatabase if this is the revision of a later version's tables."""
    if revision > newest():
        raise LaterDatabase(revision)


def check_connection(connection: Any) -> None:
    """Raises LaterDatabase for a new connection of PostgreSQL's driver; waits while somebody migrates."""
    connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (_MIGRATING,))
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone()[0] is not None:
        check("".join(row[0] for row in connection.execute("SELECT version_num FROM alembic_version")))


def part_others(connection: Connection, name: str) -> None:
    """End the connections to PostgreSQL of other versions than the one of this name, until this transaction ends."""
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_MIGRATING,))
    connection.exec_driver_sql(_PART_OTHERS, (f"{_APPLICATION}%", name))
