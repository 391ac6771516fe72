"""The marker, after which a page begins: what rows are sorted by of it, and what comes after that."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, false, or_, select

from alcor.store import sql
from alcor.store.listing.alternatives import others_of
from alcor.store.listing.order import Order, may_be_null, order_of
from alcor.store.listing.query import SHAPES, Query, is_usual


class MarkerNotFound(LookupError):
    """The marker names no row."""


def find_marker(connection: Connection, table: Table, query: Query) -> tuple[Sequence[Any], bool | None]:
    """What rows are sorted by, of the marker, and whether what other alternatives look for is there.

    Raises MarkerNotFound.
    """
    if is_usual(query):
        found = usual_marker(table, tuple(query.sort), query.condition)(connection, values_of_marker(query))
    else:
        found = list(connection.execute(_marker(table, query), values_of_marker(query)).all())
    if not found:
        raise MarkerNotFound(query.marker)
    count = len(order_of(table, query))
    return found[0][:count], found[0].is_there if len(found[0]) > count else None


def values_of_marker(query: Query) -> dict[str, Any]:
    """The parameters of what finds it."""
    return {**query.parameters, "marker": query.marker}


@lru_cache(SHAPES)
def usual_marker(table: Table, sort: Sequence[tuple[str, bool]], condition: ColumnElement[bool] | None) -> sql.Prepared:
    """What finds the marker of a usual query."""
    marker = _marker(table, Query(sort=sort, condition=condition))
    others = None if condition is None else others_of(condition)
    return sql.Prepared(marker if others is None else marker.add_columns(others))


def _marker(table: Table, query: Query) -> Select[Any]:
    columns = (column for column, _ in order_of(table, query))
    statement = select(*columns).where(table.c.id == bindparam("marker", type_=table.c.id.type))
    # What is not shown must not be placed among others either.
    return statement if query.condition is None else statement.where(query.condition)


def marker_parameter(place: int) -> str:
    """The name in a statement of what the marker has at this place of the order."""
    return f"marked_{place}"


def past_marker(order: Order, nulls: Sequence[bool]) -> ColumnElement[bool]:
    """Comes after the marker, of whose values in the order ``nulls`` says which are NULL."""
    alternatives: list[ColumnElement[bool]] = []
    ties: list[ColumnElement[bool]] = []
    for place, ((column, ascending), is_null) in enumerate(zip(order, nulls, strict=True)):
        marked = None if is_null else bindparam(marker_parameter(place), type_=column.type)
        alternatives.append(and_(*ties, _beyond(column, ascending, marked)))
        ties.append(column.is_(None) if marked is None else column == marked)
    return or_(*alternatives)


def _beyond(column: ColumnElement[Any], ascending: bool, value: ColumnElement[Any] | None) -> ColumnElement[bool]:
    """Comes after the value; NULL counts as the smallest of all."""
    if ascending:
        return column.is_not(None) if value is None else column > value
    if value is None:
        return false()
    return or_(column < value, column.is_(None)) if may_be_null(column) else column < value
