"""Arithmetic on free ranges: a set of numbers as sorted, disjoint, never adjacent (first, last) pairs.

Pure. The store keeps a pool's free numbers this way; only the ranges an operation touches are given to it.
"""

from collections.abc import Iterable, Sequence

Range = tuple[int, int]


def normalised(ranges: Iterable[Range]) -> list[Range]:
    """The same numbers as sorted, disjoint, non-adjacent ranges."""
    result: list[Range] = []
    for first, last in sorted(ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


def runs(numbers: Iterable[int]) -> list[Range]:
    """The numbers as ranges of consecutive ones."""
    return normalised((number, number) for number in numbers)


def without(ranges: Sequence[Range], numbers: Sequence[int]) -> list[Range]:
    """The ranges less the numbers (sorted, each in one of the ranges)."""
    result: list[Range] = []
    remaining = iter(numbers)
    number = next(remaining, None)
    for first, last in ranges:
        start = first
        while number is not None and number <= last:
            if number > start:
                result.append((start, number - 1))
            start = number + 1
            number = next(remaining, None)
        if start <= last:
            result.append((start, last))
    return result


def difference(ranges: Sequence[Range], others: Sequence[Range]) -> list[Range]:
    """The ranges less what is in the others (each sorted and disjoint)."""
    result: list[Range] = []
    index = 0
    for first, last in ranges:
        while index < len(others) and others[index][1] < first:
            index += 1
        start, following = first, index
        while following < len(others) and others[following][0] <= last:
            if others[following][0] > start:
                result.append((start, others[following][0] - 1))
            start = others[following][1] + 1
            following += 1
        if start <= last:
            result.append((start, last))
    return result
