"""Pools of numbers (addresses, MACs, VNIs) kept as free ranges in the database.

A pool's free numbers are disjoint, non-adjacent ranges; what is taken plus what is free is always the whole pool.
Every operation locks the pool's row first, so pools are correct under concurrent transactions and processes. Taking
starts after the pool's cursor, so that a released number rests before it is given out again.
"""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from alcor.model.number_ranges import Range, normalised, runs, without
from alcor.store import sql
from alcor.store.transaction import Transaction


class PoolExhausted(Exception):
    """Fewer numbers are free than were asked for; ``available`` says how many."""

    def __init__(self, pool_id: str, available: int) -> None:
        super().__init__(f"number pool {pool_id} has only {available} free numbers")
        self.pool_id = pool_id
        self.available = available


_CREATE = sql.statement("INSERT INTO number_pool (id, cursor) VALUES (:id, :cursor)")
_ADD = sql.statement('INSERT INTO free_range (pool_id, "first", "last") VALUES (:id, :first, :last)')
_DROP = (
    sql.statement("DELETE FROM free_range WHERE pool_id = :id"),
    sql.statement("DELETE FROM number_pool WHERE id = :id"),
)
_LOCK = sql.locking_statement("SELECT cursor FROM number_pool WHERE id = :id")
_MOVE_CURSOR = sql.statement("UPDATE number_pool SET cursor = :cursor WHERE id = :id")
_AT_OR_BEFORE = sql.statement(
    'SELECT "first", "last" FROM free_range WHERE pool_id = :id AND "first" <= :number ORDER BY "first" DESC LIMIT 1'
)
_AFTER = sql.statement(
    'SELECT "first", "last" FROM free_range WHERE pool_id = :id AND "first" > :number ORDER BY "first" LIMIT :limit'
)
_REMOVE = sql.statement('DELETE FROM free_range WHERE pool_id = :id AND "first" = :first')
_ALL = sql.statement('SELECT "first", "last" FROM free_range WHERE pool_id = :id ORDER BY "first"')
_CHUNK = 256


def create(tx: Transaction, pool_id: str, ranges: Iterable[Range], width: int) -> None:
    """A new pool of these numbers, all free; ``width`` is the bytes a number takes (3 VNI, 4 IPv4, 6 MAC, 16 IPv6)."""
    tx.connection.execute(_CREATE, {"id": pool_id, "cursor": bytes(width)})
    _insert(tx.connection, pool_id, normalised(ranges), width)


def delete(tx: Transaction, pool_id: str) -> None:
    """The pool is gone, with all that was free or taken in it."""
    for statement in _DROP:
        tx.connection.execute(statement, {"id": pool_id})


def available(connection: Connection, pool_id: str) -> int:
    """How many numbers are free."""
    return sum(_number(row.last) - _number(row.first) + 1 for row in connection.execute(_ALL, {"id": pool_id}))


def take(tx: Transaction, pool_id: str, count: int) -> list[int]:
    """Take ``count`` numbers. Raises PoolExhausted, having taken none, when fewer are free."""
    if not count:
        return []
    cursor, width = _lock(tx.connection, pool_id)
    touched: set[Range] = set()
    taken: list[int] = []
    for whole, usable in _candidates(tx.connection, pool_id, cursor, width):
        first, last = usable
        size = min(last - first + 1, count - len(taken))
        taken.extend(range(first, first + size))
        touched.add(whole)
        if len(taken) == count:
            break
    else:
        raise PoolExhausted(pool_id, len(taken))
    _replace(tx.connection, pool_id, touched, sorted(taken), width)
    tx.connection.execute(_MOVE_CURSOR, {"id": pool_id, "cursor": taken[-1].to_bytes(width)})
    return taken


def take_exact(tx: Transaction, pool_id: str, numbers: Sequence[int]) -> set[int]:
    """Take those of the numbers that are free in the pool; returns them."""
    _, width = _lock(tx.connection, pool_id)
    touched: set[Range] = set()
    taken: set[int] = set()
    for number in set(numbers):
        found = _range_at_or_before(tx.connection, pool_id, number, width)
        if found and number <= found[1]:
            touched.add(found)
            taken.add(number)
    _replace(tx.connection, pool_id, touched, sorted(taken), width)
    return taken


def release(tx: Transaction, pool_id: str, numbers: Sequence[int]) -> None:
    """Give taken numbers back; the caller names only numbers of this pool that are taken."""
    if not numbers:
        return
    _, width = _lock(tx.connection, pool_id)
    touched: set[Range] = set()
    freed = runs(numbers)
    for first, last in freed:
        before = _range_at_or_before(tx.connection, pool_id, first, width)
        if before and before[1] + 1 == first:
            touched.add(before)
        after = _range_at_or_before(tx.connection, pool_id, last + 1, width) if last + 1 < 1 << 8 * width else None
        if after and after[0] == last + 1:
            touched.add(after)
    _remove(tx.connection, pool_id, touched, width)
    _insert(tx.connection, pool_id, normalised([*touched, *freed]), width)


def _lock(connection: Connection, pool_id: str) -> tuple[int, int]:
    cursor: bytes = connection.execute(_LOCK[connection.dialect.name], {"id": pool_id}).scalar_one()
    return _number(cursor), len(cursor)


def _candidates(connection: Connection, pool_id: str, cursor: int, width: int) -> Iterator[tuple[Range, Range]]:
    """Free ranges in the order to take from them, each with the part to take: after the cursor, then up to it."""
    holding = _range_at_or_before(connection, pool_id, cursor, width)
    if holding and holding[1] > cursor:
        yield holding, (cursor + 1, holding[1])
    yield from ((found, found) for found in _ranges_after(connection, pool_id, cursor, width))
    for found in _ranges_after(connection, pool_id, -1, width):
        if found[0] > cursor:
            return
        yield found, (found[0], min(found[1], cursor))


def _range_at_or_before(connection: Connection, pool_id: str, number: int, width: int) -> Range | None:
    row = connection.execute(_AT_OR_BEFORE, {"id": pool_id, "number": number.to_bytes(width)}).first()
    return (_number(row.first), _number(row.last)) if row else None


def _ranges_after(connection: Connection, pool_id: str, number: int, width: int) -> Iterator[Range]:
    after = number.to_bytes(width) if number >= 0 else b""
    limit = 1
    while True:
        rows = connection.execute(_AFTER, {"id": pool_id, "number": after, "limit": limit}).all()
        for row in rows:
            yield _number(row.first), _number(row.last)
        if len(rows) < limit:
            return
        after = bytes(rows[-1].first)
        limit = _CHUNK


def _replace(connection: Connection, pool_id: str, touched: set[Range], taken: Sequence[int], width: int) -> None:
    _remove(connection, pool_id, touched, width)
    _insert(connection, pool_id, without(sorted(touched), taken), width)


def _remove(connection: Connection, pool_id: str, ranges: Iterable[Range], width: int) -> None:
    rows = [{"id": pool_id, "first": first.to_bytes(width)} for first, _ in ranges]
    if rows:
        connection.execute(_REMOVE, rows)


def _insert(connection: Connection, pool_id: str, ranges: Iterable[Range], width: int) -> None:
    rows = [{"id": pool_id, "first": first.to_bytes(width), "last": last.to_bytes(width)} for first, last in ranges]
    if rows:
        connection.execute(_ADD, rows)


def _number(packed: bytes) -> int:
    return int.from_bytes(packed)
