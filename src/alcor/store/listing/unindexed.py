"""Conditions that no index is to be used for: what they are asked about was found by another, which finds less.

SQLite knows nothing of how many rows have a value. Of two indexes it takes the one that has them in the order asked,
be it all rows of a project against those of one device.
"""

from typing import Any

from sqlalchemy import Column, ColumnElement, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.visitors import replacement_traverse


class unindexed(FunctionElement[Any]):  # noqa: N801  (as a function of SQL)
    """A column whose value is looked at in rows that were found."""

    inherit_cache = True

    def __init__(self, column: Column[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(unindexed)
def _as_it_is(element: Any, compiler: Any, **options: Any) -> str:
    text: str = compiler.process(element.clauses, **options)
    return text


@compiles(unindexed, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


def without_indexes(condition: ColumnElement[bool], table: Table) -> ColumnElement[bool]:
    """The same condition, for which no index of the table is used on SQLite."""

    def replaced(element: Any, **_options: Any) -> Any:
        return unindexed(element) if isinstance(element, Column) and element.table is table else None

    changed: ColumnElement[bool] = replacement_traverse(condition, {}, replaced)
    return changed
