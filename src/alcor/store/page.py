"""Listing any table by the page: filters, sorting, keyset paging, projection.

Neutron's list semantics: a filter's values are alternatives, different filters are combined; the marker is the id of
the last item of the page before; page_reverse walks backwards.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    PrimaryKeyConstraint,
    Row,
    Select,
    Table,
    UniqueConstraint,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BooleanClauseList

from alcor.store.ip_text import ip_text
from alcor.store.tables import ip_allocation, tag
from alcor.store.tables.base import PARTLY_INDEXED


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
    ``condition`` is one that all rows fulfil, like those of ``also``.
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
    computed: Mapping[str, Sequence[Any]] = {}  # filters by attributes that are in no column, for services
    also: Sequence[ColumnElement[bool]] = ()
    named: Sequence[Named] = ()
    orders: Mapping[str, ColumnElement[Any]] = {}


class MarkerNotFound(LookupError):
    """The marker names no row."""


def list_rows(connection: Connection, table: Table, query: Query) -> list[Row[Any]]:
    """The page of rows. Raises MarkerNotFound, and KeyError for a column that the table does not have."""
    wanted = [table.c[name] for name in query.columns] or list(table.c)
    order = _order(table, query)
    past = [] if query.marker is None else [_past_marker(connection, table, order, query.marker, query.condition)]
    statement = _filtered(select(*wanted), table, query).where(*past)
    if query.limit is not None and not _finds_few(table, query):
        alternatives = _alternatives(query.condition)
        if (named := _named(query)) and len(order) == 1 and order[0][0] is table.c.id:
            statement = select(*wanted).where(table.c.id.in_(_first_named(table, query, order[0][1], named)))
        elif len(alternatives) > 1:
            statement = select(*wanted).where(table.c.id.in_(_first_of_each(table, query, order, past, alternatives)))
    rows = list(connection.execute(_ordered(statement, order).limit(query.limit)).all())
    return rows[::-1] if query.page_reverse else rows


def _finds_few(table: Table, query: Query) -> bool:
    """Whether a filter lets few rows through, found by an index: all other ways are longer."""
    return bool(query.fixed_ip_addresses) or not _finders(table).isdisjoint(query.filters)


@cache
def _finders(table: Table) -> frozenset[str]:
    """The columns that tell rows apart, and those that have an index of their own because few rows have the same."""
    unique = [each for each in table.constraints if isinstance(each, PrimaryKeyConstraint | UniqueConstraint)]
    alone = [each for each in table.indexes if len(each.columns) == 1]
    return frozenset(each.columns[0].name for each in (*unique, *alone))


def _named(query: Query) -> list[Named]:
    found = [*query.named, *(Named(tag.c.resource_id, tag.c.tag == each) for each in query.tags.all)]
    if query.tags.any:
        found.append(Named(tag.c.resource_id, tag.c.tag.in_(query.tags.any)))
    if query.fixed_ip_subnets and not query.fixed_ip_addresses:
        found.append(Named(ip_allocation.c.port_id, ip_allocation.c.subnet_id.in_(query.fixed_ip_subnets)))
    return found


def _first_named(table: Table, query: Query, ascending: bool, named: Sequence[Named]) -> Select[Any]:
    """The ids of the page's rows, looked for among those that are named, in their order, until the page is full."""
    first, *others = named
    its = _filtered(select(table.c.id), table, query, others)
    its = its.where(table.c.id == first.column).correlate(first.column.table)
    statement = select(first.column).where(first.condition, its.exists()).distinct().limit(query.limit)
    if query.marker is not None:
        statement = statement.where(first.column > query.marker if ascending else first.column < query.marker)
    ordered = statement.order_by(first.column.asc() if ascending else first.column.desc())
    return select(ordered.subquery().c[first.column.name])


def _alternatives(condition: ColumnElement[bool] | None) -> Sequence[ColumnElement[bool]]:
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.or_:
        return condition.clauses
    return () if condition is None else (condition,)


def _first_of_each(
    table: Table,
    query: Query,
    order: Sequence[tuple[ColumnElement[Any], bool]],
    past: Sequence[ColumnElement[bool]],
    alternatives: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    """The ids of the first rows of each alternative, among which the page's are.

    A database that is asked for all alternatives at once reads and sorts everything that fulfils one of them. Those
    after the first, the caller's own, are what others let it see: mostly little, and all of it is looked up before any
    is sorted. A database that expects much there would go through all rows in their order until the page is full.
    """
    own, *others = alternatives
    found = _filtered(select(table.c.id), table, msgspec.structs.replace(query, condition=own)).where(*past)
    parts = [select(_ordered(found, order).limit(query.limit).subquery().c.id)]
    keys = [by.label(f"key_{number}") for number, (by, _) in enumerate(order)]
    for alternative in others:
        narrowed = msgspec.structs.replace(query, condition=alternative)
        theirs = _filtered(select(table.c.id, *keys), table, narrowed).where(*past).offset(0).subquery()
        sorting = (_sorting(theirs.c[f"key_{n}"], up, _may_be_null(by)) for n, (by, up) in enumerate(order))
        parts.append(select(select(theirs.c.id).order_by(*sorting).limit(query.limit).subquery().c.id))
    return select(union_all(*parts).subquery().c.id)


def _ordered(statement: Select[Any], order: Sequence[tuple[ColumnElement[Any], bool]]) -> Select[Any]:
    return statement.order_by(*(_sorting(by, ascending, _may_be_null(by)) for by, ascending in order))


def _sorting(by: ColumnElement[Any], ascending: bool, may_be_null: bool) -> ColumnElement[Any]:
    """NULL counts as the smallest of all."""
    directed = by.asc() if ascending else by.desc()
    if not may_be_null:
        return directed
    return directed.nulls_first() if ascending else directed.nulls_last()


def count_rows(connection: Connection, table: Table, query: Query) -> int:
    """How many rows the filters let through."""
    count: int = connection.execute(_filtered(select(func.count()).select_from(table), table, query)).scalar_one()
    return count


def _filtered(statement: Select[Any], table: Table, query: Query, named: Sequence[Named] | None = None) -> Select[Any]:
    """``named`` are what names the rows, when not all of the query."""
    for name, values in query.filters.items():
        statement = statement.where(_one_of(table.c[name], values))
        prefix, indexed = table.c[name].info.get(PARTLY_INDEXED, ("", None))
        if indexed is not None and all(str(value).startswith(prefix) for value in values):
            statement = statement.where(indexed)
    if query.fixed_ip_parts:
        alike = (ip_text(ip_allocation.c.ip_address).contains(part, autoescape=True) for part in query.fixed_ip_parts)
        statement = statement.where(exists().where(ip_allocation.c.port_id == table.c.id, or_(*alike)))
    if query.fixed_ip_addresses:
        holders = select(ip_allocation.c.port_id).where(ip_allocation.c.ip_address.in_(query.fixed_ip_addresses))
        if query.fixed_ip_subnets:
            holders = holders.where(ip_allocation.c.subnet_id.in_(query.fixed_ip_subnets))
        statement = statement.where(table.c.id.in_(holders))
    for each in _named(query) if named is None else named:
        statement = statement.where(table.c.id.in_(select(each.column).where(each.condition)))
    if query.condition is not None:
        statement = statement.where(query.condition)
    return statement.where(*query.also, *_untagged(table, query.tags))


def _untagged(table: Table, wanted: TagFilter) -> Iterator[ColumnElement[bool]]:
    def has_any(tags: Sequence[str]) -> ColumnElement[bool]:
        return table.c.id.in_(select(tag.c.resource_id).where(tag.c.tag.in_(tags)))

    if wanted.not_all:
        yield not_(and_(*(has_any([each]) for each in wanted.not_all)))
    if wanted.not_any:
        yield not_(has_any(wanted.not_any))


def _one_of(column: Column[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    given = [value for value in values if value is not None and _fits(column, value)]
    if None not in values:
        return column == given[0] if len(given) == 1 else column.in_(given)
    return or_(column.is_(None), column.in_(given)) if given else column.is_(None)


def _fits(column: Column[Any], value: Any) -> bool:
    """Whether the column can hold the value: a database refuses to compare it with a number that it cannot."""
    if not isinstance(column.type, Integer) or not isinstance(value, int):
        return True
    bits = 63 if isinstance(column.type, BigInteger) else 31
    return -(1 << bits) <= value < 1 << bits


def _order(table: Table, query: Query) -> list[tuple[ColumnElement[Any], bool]]:
    order: list[tuple[ColumnElement[Any], bool]] = [
        (query.orders[name] if name in query.orders else table.c[name], ascending) for name, ascending in query.sort
    ]
    if not any(column is table.c.id for column, _ in order):
        order.append((table.c.id, True))
    return [(column, ascending != query.page_reverse) for column, ascending in order]


def _past_marker(
    connection: Connection,
    table: Table,
    order: Sequence[tuple[ColumnElement[Any], bool]],
    marker: str,
    condition: ColumnElement[bool] | None,
) -> ColumnElement[bool]:
    statement = select(*(column for column, _ in order)).where(table.c.id == marker)
    if condition is not None:  # what is not shown must not be placed among others either
        statement = statement.where(condition)
    row = connection.execute(statement).first()
    if row is None:
        raise MarkerNotFound(marker)
    alternatives: list[ColumnElement[bool]] = []
    ties: list[ColumnElement[bool]] = []
    for (column, ascending), value in zip(order, row, strict=True):
        marked = None if value is None else literal(value, column.type)
        alternatives.append(and_(*ties, _beyond(column, ascending, marked)))
        ties.append(column.is_(None) if marked is None else column == marked)
    return or_(*alternatives)


def _beyond(column: ColumnElement[Any], ascending: bool, value: ColumnElement[Any] | None) -> ColumnElement[bool]:
    """Comes after the value; NULL counts as the smallest of all."""
    if ascending:
        return column.is_not(None) if value is None else column > value
    if value is None:
        return false()
    return or_(column < value, column.is_(None)) if _may_be_null(column) else column < value


def _may_be_null(by: ColumnElement[Any]) -> bool:
    return not isinstance(by, Column) or bool(by.nullable)
