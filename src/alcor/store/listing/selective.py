"""Filters that let few rows through, and are found by an index."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint

from alcor.store.listing.filters import Filter
from alcor.store.listing.query import Query
from alcor.store.tables.base import FINDS_FEW, PARTLY_INDEXED


def finds_few(table: Table, query: Query, filters: Sequence[Filter]) -> bool:
    """Whether a filter lets few rows through, found by an index: all other ways are longer."""
    of_index = (
        each.column for each in filters if each.partly_indexed or PARTLY_INDEXED not in table.c[each.column].info
    )
    return bool(query.fixed_ip_addresses) or not _finders(table).isdisjoint(of_index)


@cache
def _finders(table: Table) -> frozenset[str]:
    """The columns that tell rows apart, and those that have an index of their own because few rows have the same."""
    unique = [each for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]
    alone = [each for each in table.indexes if len(each.columns) == 1 or FINDS_FEW in each.info]
    return frozenset(each.columns[0].name for each in (*unique, *alone))
