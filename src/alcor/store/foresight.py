"""Reads that are known beforehand, so that they can be made first, all in one message."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Column

from alcor.store.sql import Among, DriverStatement, Prepared


class Foresight(NamedTuple):
    """That rows will be asked for by their first column, which is their key, and what finds them all before.

    ``found_by`` is called with ``values``. It finds rows of all statements in ``asked`` beside each other, with no key
    where there is none; where there are none in ``asked``, it is the statement that will be asked itself.
    """

    asked: tuple[Among, ...]
    found_by: Among | Prepared | DriverStatement
    values: Any


Foresee = Callable[[Sequence[Any]], Sequence[Foresight]]
"""What a handler of reads will ask for, as far as it follows from the requests."""

ForeseeQuery = Callable[[], Sequence[Foresight]]
"""All that a query will ask for."""


class Beside(NamedTuple):
    """Rows that a resource is shown with: those whose key is in a column of the resource's own row."""

    rows: Among
    named_by: Column[Any]


def of_keys(rows: Among, key: Column[Any], keys: Sequence[str], beside: tuple[Beside, ...]) -> Foresight:
    """That the rows of resources will be asked for by their keys, and what is beside them."""
    return Foresight((rows, *(each.rows for each in beside)), _together(rows, key, beside), keys)


@cache
def _together(rows: Among, key: Column[Any], beside: tuple[Beside, ...]) -> Among:
    return rows.beside([(each.rows, each.named_by) for each in beside], key)
