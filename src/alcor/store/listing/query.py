"""What to list of a table.

Neutron's list semantics: a filter's values are alternatives, different filters are combined; the marker is the id of
the last item of the page before; page_reverse walks backwards.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement

from alcor.store.tables import ip_allocation, tag

SHAPES = 512
"""Shapes of queries whose statements are kept."""


class TagFilter(msgspec.Struct, frozen=True):
    """Resources that have all of some tags, any of some, not all of some, and none of some; nothing where empty."""

    all: Sequence[str] = ()
    any: Sequence[str] = ()
    not_all: Sequence[str] = ()
    not_any: Sequence[str] = ()


class Named(msgspec.Struct, frozen=True):
    """Rows that another table names: there, ``column`` has the ids of those that fulfil ``condition``.

    An index leads from the condition to the ids in their order.
    """

    column: Column[Any]
    condition: ColumnElement[bool]


class Query(msgspec.Struct, frozen=True):
    """What to list. ``sort`` holds (column, ascending); the id is always added last, so that order is total.
    ``orders`` are expressions that names in ``sort`` stand for which are no columns.

    ``columns`` names those that are wanted, or none for all; the fixed_ip filters are for the table of ports.
    ``condition`` is one that all rows fulfil, like those of ``also``; ``parameters`` are what it leaves to be said, by
    name. It is the same object for all queries that have it.
    """

    filters: Mapping[str, Sequence[Any]] = {}
    sort: Sequence[tuple[str, bool]] = ()
    limit: int | None = None
    marker: str | None = None
    page_reverse: bool = False
    fixed_ip_subnets: Sequence[str] = ()
    fixed_ip_addresses: Sequence[bytes] = ()
    fixed_ip_parts: Sequence[str] = ()  # of the text of addresses
    columns: Sequence[str] = ()
    tags: TagFilter = TagFilter()
    condition: ColumnElement[bool] | None = None
    parameters: Mapping[str, Any] = {}
    computed: Mapping[str, Sequence[Any]] = {}  # filters by attributes that are in no column, for services
    also: Sequence[ColumnElement[bool]] = ()
    named: Sequence[Named] = ()
    orders: Mapping[str, ColumnElement[Any]] = {}
    is_known: bool = True  # rows that were read before are known again


def is_usual(query: Query) -> bool:
    """Whether there is nothing in the query but what its shape has."""
    its_own = query.computed, query.named, query.orders, query.fixed_ip_parts, query.fixed_ip_addresses
    return query.tags == TagFilter() and not query.fixed_ip_subnets and not any(its_own)


def named_of(query: Query) -> list[Named]:
    """What names the rows: of other tables, tags and subnets."""
    found = [*query.named, *(Named(tag.c.resource_id, tag.c.tag == each) for each in query.tags.all)]
    if query.tags.any:
        found.append(Named(tag.c.resource_id, tag.c.tag.in_(query.tags.any)))
    if query.fixed_ip_subnets and not query.fixed_ip_addresses:
        found.append(Named(ip_allocation.c.port_id, ip_allocation.c.subnet_id.in_(query.fixed_ip_subnets)))
    return found
