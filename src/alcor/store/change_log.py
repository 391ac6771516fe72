"""The change log: every committed transaction that matters to hosts, in commit order, without gaps.

The position is taken last, by advancing the one row of change_log_head; its lock is held until the commit, so an
entry is visible only when all earlier ones are.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from alcor.model.records import LogEntry, Record, decode_records, encode_records
from alcor.store import sql
from alcor.store.foresight import Foresight


class LogTrimmed(Exception):
    """The entries asked for are no longer kept: read a snapshot instead."""


_ADVANCE_SQL = "UPDATE change_log_head SET position = position + 1 WHERE id = 1 RETURNING position"
_ADVANCE = sql.DriverStatement(_ADVANCE_SQL)
_APPEND = sql.DriverStatement("INSERT INTO change_log (position, records) VALUES (:position, :records)")
_ADVANCE_AND_APPEND = sql.DriverStatement(
    f"WITH head AS ({_ADVANCE_SQL}) INSERT INTO change_log (position, records) "
    "SELECT position, CAST(:records AS bytea) FROM head RETURNING position"
)
_COMMIT: sql.Read = ("COMMIT", ())
_HEAD = sql.DriverStatement("SELECT position FROM change_log_head WHERE id = 1")
_LOG_ID = sql.statement("SELECT log_id FROM change_log_head WHERE id = 1")
_READ = sql.statement("SELECT position, records FROM change_log WHERE position > :after ORDER BY position LIMIT :limit")
_TRIM = sql.statement("DELETE FROM change_log WHERE position <= :last")


def append(connection: Connection, records: Sequence[Record], commits: bool = False) -> int:
    """Write the transaction's entry, as its last statement. Returns the position.

    If it ``commits``, PostgreSQL is told to do so in the same message: then nothing is left to be committed.
    """
    encoded = encode_records(tuple(records))
    if connection.dialect.name == "postgresql":  # in one statement, of which SQLite knows none
        last = [_COMMIT] if commits else []
        ((position,),) = sql.together(connection, [_ADVANCE_AND_APPEND.read(connection, {"records": encoded}), *last])[
            0
        ]
    else:
        ((position,),) = _ADVANCE.rows(connection, {})
        _APPEND.run(connection, {"position": position, "records": encoded})
    return int(position)


def head(connection: Connection) -> int:
    """The position of the newest committed entry; 0 when there is none."""
    ((position,),) = _HEAD.rows(connection, {})
    return int(position)


def head_foreseen() -> Sequence[Foresight]:
    """That the newest entry's position will be asked for."""
    return [Foresight((), _HEAD, {})]


def log_id(connection: Connection) -> bytes:
    """The 16 bytes that tell this log from any other."""
    return bytes(connection.execute(_LOG_ID).scalar_one())


def read_entries(connection: Connection, after: int, limit: int) -> list[LogEntry]:
    """The entries at after+1, after+2, …, at most ``limit`` of them, without gaps.

    Raises LogTrimmed when entry after+1 existed but is no longer kept.
    """
    rows = connection.execute(_READ, {"after": after, "limit": limit}).all()
    if (rows and rows[0].position != after + 1) or (not rows and head(connection) > after):
        raise LogTrimmed(f"the change log no longer holds entry {after + 1}")
    return [LogEntry(row.position, decode_records(row.records)) for row in rows]


def trim(connection: Connection, keep: int) -> int:
    """Delete all but the newest ``keep`` entries. Returns how many went."""
    return connection.execute(_TRIM, {"last": head(connection) - keep}).rowcount
