"""What the compute service is told of its workloads' ports: Nova's external events.

A workload is started when its ports are known to be plugged in, so that none of this may be lost: what there is to tell
is written with what happened, in one transaction, and forgotten when the compute service has been told. That may be
twice. It is nothing where the operator has no compute service told (``Choices.tells_compute``).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from alcor.store import bulk, sql
from alcor.store.tables import port
from alcor.store.transaction import Transaction

PLUGGED = "network-vif-plugged"
UNPLUGGED = "network-vif-unplugged"
DELETED = "network-vif-deleted"
CHANGED = "network-changed"

_OWNER = "compute:"
_COLUMNS = "INSERT INTO compute_event (device_id, name, port_id, made_at)"
_INSERT = sql.statement(f"{_COLUMNS} VALUES (:device_id, :name, :port_id, :made_at)")
_LEFT = sql.statement("SELECT 1 FROM compute_event LIMIT 1")
_IS_TELLING = sql.statement("SELECT 1 FROM compute_event WHERE told_until > :now LIMIT 1")
_FIRST = sql.statement(
    "SELECT number, device_id, name, port_id, made_at FROM compute_event ORDER BY number LIMIT :most"
)
_TELL_UNTIL = sql.statement("UPDATE compute_event SET told_until = :until WHERE number <= :last")
_FORGET_OLDER = sql.statement("DELETE FROM compute_event WHERE made_at < :than")
_FORGET = sql.statement("DELETE FROM compute_event WHERE number = :number")


class ComputeEvent(msgspec.Struct, frozen=True):
    """What happened to a port of a workload (``device_id``), at a time in seconds since the epoch."""

    number: int
    device_id: str
    name: str
    port_id: str
    made_at: int


def telling_of(name: str, where: str) -> str:
    """The statement that writes this of the workloads' ports that a condition finds; its first parameter is the time.

    Parameters are written as ``?``.
    """
    is_theirs = f"device_id <> '' AND substr(device_owner, 1, {len(_OWNER)}) = '{_OWNER}'"
    return f"{_COLUMNS} SELECT device_id, '{name}', id, ? FROM port WHERE {where} AND {is_theirs}"


def tell(transaction: Transaction, name: str, ports: Iterable[Any]) -> None:
    """This happened to these ports (rows), of which those are told that are workloads'."""
    if transaction.choices.tells_compute:
        events = [
            {"device_id": row.device_id, "name": name, "port_id": row.id, "made_at": transaction.now}
            for row in ports
            if row.device_id and row.device_owner.startswith(_OWNER)
        ]
        if events:
            transaction.connection.execute(_INSERT, events)


def tell_of_addresses(transaction: Transaction, port_ids: Iterable[str | None]) -> None:
    """Other addresses lead to these ports than before."""
    if transaction.choices.tells_compute and (ids := sorted({each for each in port_ids if each})):
        tell(transaction, CHANGED, bulk.select_by(transaction.connection, list(port.c), port.c.id, ids))


def is_any_left(connection: Connection) -> bool:
    """Whether there is anything to tell."""
    return connection.execute(_LEFT).first() is not None


def take(transaction: Transaction, most: int, until: int) -> list[ComputeEvent]:
    """The first of what there is to tell, which nobody else is given before that time (seconds since the epoch).

    Nothing while somebody else tells what came before: the compute service learns things in their order.
    """
    connection = transaction.connection
    if connection.execute(_IS_TELLING, {"now": transaction.now}).first() is not None:
        return []
    events = [ComputeEvent(*row) for row in connection.execute(_FIRST, {"most": most})]
    if events:
        connection.execute(_TELL_UNTIL, {"until": until, "last": events[-1].number})
    return events


def forget_older(transaction: Transaction, than: int) -> int:
    """Forget what happened before that time (seconds since the epoch). Returns how much."""
    return transaction.connection.execute(_FORGET_OLDER, {"than": than}).rowcount


def give_back(transaction: Transaction, events: Sequence[ComputeEvent]) -> None:
    """These could not be told now: anybody may try."""
    transaction.connection.execute(_TELL_UNTIL, {"until": 0, "last": events[-1].number})


def forget(transaction: Transaction, events: Sequence[ComputeEvent]) -> None:
    """These have been told, or are refused."""
    transaction.connection.execute(_FORGET, [{"number": each.number} for each in events])
