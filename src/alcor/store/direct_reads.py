"""Reads that the event loop itself makes, of what is foreseen: no thread is handed anything.

Nothing depends on it: where it fails, the read is made in the usual way, which says what is wrong.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Engine

from alcor.store import sql
from alcor.store.foreseen import Foreseen, NotForeseen
from alcor.store.foresight import Foresight
from alcor.store.wire import Rows


class DirectReads(Protocol):
    """How they are made."""

    async def read(self, foresights: Sequence[Foresight]) -> Foreseen:
        """What is foreseen, read on one snapshot. Raises NotForeseen when it cannot be read so."""

    async def close(self) -> None:
        """Let go of the database."""


def check_not_watched(engine: Engine) -> None:
    """Raises NotForeseen where somebody watches what is executed."""
    if sql.is_watched(engine):
        raise NotForeseen("somebody watches what is executed")


def own_connection(engine: Engine) -> Any:
    """The driver's connection, which belongs to nobody else from now on; it may have been the writer's.

    Raises SQLAlchemyError.
    """
    pooled = engine.raw_connection()
    connection = pooled.driver_connection
    pooled.detach()
    return connection


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
