"""The ids of a page's rows, found without reading and sorting everything that the query lets through."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Integer, Select, Table, bindparam, select, union_all

from alcor.store.listing.alternatives import subquery_of
from alcor.store.listing.filters import Filter, filtered
from alcor.store.listing.marker import marker_parameter
from alcor.store.listing.order import Order, may_be_null, ordered, sorting
from alcor.store.listing.query import Named, Query

LIMIT = bindparam("page_limit", type_=Integer())
"""How many rows the page has at most."""


def first_named(
    table: Table, query: Query, filters: Sequence[Filter], ascending: bool, named: Sequence[Named]
) -> Select[Any]:
    """The ids of the page's rows, looked for among those that are named, in their order, until the page is full."""
    first, *others = named
    its = filtered(select(table.c.id), table, query, filters, others)
    its = its.where(table.c.id == first.column).correlate(first.column.table)
    statement = select(first.column).where(first.condition, its.exists()).distinct().limit(LIMIT)
    if query.marker is not None:
        marker = bindparam(marker_parameter(0), type_=first.column.type)
        statement = statement.where(first.column > marker if ascending else first.column < marker)
    in_order = statement.order_by(first.column.asc() if ascending else first.column.desc())
    return select(in_order.subquery().c[first.column.name])


def first_of_each(
    table: Table,
    query: Query,
    filters: Sequence[Filter],
    order: Order,
    past: Sequence[ColumnElement[bool]],
    alternatives: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    """The ids of the first rows of each alternative, among which the page's are.

    A database that is asked for all alternatives at once reads and sorts everything that fulfils one of them. An index
    has those in order that are about columns alone, like the caller's own, which are the first. The others are what
    others let it see: mostly little, and all of it is looked up before any is sorted. A database that expects much
    there would go through all rows in their order until the page is full.
    """
    parts = []
    keys = [by.label(f"key_{number}") for number, (by, _) in enumerate(order)]
    for place, alternative in enumerate(alternatives):
        narrowed = msgspec.structs.replace(query, condition=alternative)
        if place == 0 or subquery_of(alternative) is None:
            found = filtered(select(table.c.id), table, narrowed, filters).where(*past)
            parts.append(select(ordered(found, order).limit(LIMIT).subquery().c.id))
            continue
        theirs = filtered(select(table.c.id, *keys), table, narrowed, filters).where(*past).offset(0).subquery()
        by_keys = (sorting(theirs.c[f"key_{n}"], up, may_be_null(by)) for n, (by, up) in enumerate(order))
        parts.append(select(select(theirs.c.id).order_by(*by_keys).limit(LIMIT).subquery().c.id))
    return select(union_all(*parts).subquery().c.id)
