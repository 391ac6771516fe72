"""Pools of numbers (addresses, MACs, VNIs) kept as free ranges in the database.

A pool's free numbers are disjoint, non-adjacent ranges; what is taken plus what is free is always the whole pool.
Every operation locks the pool's row first, so pools are correct under concurrent transactions and processes. Taking
starts after the pool's cursor, so that a released number rests before it is given out again.

A range is a row found by its last number: the range that holds a number, or else the next one, is one step in the
index, and taking from a range's front changes no key.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

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


_CREATE = sql.DriverStatement("INSERT INTO number_pool (id, cursor) VALUES (:id, :cursor)")
_DROP = (
    sql.DriverStatement("DELETE FROM free_range WHERE pool_id = :id"),
    sql.DriverStatement("DELETE FROM number_pool WHERE id = :id"),
)
_CURSOR = sql.DriverStatement("SELECT cursor FROM number_pool WHERE id = :id")
_LOCK = sql.DriverStatement("SELECT cursor FROM number_pool WHERE id = :id", locks=True)
_MOVE_CURSOR = sql.DriverStatement("UPDATE number_pool SET cursor = :cursor WHERE id = :id")
_BEYOND = sql.DriverStatement(
    'SELECT "first", "last" FROM free_range WHERE pool_id = :id AND "last" > :number ORDER BY "last" LIMIT :limit'
)
_ADD = sql.DriverStatement('INSERT INTO free_range (pool_id, "first", "last") VALUES (:id, :first, :last)')
_SHRINK = sql.DriverStatement('UPDATE free_range SET "first" = :first WHERE pool_id = :id AND "last" = :last')
_REMOVE = sql.DriverStatement('DELETE FROM free_range WHERE pool_id = :id AND "last" = :last')
_NEXT = (
    'SELECT cursor, "first", "last" FROM number_pool JOIN free_range ON pool_id = number_pool.id AND "last" = '
    '(SELECT "last" FROM free_range WHERE pool_id = :id AND "last" > cursor ORDER BY "last" LIMIT 1) '
    "WHERE number_pool.id = :id"
)
_NEXT_RANGE = sql.DriverStatement(_NEXT)


# PostgreSQL takes in one message what is most often taken. It reckons with the last seven bytes of numbers, which its
# integers hold: where they would run over, nothing is found.
_TAKE_FRONT = sql.DriverStatement(
    f"""
    WITH next AS ({_NEXT} FOR UPDATE),
    measured AS (SELECT *, least(octet_length(cursor), 7) AS size FROM next WHERE cursor < "first"),
    parted AS (SELECT *, substring("first" FROM 1 FOR octet_length(cursor) - size) AS head,
        substring("first" FROM octet_length(cursor) - size + 1) AS tail FROM measured),
    counted AS (SELECT *, CAST(CAST('x' || lpad(encode(tail, 'hex'), 16, '0') AS bit(64)) AS bigint) + :count AS beyond
        FROM parted),
    named AS (SELECT *, head || decode(lpad(to_hex(beyond - 1), 2 * size, '0'), 'hex') AS newest
        FROM counted WHERE beyond <= (CAST(1 AS bigint) << (8 * size))),
    taken AS (SELECT *, newest < "last" AS leaves_some FROM named WHERE newest <= "last"),
    shrunk AS (UPDATE free_range SET "first" = head || decode(lpad(to_hex(beyond), 2 * size, '0'), 'hex')
        FROM taken WHERE pool_id = :id AND free_range."last" = taken."last" AND leaves_some),
    removed AS (DELETE FROM free_range USING taken
        WHERE pool_id = :id AND free_range."last" = taken."last" AND NOT leaves_some),
    moved AS (UPDATE number_pool SET cursor = newest FROM taken WHERE id = :id)
    SELECT "first" FROM taken
    """
)
_ALL = sql.DriverStatement('SELECT "first", "last" FROM free_range WHERE pool_id = :id ORDER BY "last"')
_CHUNK = 256


def create(tx: Transaction, pool_id: str, ranges: Iterable[Range], width: int) -> None:
    """A new pool of these numbers, all free; ``width`` is the bytes a number takes (3 VNI, 4 IPv4, 6 MAC, 16 IPv6)."""
    _CREATE(tx.connection, {"id": pool_id, "cursor": bytes(width)})
    _replace(tx.connection, pool_id, (), normalised(ranges), width)


def delete(tx: Transaction, pool_id: str) -> None:
    """The pool is gone, with all that was free or taken in it."""
    for statement in _DROP:
        statement(tx.connection, {"id": pool_id})


def resize(tx: Transaction, pool_id: str, ranges: Iterable[Range], taken: Iterable[int]) -> None:
    """Make the pool one of these numbers, all free but those that are taken."""
    _, width = _lock(tx.connection, pool_id)
    _DROP[0](tx.connection, {"id": pool_id})
    whole = normalised(ranges)
    inside = [number for number in sorted(taken) if any(first <= number <= last for first, last in whole)]
    _replace(tx.connection, pool_id, (), without(whole, inside), width)


def lock(tx: Transaction, pool_id: str) -> None:
    """Nobody else takes from the pool or gives back to it until the transaction ends."""
    _lock(tx.connection, pool_id)


def available(connection: Connection, pool_id: str) -> int:
    """How many numbers are free."""
    return sum(_number(row.last) - _number(row.first) + 1 for row in _ALL(connection, {"id": pool_id}))


def take(tx: Transaction, pool_id: str, count: int) -> list[int]:
    """Take ``count`` numbers. Raises PoolExhausted, having taken none, when fewer are free."""
    if not count:
        return []
    return _take_front(tx.connection, pool_id, count) or _take_anywhere(tx, pool_id, count)


def front(connection: Connection, pool_id: str, count: int) -> sql.Read:
    """What taking numbers asks of PostgreSQL first, to be asked ahead by who takes so many next.

    With the answer they are taken: whoever does not take them then has lost them.
    """
    return _TAKE_FRONT.read(connection, {"id": pool_id, "count": count})


def _take_front(connection: Connection, pool_id: str, count: int) -> list[int]:
    """Take the numbers from the front of the range after the cursor, as is nearly always possible; else none."""
    if connection.dialect.name == "postgresql":
        taken = _TAKE_FRONT.rows(connection, {"id": pool_id, "count": count})
        return [_number(first) + place for (first,) in taken for place in range(count)]
    for cursor, packed_first, last in _NEXT_RANGE.rows(connection, {"id": pool_id}):
        first, width = _number(packed_first), len(cursor)
        newest = first + count - 1
        if _number(cursor) < first and newest <= _number(last):
            moved = {"id": pool_id, "last": last, "cursor": newest.to_bytes(width)}
            if newest < _number(last):
                _SHRINK.run(connection, moved | {"first": (newest + 1).to_bytes(width)})
            else:
                _REMOVE.run(connection, moved)
            _MOVE_CURSOR.run(connection, moved)
            return list(range(first, newest + 1))
    return []


def _take_anywhere(tx: Transaction, pool_id: str, count: int) -> list[int]:
    cursor, width = _lock(tx.connection, pool_id)
    touched: set[Range] = set()
    taken: list[int] = []
    for whole, first, last in _candidates(tx.connection, pool_id, cursor, width, count):
        taken.extend(range(first, min(last, first + count - len(taken) - 1) + 1))
        touched.add(whole)
        if len(taken) == count:
            break
    else:
        raise PoolExhausted(pool_id, len(taken))
    _replace(tx.connection, pool_id, touched, without(sorted(touched), sorted(taken)), width)
    _MOVE_CURSOR(tx.connection, {"id": pool_id, "cursor": taken[-1].to_bytes(width)})
    return taken


def free_within(connection: Connection, pool_id: str, first: int, last: int) -> Iterator[Range]:
    """The free ranges between two numbers, in order."""
    cursor = _CURSOR(connection, {"id": pool_id}).scalar_one()
    for low, high in _overlapping(connection, pool_id, first, last, len(cursor)):
        yield max(low, first), min(high, last)


def take_exact(tx: Transaction, pool_id: str, numbers: Iterable[int]) -> set[int]:
    """Take those of the numbers that are free in the pool; returns them."""
    _, width = _lock(tx.connection, pool_id)
    found = _at_or_beyond(tx.connection, pool_id, numbers, width)
    touched = {number: free for number, free in found.items() if free[0] <= number}
    _replace(
        tx.connection, pool_id, set(touched.values()), without(sorted(set(touched.values())), sorted(touched)), width
    )
    return set(touched)


def release(tx: Transaction, pool_id: str, numbers: Iterable[int]) -> None:
    """Give taken numbers back; the caller names only numbers that the pool was made of.

    Raises ValueError, having released none, when one of them is not taken.
    """
    _give(tx, pool_id, runs(numbers))


def extend(tx: Transaction, pool_id: str, added: Range) -> None:
    """Make the pool one of these numbers, too, which it was not made of: all free."""
    _give(tx, pool_id, [added])


def withdraw(tx: Transaction, pool_id: str, removed: Range) -> bool:
    """Make the pool one without these numbers. Returns whether that could be done: all of them must be free."""
    _, width = _lock(tx.connection, pool_id)
    found = _at_or_beyond(tx.connection, pool_id, [removed[0]], width).get(removed[0])
    if found is None or not (found[0] <= removed[0] and removed[1] <= found[1]):
        return False
    rest = [(found[0], removed[0] - 1), (removed[1] + 1, found[1])]
    _replace(tx.connection, pool_id, [found], [each for each in rest if each[0] <= each[1]], width)
    return True


def take_within(tx: Transaction, pool_id: str, within: Range) -> int | None:
    """Take the first free number of a range; None when none is free there."""
    _, width = _lock(tx.connection, pool_id)
    found = _at_or_beyond(tx.connection, pool_id, [within[0]], width).get(within[0])
    if found is None or found[0] > within[1]:
        return None
    number = max(found[0], within[0])
    return number if take_exact(tx, pool_id, [number]) else None


def _give(tx: Transaction, pool_id: str, freed: Sequence[Range]) -> None:
    if not freed:
        return
    _, width = _lock(tx.connection, pool_id)
    edges = [edge for first, _ in freed for edge in (first - 1, first)]
    found = _at_or_beyond(tx.connection, pool_id, edges, width)
    touched: set[Range] = set()
    for first, last in freed:
        before, after = found.get(first - 1), found.get(first)
        if after and after[0] <= last:
            raise ValueError(f"number {max(first, after[0])} of pool {pool_id} is not taken: it cannot be released")
        if before and before[1] == first - 1:
            touched.add(before)
        if after and after[0] == last + 1:
            touched.add(after)
    _replace(tx.connection, pool_id, touched, normalised([*touched, *freed]), width)


def _lock(connection: Connection, pool_id: str) -> tuple[int, int]:
    """The pool's cursor and width; nobody else uses the pool until the transaction ends."""
    cursor = _LOCK(connection, {"id": pool_id}).scalar()
    if cursor is None:
        raise LookupError(f"there is no number pool {pool_id}")
    return _number(cursor), len(cursor)


def _candidates(
    connection: Connection, pool_id: str, cursor: int, width: int, count: int
) -> Iterator[tuple[Range, int, int]]:
    """Free ranges in the order to take from them, each with the part to take: after the cursor, then up to it."""
    for found in _ranges_beyond(connection, pool_id, cursor.to_bytes(width), count):
        yield found, max(found[0], cursor + 1), found[1]
    for found in _ranges_beyond(connection, pool_id, b"", count):
        if found[0] > cursor:
            return
        yield found, found[0], min(found[1], cursor)


def _overlapping(connection: Connection, pool_id: str, first: int, last: int, width: int) -> Iterator[Range]:
    """Free ranges that have a number between two, in order."""
    if first > last:
        return
    for found in _ranges_beyond(connection, pool_id, (first - 1).to_bytes(width) if first else b"", _CHUNK):
        if found[0] > last:
            return
        yield found


def _ranges_beyond(connection: Connection, pool_id: str, number: bytes, count: int) -> Iterator[Range]:
    """Free ranges that end after the number, in order; no more than ``count`` can be needed at a time."""
    limit = min(count, _CHUNK)
    while True:
        rows = _BEYOND(connection, {"id": pool_id, "number": number, "limit": limit}).all()
        for row in rows:
            yield _number(row.first), _number(row.last)
        if len(rows) < limit:
            return
        number = rows[-1].last


def _at_or_beyond(connection: Connection, pool_id: str, numbers: Iterable[int], width: int) -> dict[int, Range]:
    """For each number, the free range that holds it, or else the next one; left out where there is none."""
    packed = [number.to_bytes(width) for number in sorted(set(numbers)) if 0 <= number < 1 << 8 * width]
    found = {}
    for start in range(0, len(packed), _CHUNK):
        chunk = packed[start : start + _CHUNK]
        # Padded to a power of two, so that there are few different statements to prepare.
        size = 1 << (len(chunk) - 1).bit_length()
        statement = _at_or_beyond_sql(size, connection.dialect.name)
        parameters = (*chunk, *[chunk[-1]] * (size - len(chunk)), pool_id, pool_id)
        for number, first, last in connection.exec_driver_sql(statement, parameters):
            if last is not None:
                found[_number(number)] = (_number(first), _number(last))
    return found


@cache
def _at_or_beyond_sql(size: int, dialect: str) -> str:
    mark = sql.mark(dialect)
    wanted = ", ".join([f"({mark})"] * size)
    end = f'FROM free_range WHERE pool_id = {mark} AND "last" >= number ORDER BY "last" LIMIT 1'
    return (
        f"WITH wanted (number) AS (VALUES {wanted}) "
        f'SELECT number, (SELECT "first" {end}), (SELECT "last" {end}) FROM wanted'
    )


def _replace(connection: Connection, pool_id: str, old: Iterable[Range], new: Sequence[Range], width: int) -> None:
    """Write the free ranges that an operation made of those it touched."""
    before = {last: first for first, last in old}
    after = {last: first for first, last in new}
    removed = before.keys() - after.keys()
    shrunk = {last for last in before.keys() & after.keys() if before[last] != after[last]}
    added = after.keys() - before.keys()
    for statement, lasts in ((_REMOVE, removed), (_SHRINK, shrunk), (_ADD, added)):
        rows = [
            {"id": pool_id, "first": after.get(last, last).to_bytes(width), "last": last.to_bytes(width)}
            for last in sorted(lasts)
        ]
        if rows:
            statement(connection, rows)


def _number(packed: bytes) -> int:
    return int.from_bytes(packed)
