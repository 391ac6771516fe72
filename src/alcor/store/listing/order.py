"""The order of rows: NULL counts as the smallest of all."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table

from alcor.store.listing.query import Query

Order = Sequence[tuple[ColumnElement[Any], bool]]
"""What rows are sorted by, and whether ascending."""


def order_of(table: Table, query: Query) -> Order:
    """What the query asks for, and the id; turned round where it goes backwards."""
    order = [
        (query.orders[name] if name in query.orders else table.c[name], ascending) for name, ascending in query.sort
    ]
    if not any(column is table.c.id for column, _ in order):
        order.append((table.c.id, True))
    return [(column, ascending != query.page_reverse) for column, ascending in order]


def ordered(statement: Select[Any], order: Order) -> Select[Any]:
    """The statement, with its rows in this order."""
    return statement.order_by(*(sorting(by, ascending, may_be_null(by)) for by, ascending in order))


def sorting(by: ColumnElement[Any], ascending: bool, has_nulls: bool) -> ColumnElement[Any]:
    """The way to sort by one expression, which may be NULL or not."""
    directed = by.asc() if ascending else by.desc()
    if not has_nulls:
        return directed
    return directed.nulls_first() if ascending else directed.nulls_last()


def may_be_null(by: ColumnElement[Any]) -> bool:
    """Whether rows may have NULL there."""
    return not isinstance(by, Column) or bool(by.nullable)
