"""Number pools give every number once, keep the lock on it, and cost the same however full they are."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, event, text

from alcor.model.number_ranges import normalised, runs
from alcor.store import number_pools
from alcor.store.number_pools import PoolExhausted
from alcor.store.transaction import Transaction

WIDTHS = {"VNI": 3, "IPv4": 4, "MAC": 6, "IPv6": 16}


class Pools(RuleBasedStateMachine):
    """A pool and the set it should behave like; near the top of its width, where the next number does not exist."""

    def __init__(self, transaction: Transaction, width: int) -> None:
        super().__init__()
        self.transaction = transaction
        self.top = (1 << 8 * width) - 1
        self.whole = {self.top - offset for offset in (*range(12), *range(14, 20), 25)}
        self.free = set(self.whole)
        number_pools.delete(transaction, "pool")
        number_pools.create(transaction, "pool", runs(self.whole), width)

    @rule(count=st.integers(0, 12))
    def take(self, count: int) -> None:
        if count <= len(self.free):
            taken = number_pools.take(self.transaction, "pool", count)
            assert len(taken) == len(set(taken)) == count
            assert set(taken) <= self.free
            self.free -= set(taken)
        else:
            with pytest.raises(PoolExhausted) as raised:
                number_pools.take(self.transaction, "pool", count)
            assert raised.value.available == len(self.free)

    @rule(split=st.integers(1, 25), length=st.integers(0, 12))
    def free_within(self, split: int, length: int) -> None:
        first, last = self.top - split, min(self.top, self.top - split + length)
        found = number_pools.free_within(self.transaction.connection, "pool", first, last)
        assert {n for low, high in found for n in range(low, high + 1)} == {n for n in self.free if first <= n <= last}

    @rule(offsets=st.sets(st.integers(-2, 30)))
    def take_exact(self, offsets: set[int]) -> None:
        wanted = {self.top - offset for offset in offsets}
        assert number_pools.take_exact(self.transaction, "pool", sorted(wanted)) == wanted & self.free
        self.free -= wanted

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        taken = sorted(self.whole - self.free)
        released = data.draw(st.lists(st.sampled_from(taken), unique=True)) if taken else []
        number_pools.release(self.transaction, "pool", released)
        self.free |= set(released)

    @rule(data=st.data())
    def release_what_is_free(self, data: st.DataObject) -> None:
        if self.free:
            numbers = data.draw(st.sets(st.sampled_from(sorted(self.whole)), min_size=1))
            numbers.add(data.draw(st.sampled_from(sorted(self.free))))
            with pytest.raises(ValueError, match="is not taken"):
                number_pools.release(self.transaction, "pool", sorted(numbers))

    @invariant()
    def rows_are_the_free_numbers(self) -> None:
        query = text('SELECT "first", "last" FROM free_range WHERE pool_id = \'pool\' ORDER BY "last"')
        rows = self.transaction.connection.execute(query).all()
        stored = [(int.from_bytes(row.first), int.from_bytes(row.last)) for row in rows]
        assert stored == normalised(stored) == runs(self.free)
        assert number_pools.available(self.transaction.connection, "pool") == len(self.free)


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_a_pool_behaves_like_a_set(transaction: Transaction, width: int) -> None:
    run_state_machine_as_test(
        lambda: Pools(transaction, width),
        settings=settings(
            max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_released_number_rests_until_all_others_were_given(transaction: Transaction) -> None:
    number_pools.create(transaction, "pool", [(10, 19)], 4)
    assert number_pools.take(transaction, "pool", 4) == [10, 11, 12, 13]
    number_pools.release(transaction, "pool", [11, 12])
    assert number_pools.take(transaction, "pool", 7) == [14, 15, 16, 17, 18, 19, 11]


def test_an_unknown_pool_is_named(transaction: Transaction) -> None:
    with pytest.raises(LookupError, match="no number pool nowhere"):
        number_pools.take(transaction, "nowhere", 1)


def test_ten_thousand_scattered_numbers_come_and_go(transaction: Transaction) -> None:
    number_pools.create(transaction, "pool", [(0, 99_999)], 4)
    scattered = list(range(5, 100_000, 10))
    assert number_pools.take_exact(transaction, "pool", scattered) == set(scattered)
    assert number_pools.available(transaction.connection, "pool") == 90_000
    number_pools.release(transaction, "pool", scattered[::-1])
    assert number_pools.take(transaction, "pool", 100_000) == [*range(1, 100_000), 0]


class Cost:
    """The statements an engine executes and the rows they change or return."""

    def __init__(self, engine: Engine) -> None:
        self.statements: list[str] = []
        self.rows = 0
        event.listen(engine, "after_cursor_execute", self._executed)

    def _executed(self, _connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        self.statements.append(statement)
        self.rows += max(cursor.rowcount, 0)

    def of(self, action: Any) -> tuple[list[str], int]:
        self.statements, self.rows = [], 0
        action()
        return self.statements.copy(), self.rows


@pytest.mark.parametrize("count", [1, 100])
def test_taking_costs_the_same_however_full_the_pool(engine: Engine, count: int) -> None:
    size = 1 << 20
    cost = Cost(engine)
    with engine.connect().execution_options(writes=True) as connection, connection.begin() as begun:
        transaction = Transaction(connection, now=0)
        number_pools.create(transaction, "pool", [(1, size)], 4)
        when_empty = cost.of(lambda: number_pools.take(transaction, "pool", count))
        number_pools.take(transaction, "pool", size * 99 // 100)
        when_full = cost.of(lambda: number_pools.take(transaction, "pool", count))
        assert when_full == when_empty
        begun.rollback()


def test_taking_from_a_fragmented_pool_touches_only_what_it_takes(engine: Engine) -> None:
    cost = Cost(engine)
    with engine.connect().execution_options(writes=True) as connection, connection.begin() as begun:
        transaction = Transaction(connection, now=0)
        number_pools.create(transaction, "pool", ((number, number) for number in range(0, 20_000, 2)), 4)
        number_pools.take(transaction, "pool", 5_000)
        statements, rows = cost.of(lambda: number_pools.take(transaction, "pool", 1))
        assert len(statements) <= 3
        assert rows <= 4
        statements, rows = cost.of(lambda: number_pools.take_exact(transaction, "pool", [15_000]))
        assert len(statements) == 3
        assert rows <= 3
        begun.rollback()


def test_a_lookup_walks_the_index_only(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        explain, expected = "EXPLAIN QUERY PLAN", "INDEX sqlite_autoindex_free_range_1 (pool_id=? AND last>?)"
    else:
        explain, expected = "EXPLAIN", "Index Scan using pk_free_range"
    with engine.connect().execution_options(writes=True) as connection, connection.begin() as begun:
        transaction = Transaction(connection, now=0)
        number_pools.create(transaction, "pool", ((number, number) for number in range(0, 20_000, 2)), 4)
        seen: list[tuple[str, Any]] = []

        def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
            if "ORDER BY" in statement:
                seen.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", keep)
        number_pools.take(transaction, "pool", 1)
        number_pools.take_exact(transaction, "pool", [10_000])
        event.remove(engine, "before_cursor_execute", keep)
        assert len(seen) == 2
        for statement, parameters in seen:
            plan = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
            assert expected in str(plan), plan
            assert "Seq Scan" not in str(plan), plan
        begun.rollback()


def test_concurrent_transactions_never_get_the_same_number(engine: Engine) -> None:
    workers, rounds = 4, 25
    everyone_ready = threading.Barrier(workers)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        number_pools.create(Transaction(connection, 0), "pool", [(1, workers * rounds * 3)], 4)

    def work(_: int) -> list[int]:
        everyone_ready.wait(10)
        taken = []
        for _ in range(rounds):
            with engine.connect().execution_options(writes=True) as connection, connection.begin():
                taken += number_pools.take(Transaction(connection, 0), "pool", 3)
        return taken

    with ThreadPoolExecutor(workers) as pool:
        taken = [number for numbers in pool.map(work, range(workers)) for number in numbers]
    assert sorted(taken) == list(range(1, workers * rounds * 3 + 1))
