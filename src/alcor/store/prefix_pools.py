"""Pools of prefixes (ranges of addresses that subnets are made of), kept as free prefixes in the database.

What is free is written as the fewest prefixes that make it up. Hence any free range that a prefix can name lies within
one of them, the smallest that is large enough is one step in an index, and so is the one that holds a certain range.
Callers lock what the pool belongs to.
"""

import ipaddress
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from alcor.model.address_plan import Network
from alcor.store import sql
from alcor.store.transaction import Transaction

_SMALLEST = sql.statement(
    'SELECT "first", prefixlen FROM free_prefix WHERE pool_id = :id AND prefixlen <= :prefixlen '
    'ORDER BY prefixlen DESC, "first" LIMIT 1'
)
_LAST_BEFORE = sql.statement(
    'SELECT "first", prefixlen FROM free_prefix WHERE pool_id = :id AND "first" <= :first ORDER BY "first" DESC LIMIT 1'
)
_ADD = sql.statement('INSERT INTO free_prefix (pool_id, "first", prefixlen) VALUES (:id, :first, :prefixlen)')
_REMOVE = sql.statement('DELETE FROM free_prefix WHERE pool_id = :id AND "first" = :first AND prefixlen = :prefixlen')
_DROP = sql.statement("DELETE FROM free_prefix WHERE pool_id = :id")


def delete(tx: Transaction, pool_id: str) -> None:
    """The pool is gone, with all that was free or taken in it."""
    tx.connection.execute(_DROP, {"id": pool_id})


def take(tx: Transaction, pool_id: str, prefixlen: int) -> Network | None:
    """Take a prefix of this length, out of the smallest free one that has it; None when there is none."""
    row = tx.connection.execute(_SMALLEST, {"id": pool_id, "prefixlen": prefixlen}).first()
    if row is None:
        return None
    free = _network(row)
    taken = ipaddress.ip_network((free.network_address, prefixlen))
    _split(tx, pool_id, free, taken)
    return taken


def take_exact(tx: Transaction, pool_id: str, wanted: Network) -> bool:
    """Take this prefix. Returns whether all of it was free; none of it is taken when not."""
    first = wanted.network_address.packed
    row = tx.connection.execute(_LAST_BEFORE, {"id": pool_id, "first": first}).first()
    if row is None or wanted.broadcast_address not in (free := _network(row)):
        return False
    _split(tx, pool_id, free, wanted)
    return True


def give(tx: Transaction, pool_id: str, prefixes: Iterable[Network]) -> None:
    """Have these be free: given back, or new in the pool."""
    for each in prefixes:
        free = each
        while free.prefixlen and _remove(tx, pool_id, _other_half(free)):
            free = free.supernet()
        _add(tx, pool_id, [free])


def _split(tx: Transaction, pool_id: str, free: Network, taken: Network) -> None:
    _remove(tx, pool_id, free)
    if free != taken:
        _add(tx, pool_id, free.address_exclude(taken))  # type: ignore[arg-type]


def _other_half(prefix: Network) -> Network:
    one, other = prefix.supernet().subnets()
    return one if other == prefix else other


def _remove(tx: Transaction, pool_id: str, prefix: Network) -> bool:
    return tx.connection.execute(_REMOVE, _row(pool_id, prefix)).rowcount > 0


def _add(tx: Transaction, pool_id: str, prefixes: Iterable[Network]) -> None:
    tx.connection.execute(_ADD, [_row(pool_id, each) for each in prefixes])


def _row(pool_id: str, prefix: Network) -> dict[str, object]:
    return {"id": pool_id, "first": prefix.network_address.packed, "prefixlen": prefix.prefixlen}


def _network(row: Row[Any]) -> Network:
    return ipaddress.ip_network((bytes(row.first), row.prefixlen))
