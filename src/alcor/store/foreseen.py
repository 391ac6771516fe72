"""What was read before it is asked for, and is given out when it is."""

from collections.abc import Mapping, Sequence
from typing import Any


class NotForeseen(LookupError):
    """Something else is asked for than what was read."""


class Foreseen:
    """Rows by their key, by the statement that finds them: in the place of the connection that a handler reads on.

    For all else that is asked of it, it raises NotForeseen.
    """

    __slots__ = ("_found",)

    def __init__(self, found: Mapping[object, Mapping[Any, Any]]) -> None:
        self._found = found

    def rows(self, statement: object, keys: Sequence[Any]) -> list[Any]:
        """The rows that the statement finds by these keys."""
        found = self._found.get(statement)
        if found is None:
            raise NotForeseen(statement)
        return [found[key] for key in keys if key in found]

    def __getattr__(self, name: str) -> Any:
        raise NotForeseen(name)
