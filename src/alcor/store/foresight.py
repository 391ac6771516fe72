"""Reads that are known beforehand, so that they can be made first, all in one message."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Column

from alcor.store.sql import Among, Prepared


class Foresight(NamedTuple):
    """That rows will be asked for by their first column, which is their key, and what finds them all before.

    ``found_by`` is called with ``values``. It is the statement that will be asked itself where these are its keys, and
    where ``asked`` is None.
    """

    asked: Among | None
    found_by: Among | Prepared
    values: Any


Foresee = Callable[[Sequence[Any]], Sequence[Foresight]]
"""What a handler of reads will ask for, as far as it follows from the requests."""


class Beside(NamedTuple):
    """Rows that a resource is shown with: those whose key is in a column of the resource's own row."""

    rows: Among
    named_by: Column[Any]


def of_keys(rows: Among, key: Column[Any], keys: Sequence[str], beside: Sequence[Beside]) -> Iterator[Foresight]:
    """That the rows of resources will be asked for by their keys, and what is beside them."""
    yield Foresight(rows, rows, keys)
    for each in beside:
        yield Foresight(each.rows, _named(each.rows, each.named_by, key), keys)


@cache
def _named(rows: Among, by: Column[Any], key: Column[Any]) -> Among:
    return rows.named(by, key)
