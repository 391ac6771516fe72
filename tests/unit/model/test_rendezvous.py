"""Everybody gives a VPC to the same one of several, evenly, and little moves when one goes or comes."""

import collections
import random

from hypothesis import given
from hypothesis import strategies as st

from alcor.model.rendezvous import order

vnis = st.integers(0, (1 << 24) - 1)
address_lists = st.lists(st.text(max_size=20), unique=True, max_size=6)

TEN = [f"10.0.0.{number}:9697" for number in range(10)]
VPCS = range(1, 5001)


@given(vnis, st.lists(st.text(max_size=20), max_size=6), st.randoms())
def test_every_address_stands_in_the_order_once_however_they_are_given(
    vni: int, addresses: list[str], shuffler: random.Random
) -> None:
    ordered = order(vni, addresses)
    shuffler.shuffle(addresses)
    assert order(vni, addresses) == order(vni, frozenset(addresses)) == ordered
    assert sorted(ordered) == sorted(set(addresses))


@given(vnis, address_lists, st.text(max_size=20))
def test_one_that_comes_or_goes_leaves_the_order_of_the_others(vni: int, addresses: list[str], one: str) -> None:
    without = [address for address in addresses if address != one]
    assert [address for address in order(vni, [*without, one]) if address != one] == order(vni, without)


def test_vpcs_are_spread_evenly() -> None:
    firsts = collections.Counter(order(vni, TEN)[0] for vni in VPCS)
    assert all(400 < firsts[address] < 600 for address in TEN)


def test_the_vpcs_of_one_that_goes_are_spread_over_all_others() -> None:
    orders = [order(vni, TEN) for vni in VPCS]
    stand_ins = collections.Counter(second for first, second, *_ in orders if first == TEN[0])
    assert stand_ins.keys() == set(TEN[1:])
    assert max(stand_ins.values()) < 2 * min(stand_ins.values())


def test_the_order_is_the_same_in_every_version() -> None:
    """Agents and controllers of different versions decide alike."""
    assert order(5001, ["a:1", "b:1", "c:1", "unix:/run/d"]) == ["b:1", "unix:/run/d", "a:1", "c:1"]
