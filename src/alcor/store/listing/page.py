"""The rows of a page, and how many there are on all pages.

A query's values are parameters of its statement, so that queries of one shape have the same: it is made once.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, Table, func, select

from alcor.store import sql
from alcor.store.known_rows import KnownRows
from alcor.store.listing.alternatives import alternatives_of, narrowed
from alcor.store.listing.filters import Filter, filtered, filters_of, parameters_of
from alcor.store.listing.first_rows import LIMIT, first_named, first_of_each
from alcor.store.listing.marker import find_marker, marker_parameter, past_marker
from alcor.store.listing.order import order_of, ordered
from alcor.store.listing.query import SHAPES, Query, is_usual, named_of
from alcor.store.listing.selective import finds_few
from alcor.store.listing.unindexed import without_indexes
from alcor.store.sql import NamedRow


class Shape(NamedTuple):
    """What the statement of a usual query depends on."""

    table: Table
    filters: Sequence[Filter]
    nulls: Sequence[bool] | None  # which of the marker's values are NULL, where there is a marker
    sort: Sequence[tuple[str, bool]]
    limited: bool
    page_reverse: bool
    columns: Sequence[str]
    condition: ColumnElement[bool] | None
    also: Sequence[ColumnElement[bool]]


def list_rows(connection: Connection, table: Table, query: Query) -> list[NamedRow]:
    """The page of rows. Raises MarkerNotFound, and KeyError for a column that the table does not have."""
    marked, others = None, None
    if query.marker is not None:
        marked, others = find_marker(connection, table, query)
    query = narrowed(connection, query, others)
    values = page_values(table, query, marked)
    if is_usual(query):
        page = partial(usual_page, shape_of(table, query, marked))
        known: KnownRows | None = connection.get_execution_options().get("known_rows")
        rows: list[NamedRow]
        if known is not None and query.limit is not None and query.is_known:
            rows = known.page(connection, table, query.columns, lambda wanted: page(wanted).values(connection, values))
        else:
            rows = page()(connection, values)
    else:
        statement = _page(table, query, filters_of(table, query), _nulls(marked))
        rows = list(connection.execute(statement, values).all())
    return rows[::-1] if query.page_reverse else rows


def page_values(table: Table, query: Query, marked: Sequence[Any] | None) -> dict[str, Any]:
    """The parameters of the statement of a page, which begins after a marker of which rows are sorted by these."""
    values = parameters_of(table, query) | {LIMIT.key: query.limit}
    return values | {marker_parameter(place): value for place, value in enumerate(marked or ())}


def _nulls(marked: Sequence[Any] | None) -> Sequence[bool] | None:
    return None if marked is None else tuple(value is None for value in marked)


def shape_of(table: Table, query: Query, marked: Sequence[Any] | None) -> Shape:
    """That of a usual query."""
    return Shape(
        table,
        filters_of(table, query),
        _nulls(marked),
        tuple(query.sort),
        query.limit is not None,
        query.page_reverse,
        tuple(query.columns),
        query.condition,
        tuple(query.also),
    )


def count_rows(connection: Connection, table: Table, query: Query) -> int:
    """How many rows the filters let through."""
    statement = filtered(select(func.count()).select_from(table), table, query, filters_of(table, query))
    count: int = connection.execute(statement, parameters_of(table, query)).scalar_one()
    return count


@lru_cache(SHAPES)
def usual_page(shape: Shape, wanted: Sequence[ColumnElement[Any]] | None = None) -> sql.Prepared:
    """The statement of all usual queries of this shape: for rows, or for what is wanted of them."""
    return sql.Prepared(usual_select(shape, wanted))


def usual_select(shape: Shape, wanted: Sequence[ColumnElement[Any]] | None = None) -> Select[Any]:
    """The same as a SELECT."""
    query = Query(
        sort=shape.sort,
        limit=1 if shape.limited else None,
        page_reverse=shape.page_reverse,
        columns=shape.columns,
        condition=shape.condition,
        also=shape.also,
    )
    return _page(shape.table, query, shape.filters, shape.nulls, wanted)


def _page(
    table: Table,
    query: Query,
    filters: Sequence[Filter],
    nulls: Sequence[bool] | None,
    wanted: Sequence[ColumnElement[Any]] | None = None,
) -> Select[Any]:
    """``nulls`` says which of the marker's values are NULL, where there is a marker."""
    wanted = wanted or [table.c[name] for name in query.columns] or list(table.c)
    order = order_of(table, query)
    past = [] if nulls is None else [past_marker(order, nulls)]
    few = finds_few(table, query, filters)
    if few and query.condition is not None:
        query = msgspec.structs.replace(query, condition=without_indexes(query.condition, table))
    statement = filtered(select(*wanted), table, query, filters).where(*past)
    if query.limit is not None and not few:
        alternatives = alternatives_of(query.condition)
        if (named := named_of(query)) and len(order) == 1 and order[0][0] is table.c.id:
            first = first_named(table, query, filters, order[0][1], named)
            statement = select(*wanted).where(table.c.id.in_(first))
        elif len(alternatives) > 1:
            first = first_of_each(table, query, filters, order, past, alternatives)
            statement = select(*wanted).where(table.c.id.in_(first))
    statement = ordered(statement, order)
    return statement if query.limit is None else statement.limit(LIMIT)
