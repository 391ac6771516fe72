"""Reads that are known beforehand: they are made first, all in one message, and given out when they are asked for."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from alcor.store.sql import Among, NamedRow


class NotForeseen(LookupError):
    """Something else is asked for than what was read."""


class Foresight(NamedTuple):
    """That rows will be asked for by their first column, which is their key, and what finds them all before.

    ``found_by`` is called with ``values``. It is the statement that will be asked itself where these are its keys.
    """

    asked: "Among"
    found_by: "Among"
    values: Sequence[str]


Foresee = Callable[[Sequence[Any]], Sequence[Foresight]]
"""What a handler of reads will ask for, as far as it follows from the requests."""


class Foreseen:
    """What was read, in the place of the connection that a handler reads on. For all else it raises NotForeseen."""

    __slots__ = ("_found",)

    def __init__(self, found: Mapping["Among", Mapping[Any, "NamedRow"]]) -> None:
        self._found = found

    def rows(self, asked: "Among", values: Sequence[Any]) -> list["NamedRow"]:
        """The rows that the statement finds by these values."""
        found = self._found.get(asked)
        if found is None:
            raise NotForeseen(asked)
        return [found[value] for value in values if value in found]

    def __getattr__(self, name: str) -> Any:
        raise NotForeseen(name)
