"""Ranges are the set of numbers they stand for."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from alcor.model.number_ranges import Range, difference, normalised, runs, without

numbers = st.integers(0, 60)
ranges = st.lists(st.tuples(numbers, numbers).map(lambda ends: (min(ends), max(ends))))


def members(given_ranges: list[Range]) -> set[int]:
    return {number for first, last in given_ranges for number in range(first, last + 1)}


def is_normal(given_ranges: list[Range]) -> bool:
    pairs = itertools.pairwise(given_ranges)
    return all(left[1] + 1 < right[0] for left, right in pairs)


@given(ranges)
def test_normalised_ranges_hold_the_same_numbers_apart_and_in_order(some: list[Range]) -> None:
    assert members(normalised(some)) == members(some)
    assert is_normal(normalised(some))


@given(ranges, ranges)
def test_a_difference_holds_what_is_in_the_first_alone(some: list[Range], others: list[Range]) -> None:
    left = difference(normalised(some), normalised(others))
    assert members(left) == members(some) - members(others)
    assert left == sorted(left)


@given(st.lists(numbers))
def test_runs_hold_just_the_numbers(some: list[int]) -> None:
    assert members(runs(some)) == set(some)
    assert is_normal(runs(some))


@given(ranges, st.data())
def test_without_removes_just_the_numbers(some: list[Range], data: st.DataObject) -> None:
    whole = normalised(some)
    removed = data.draw(st.sets(st.sampled_from(sorted(members(whole))))) if whole else set()
    rest = without(whole, sorted(removed))
    assert members(rest) == members(whole) - removed
    assert is_normal(rest)
