"""What was read before it is asked for, and is given out when it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine

from alcor.store.wire import Rows


class NotForeseen(LookupError):
    """Something else is asked for than what was read."""


class Foreseen:
    """What was read, in the place of the connection that a handler reads on: rows by their key, by the statement that
    finds them, and what statements with their values found, as they are.

    For all else that is asked of it, it raises NotForeseen.
    """

    __slots__ = ("_engine", "_found", "_rows", "dialect")

    def __init__(self, engine: Engine, rows: Mapping[object, Mapping[Any, Any]], found: Mapping[object, Rows]) -> None:
        self._engine, self._rows, self._found = engine, rows, found
        self.dialect = engine.dialect

    def rows(self, statement: object, keys: Sequence[Any]) -> list[Any]:
        """The rows that the statement finds by these keys."""
        found = self._rows.get(statement)
        if found is None:
            raise NotForeseen(statement)
        return [found[key] for key in keys if key in found]

    def found(self, asked: object) -> Rows:
        """What was found where this was asked, a statement with its values."""
        rows = self._found.get(asked)
        if rows is None:
            raise NotForeseen(asked)
        return rows

    def get_execution_options(self) -> Mapping[str, Any]:
        """Those of the engine."""
        return self._engine.get_execution_options()

    def __getattr__(self, name: str) -> Any:
        raise NotForeseen(name)
