"""Prefix pools give every range once, out of the smallest free one, and cost the same however many are taken."""

import ipaddress
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, event, select

from alcor.model.address_plan import Network
from alcor.model.prefixes import less, merged
from alcor.store import prefix_pools
from alcor.store.tables import free_prefix
from alcor.store.transaction import Transaction

WHOLE = {4: ["10.0.0.0/28", "10.0.0.32/29"], 6: ["2001:db8::/124", "2001:db8::20/125"]}


def free_of(transaction: Transaction, pool_id: str = "pool") -> list[Network]:
    rows = transaction.connection.execute(
        select(free_prefix).where(free_prefix.c.pool_id == pool_id).order_by(free_prefix.c.first)
    )
    return [ipaddress.ip_network((bytes(row.first), row.prefixlen)) for row in rows]


class Pool(RuleBasedStateMachine):
    """A pool and the set of prefixes that it should behave like."""

    def __init__(self, transaction: Transaction, version: int) -> None:
        super().__init__()
        self.transaction = transaction
        self.longest = 32 if version == 4 else 128
        self.whole = [ipaddress.ip_network(each) for each in WHOLE[version]]
        self.held: list[Network] = []
        prefix_pools.delete(transaction, "pool")
        prefix_pools.give(transaction, "pool", self.whole)

    @property
    def free(self) -> list[Network]:
        return less(self.whole, self.held) if self.held else self.whole

    @rule(bits=st.integers(0, 5))
    def take(self, bits: int) -> None:
        length = self.longest - bits
        large_enough = [each for each in self.free if each.prefixlen <= length]
        taken = prefix_pools.take(self.transaction, "pool", length)
        if not large_enough:
            assert taken is None
            return
        smallest = max(large_enough, key=lambda each: (each.prefixlen, -int(each.network_address)))
        assert taken == next(iter(smallest.subnets(new_prefix=length)))
        self.held.append(taken)

    @rule(offset=st.integers(0, 63), bits=st.integers(0, 5))
    def take_exact(self, offset: int, bits: int) -> None:
        first = self.whole[0].network_address + offset
        wanted = ipaddress.ip_network((first.packed, self.longest - bits), strict=False)
        is_free = not less([wanted], self.free) if self.free else False
        assert prefix_pools.take_exact(self.transaction, "pool", wanted) == is_free
        if is_free:
            self.held.append(wanted)

    @rule(data=st.data())
    def give(self, data: st.DataObject) -> None:
        if self.held:
            given = data.draw(st.lists(st.sampled_from(self.held), unique=True))
            self.held = [each for each in self.held if each not in given]
            prefix_pools.give(self.transaction, "pool", given)

    @invariant()
    def free_is_what_is_not_held(self) -> None:
        assert free_of(self.transaction) == merged(self.free)


@pytest.mark.parametrize("version", [4, 6])
def test_a_pool_behaves_like_the_set_of_its_free_addresses(transaction: Transaction, version: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Pool(transaction, version),
        settings=settings(
            max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", see)
    yield seen
    event.remove(engine, "before_cursor_execute", see)


def test_taking_costs_the_same_however_many_are_taken(engine: Engine, transaction: Transaction) -> None:
    prefix_pools.give(transaction, "pool", [ipaddress.ip_network("10.0.0.0/8")])
    taken = [prefix_pools.take(transaction, "pool", 24) for _ in range(2000)]
    freed = [each for each in random.Random(1).sample(taken, 500) if each is not None]
    prefix_pools.give(transaction, "pool", freed)
    with statements(engine) as seen:
        prefix_pools.take(transaction, "pool", 20)
    assert len(seen) <= 3  # one to find it, two to write what is left of it
    with statements(engine) as seen:
        prefix_pools.take_exact(transaction, "pool", ipaddress.ip_network("10.200.0.0/24"))
    assert len(seen) <= 3
