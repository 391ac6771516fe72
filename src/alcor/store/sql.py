"""Static SQL, made once: what hot paths execute."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, CursorResult, Select, TextClause, bindparam, text

_MOST_PADDED = 1 << 14  # the next power of two is more parameters than SQLite takes
_STATEMENTS = 32  # of each kind that are kept
_NAME = re.compile(r":(\w+)")


def statement(sql: str) -> TextClause:
    """A statement with named parameters, the same on every database."""
    return text(sql)


class DriverStatement:
    """A statement with named parameters that goes to the database's driver as it is: half the work of the other kinds.

    Values come back as the driver gives them: booleans are numbers on SQLite. ``locks`` has a SELECT lock its rows
    until the transaction ends; SQLite's writer locks all anyway.
    """

    __slots__ = ("_by_dialect",)

    def __init__(self, sql: str, locks: bool = False) -> None:
        named = _NAME.sub(r"%(\1)s", sql)
        self._by_dialect = {"sqlite": sql, "postgresql": f"{named} FOR UPDATE" if locks else named}

    def __call__(
        self, connection: Connection, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> CursorResult[Any]:
        """Execute it, once or for each of the parameters."""
        given = dict(parameters) if isinstance(parameters, Mapping) else list(map(dict, parameters))
        return connection.exec_driver_sql(self._by_dialect[connection.dialect.name], given)


def among(select: Select[Any], column: ColumnElement[Any]) -> Callable[..., CursorResult[*tuple[Any, ...]]]:
    """The rows of a SELECT whose column has one of some values: a function of the connection, these, and parameters.

    Values are few: each is a parameter. Their number is padded to a power of two, so that there are few different
    statements, each of which is made once: a list that SQLAlchemy expands is expanded again each time.
    """

    @lru_cache(_STATEMENTS)
    def of_size(size: int) -> Select[Any]:
        return select.where(column.in_([bindparam(f"value_{number}") for number in range(size)]))

    def rows(connection: Connection, values: Sequence[Any], **parameters: Any) -> CursorResult[*tuple[Any, ...]]:
        size = 1 << max(len(values) - 1, 0).bit_length() if len(values) < _MOST_PADDED else len(values)
        padded = (*values, *[values[-1] if values else None] * (size - len(values)))
        given = {f"value_{number}": value for number, value in enumerate(padded)}
        return connection.execute(of_size(size), given | parameters)

    return rows


def mark(dialect: str) -> str:
    """What stands for a parameter in SQL written for the database's driver itself."""
    return "?" if dialect == "sqlite" else "%s"
