"""Views that are made once for as long as they stay the same, and their JSON with them.

A view follows from its resource's row and from what is read beside it. Both are read each time; only where one of them
is not what it was is the view made again. So nobody has to say when a view is no longer right.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from alcor.model.eviction import evict_oldest
from alcor.model.json_bytes import json_bytes
from alcor.services.rows import View, without

_MOST = 20_000  # of each kind of resource


class RememberedView(dict[str, Any]):
    """A view that others are shown, too: nobody changes it."""

    __slots__ = ("_json", "_looked")

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._json: dict[tuple[str, ...], bytes] = {}
        self._looked: dict[tuple[str, ...], tuple[Any, ...]] = {}

    def json(self, unseen: tuple[str, ...]) -> bytes:
        """Its JSON without these attributes."""
        known = self._json.get(unseen)
        if known is None:
            # A copy takes the memory that it needs; what orjson makes keeps its buffer, ten times as large.
            known = self._json[unseen] = bytes(memoryview(json_bytes(without(self, unseen))))
        return known

    def looked(self, names: tuple[str, ...]) -> tuple[Any, ...]:
        """What attributes of these names are, as a key."""
        looked = self._looked.get(names)
        if looked is None:
            looked = self._looked[names] = tuple([self.get(name) for name in names])
        return looked


class _Known(msgspec.Struct, frozen=True):
    row: Any
    beside: Any
    view: RememberedView


class Remembered:
    """The views of one kind of resource. ``make`` makes one of a row and what was read beside it.

    Rows are known by their first column. What is beside them is compared, and None where it may have changed unseen.
    """

    def __init__(self, make: Callable[[Any, Any], View], most: int = _MOST) -> None:
        self._make, self._most = make, most
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def views(self, rows: Sequence[Any], beside: Sequence[Any]) -> list[View]:
        """The views of these rows, in their order."""
        known = self._known
        found: list[View] = []
        for row, its in zip(rows, beside, strict=True):
            before = known.get(row[0])
            if (
                before is not None
                and (before.row is row or before.row == row)
                and (before.beside is its or before.beside == its)
            ):
                found.append(before.view)
            else:
                found.append(self._new(row, its))
        return found

    def _new(self, row: Any, beside: Any) -> View:
        view = RememberedView(self._make(row, beside))
        self._known[row[0]] = _Known(row, beside, view)
        evict_oldest(self._known, self._most)
        return view
