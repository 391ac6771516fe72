"""Reads that are known beforehand, so that they can be made first, all in one message."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from alcor.store.sql import Among


class Foresight(NamedTuple):
    """That rows will be asked for by their first column, which is their key, and what finds them all before.

    ``found_by`` is called with ``values``. It is the statement that will be asked itself where these are its keys.
    """

    asked: Among
    found_by: Among
    values: Sequence[str]


Foresee = Callable[[Sequence[Any]], Sequence[Foresight]]
"""What a handler of reads will ask for, as far as it follows from the requests."""
