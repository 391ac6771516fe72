"""Views that are made once for as long as they stay the same, and their JSON with them.

A view follows from its resource's row and from what is read beside it. Both are read each time; only where one of them
is not what it was is the view made again. So nobody has to say when a view is no longer right.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from alcor.model.eviction import evict_oldest
from alcor.services.rows import View

_MOST = 20_000  # of each kind of resource


class RememberedView(dict[str, Any]):
    """A view that others are shown, too: nobody changes it.

    ``json`` is its JSON without some of its attributes, and ``looked`` what some of them are, by their names.
    """

    __slots__ = ("json", "looked")

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.json: dict[tuple[str, ...], bytes] = {}
        self.looked: dict[tuple[str, ...], tuple[Any, ...]] = {}


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
