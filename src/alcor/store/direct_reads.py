"""Reads that the event loop itself makes, of what is short or foreseen: no thread is handed anything.

Nothing depends on it: where it fails, the read is made in the usual way, which says what is wrong.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from alcor.store import sql
from alcor.store.foreseen import Foreseen, NotForeseen
from alcor.store.foresight import ForeseeQuery, Foresight
from alcor.store.wire import Rows

Result = TypeVar("Result")

_IN_EVENT_LOOP = "in_event_loop"


class DirectReads(Protocol):
    """How they are made. ``needs_foresight`` is whether a query cannot be run that says nothing of what it reads."""

    needs_foresight: bool

    async def run(self, query: Callable[[Connection], Result], foresee: ForeseeQuery | None) -> Result:
        """The result of a query that takes little time, on one snapshot. Raises what it raises, and NotForeseen when it
        cannot be run so.
        """

    async def read(self, foresights: Sequence[Foresight]) -> Foreseen:
        """What is foreseen, read on one snapshot. Raises NotForeseen when it cannot be read so."""

    async def close(self) -> None:
        """Let go of the database."""


def check_not_watched(engine: Engine) -> None:
    """Raises NotForeseen where somebody watches what is executed."""
    if sql.is_watched(engine):
        raise NotForeseen("somebody watches what is executed")


def mark_as_in_event_loop(connection: Connection) -> None:
    """Have all who read on the connection know that the event loop waits for them."""
    connection.info[_IN_EVENT_LOOP] = True


def leave_event_loop(connection: Connection) -> None:
    """What follows may take long. Raises NotForeseen in the event loop: then the query is run again elsewhere."""
    if connection.info.get(_IN_EVENT_LOOP):
        raise NotForeseen("it is no short read")


def as_read(
    engine: Engine, foresights: Sequence[Foresight], reads: Sequence[sql.Read], answers: Sequence[Rows]
) -> Foreseen:
    """What was foreseen, with what the driver answered to each of its reads."""
    by_key: dict[object, dict[Any, Any]] = {}
    found: dict[object, Rows] = {}
    for each, read, rows in zip(foresights, reads, answers, strict=True):
        if not each.asked:
            found[sql.key_of(*read)] = rows
        key = 0
        for asked in each.asked:
            end, made = key + asked.columns, asked.row(engine)
            its = by_key.setdefault(asked, {})
            for row in rows:
                if row[key] is not None and row[key] not in its:
                    its[row[key]] = made(row[key:end])
            key = end
    return Foreseen(engine, by_key, found)
