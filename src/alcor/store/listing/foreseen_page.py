"""What a page reads, where that is known beforehand: then all of it is read in one message.

Only of pages that an index leads to, for others wait behind what is read so.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Table, select

from alcor.store import sql
from alcor.store.foresight import Beside, Foresight
from alcor.store.known_rows import known_by
from alcor.store.listing.alternatives import first_alone, looked_for, others_of
from alcor.store.listing.filters import filters_of
from alcor.store.listing.marker import usual_marker, values_of_marker
from alcor.store.listing.order import order_of
from alcor.store.listing.page import Shape, page_values, shape_of, usual_page, usual_select
from alcor.store.listing.query import SHAPES, Query, is_usual
from alcor.store.listing.selective import finds_few

_MOST = 501  # rows: what is made of them is made in the event loop


def foresee_page(table: Table, query: Query, beside: Sequence[Beside]) -> Sequence[Foresight]:
    """What list_rows will ask PostgreSQL for where a page is short, and what is beside the rows.

    This takes it that others show the caller nothing, which is mostly so. Otherwise list_rows asks for something else.
    """
    return tuple(_foreseen(table, query, beside))


def is_short(table: Table, query: Query) -> bool:
    """Whether the page is one of few rows that an index leads to."""
    return (
        is_usual(query)
        and query.limit is not None
        and query.limit <= _MOST
        and not query.also
        and order_of(table, query)[0][0] is table.c.id
        and (not query.filters or finds_few(table, query, filters_of(table, query)))
    )


def _foreseen(table: Table, query: Query, beside: Sequence[Beside]) -> Iterator[Foresight]:
    marked = None
    others = None if query.condition is None else others_of(query.condition)
    if query.marker is not None:
        marked = (query.marker,)
        yield Foresight((), usual_marker(table, tuple(query.sort), query.condition), values_of_marker(query))
    elif others is not None:
        yield Foresight((), looked_for(others), query.parameters)
    own = first_alone(query)
    shape, values = shape_of(table, own, marked), page_values(table, own, marked)
    page = usual_page(shape, known_by(table, "postgresql")) if query.is_known else usual_page(shape)
    yield Foresight((), page, values)
    for each in beside:
        yield Foresight((each.rows,), _beside(shape, each.rows, each.named_by), values)


@lru_cache(SHAPES)
def _beside(shape: Shape, rows: sql.Among, named_by: Column[Any]) -> sql.Prepared:
    named = usual_select(shape, (named_by,)).subquery()
    return rows.found_in(select(named.c[named_by.name]))
