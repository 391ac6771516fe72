"""Listing any table by the page: filters, sorting, keyset paging, projection.

Neutron's list semantics: a filter's values are alternatives, different filters are combined; the marker is the id of
the last item of the page before; page_reverse walks backwards.

A query's values are parameters of its statement, so that queries of one shape have the same: it is made once.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    PrimaryKeyConstraint,
    Select,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BooleanClauseList
from sqlalchemy.sql.visitors import iterate

from alcor.store import sql
from alcor.store.ip_text import ip_text
from alcor.store.known_rows import KnownRows, version
from alcor.store.sql import NamedRow
from alcor.store.tables import ip_allocation, tag
from alcor.store.tables.base import ALL_VALUES, FINDS_FEW, PARTLY_INDEXED
from alcor.store.unindexed import without_indexes

_STATEMENTS = 512  # shapes of queries whose statements are kept
_LIMIT = bindparam("page_limit", type_=Integer())


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


class _Filter(msgspec.Struct, frozen=True):
    """What of a filter its statement depends on: the number of values, and whether NULL and an index go with them."""

    column: str
    values: int
    with_null: bool
    partly_indexed: bool


class MarkerNotFound(LookupError):
    """The marker names no row."""


def list_rows(connection: Connection, table: Table, query: Query) -> list[NamedRow]:
    """The page of rows. Raises MarkerNotFound, and KeyError for a column that the table does not have."""
    values = _parameters(table, query) | {_LIMIT.key: query.limit}
    nulls = None
    others = None
    if query.marker is not None:
        marked, others = _marked(connection, table, query)
        values |= {_marked_value(place): value for place, value in enumerate(marked)}
        nulls = tuple(value is None for value in marked)
    query = _narrowed(connection, query, others)
    filters = _filters(table, query)
    if _is_usual(query):
        sort, columns, also = tuple(query.sort), tuple(query.columns), tuple(query.also)
        shape = sort, query.limit is not None, query.page_reverse, columns, query.condition, also
        known: KnownRows | None = connection.get_execution_options().get("known_rows")
        versions_of = connection.dialect.name if known is not None and query.limit is not None and not columns else ""
        statement = _usual_page(table, filters, nulls, *shape, versions_of)
        rows: list[NamedRow]
        if known is not None and versions_of:
            rows = known.rows(connection, table, statement.values(connection, values))
        else:
            rows = statement(connection, values)
    else:
        rows = list(connection.execute(_page(table, query, filters, nulls), values).all())
    return rows[::-1] if query.page_reverse else rows


def _is_usual(query: Query) -> bool:
    """Whether there is nothing in the query but what its shape has."""
    its_own = query.computed, query.named, query.orders, query.fixed_ip_parts, query.fixed_ip_addresses
    return query.tags == TagFilter() and not query.fixed_ip_subnets and not any(its_own)


@lru_cache(_STATEMENTS)
def _usual_page(
    table: Table,
    filters: Sequence[_Filter],
    nulls: Sequence[bool] | None,
    sort: Sequence[tuple[str, bool]],
    limited: bool,
    page_reverse: bool,
    columns: Sequence[str],
    condition: ColumnElement[bool] | None,
    also: Sequence[ColumnElement[bool]],
    versions_of: str,
) -> sql.Prepared:
    """The statement of all usual queries of this shape: for rows, or for their ids and versions on a database."""
    limit = 1 if limited else None
    query = Query(sort=sort, limit=limit, page_reverse=page_reverse, columns=columns, condition=condition, also=also)
    versions = [table.c.id, version(table, versions_of)] if versions_of else None
    return sql.Prepared(_page(table, query, filters, nulls, versions))


def _page(
    table: Table,
    query: Query,
    filters: Sequence[_Filter],
    nulls: Sequence[bool] | None,
    wanted: Sequence[ColumnElement[Any]] | None = None,
) -> Select[Any]:
    """``nulls`` says which of the marker's values are NULL, where there is a marker."""
    wanted = wanted or [table.c[name] for name in query.columns] or list(table.c)
    order = _order(table, query)
    past = [] if nulls is None else [_past_marker(order, nulls)]
    finds_few = _finds_few(table, query, filters)
    if finds_few and query.condition is not None:
        query = msgspec.structs.replace(query, condition=without_indexes(query.condition, table))
    statement = _filtered(select(*wanted), table, query, filters).where(*past)
    if query.limit is not None and not finds_few:
        alternatives = _alternatives(query.condition)
        if (named := _named(query)) and len(order) == 1 and order[0][0] is table.c.id:
            first = _first_named(table, query, filters, order[0][1], named)
            statement = select(*wanted).where(table.c.id.in_(first))
        elif len(alternatives) > 1:
            first = _first_of_each(table, query, filters, order, past, alternatives)
            statement = select(*wanted).where(table.c.id.in_(first))
    statement = _ordered(statement, order)
    return statement if query.limit is None else statement.limit(_LIMIT)


def _filters(table: Table, query: Query) -> tuple[_Filter, ...]:
    return tuple(_filter(table.c[name], values) for name, values in query.filters.items())


def _filter(column: Column[Any], values: Sequence[Any]) -> _Filter:
    fitting = _fitting(column, values)
    is_indexed, _ = column.info.get(PARTLY_INDEXED, (None, None))
    partly = is_indexed is not None and all(is_indexed(str(value)) for value in values)
    return _Filter(column.name, len(fitting), None in values, partly)


def _parameters(table: Table, query: Query) -> dict[str, Any]:
    """The values of a query by the names that its statement has for them."""
    values = dict(query.parameters)
    for name, given in query.filters.items():
        values |= {_value(name, place): value for place, value in enumerate(_fitting(table.c[name], given))}
    return values


def _fitting(column: Column[Any], values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not None and _fits(column, value)]


def _value(column: str, place: int) -> str:
    return f"asked_{column}_{place}"


def _marked_value(place: int) -> str:
    return f"marked_{place}"


def _finds_few(table: Table, query: Query, filters: Sequence[_Filter]) -> bool:
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


def _named(query: Query) -> list[Named]:
    found = [*query.named, *(Named(tag.c.resource_id, tag.c.tag == each) for each in query.tags.all)]
    if query.tags.any:
        found.append(Named(tag.c.resource_id, tag.c.tag.in_(query.tags.any)))
    if query.fixed_ip_subnets and not query.fixed_ip_addresses:
        found.append(Named(ip_allocation.c.port_id, ip_allocation.c.subnet_id.in_(query.fixed_ip_subnets)))
    return found


def _first_named(
    table: Table, query: Query, filters: Sequence[_Filter], ascending: bool, named: Sequence[Named]
) -> Select[Any]:
    """The ids of the page's rows, looked for among those that are named, in their order, until the page is full."""
    first, *others = named
    its = _filtered(select(table.c.id), table, query, filters, others)
    its = its.where(table.c.id == first.column).correlate(first.column.table)
    statement = select(first.column).where(first.condition, its.exists()).distinct().limit(_LIMIT)
    if query.marker is not None:
        marker = bindparam(_marked_value(0), type_=first.column.type)
        statement = statement.where(first.column > marker if ascending else first.column < marker)
    ordered = statement.order_by(first.column.asc() if ascending else first.column.desc())
    return select(ordered.subquery().c[first.column.name])


def _narrowed(connection: Connection, query: Query, is_there: bool | None) -> Query:
    """The query with the first alternative of its condition alone, where what all others look for is not there.

    That is nearly always so: then the rows need not be found among those of several alternatives. ``is_there`` says
    whether it is, None where nobody has looked.
    """
    others = None if query.limit is None or query.condition is None else _others(query.condition)
    if others is None:
        return query
    if is_there is None:
        is_there = _looked_for(others)(connection, query.parameters)[0].is_there
    return query if is_there else msgspec.structs.replace(query, condition=_alternatives(query.condition)[0])


@lru_cache(_STATEMENTS)
def _looked_for(others: ColumnElement[bool]) -> sql.Prepared:
    return sql.Prepared(select(others))


@lru_cache(_STATEMENTS)
def _others(condition: ColumnElement[bool]) -> ColumnElement[bool] | None:
    """Whether anything is in the subqueries of all alternatives but the first (``is_there``); None where one has no
    subquery, or there are no others."""
    _, *others = _alternatives(condition)
    found = [next((each for each in iterate(other) if isinstance(each, Select)), None) for other in others]
    looked_for = {id(each): each.exists() for each in found if each is not None}
    return None if None in found or not found else or_(*looked_for.values()).label("is_there")


def _alternatives(condition: ColumnElement[bool] | None) -> Sequence[ColumnElement[bool]]:
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.or_:
        return condition.clauses
    return () if condition is None else (condition,)


def _first_of_each(
    table: Table,
    query: Query,
    filters: Sequence[_Filter],
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
    found = _filtered(select(table.c.id), table, msgspec.structs.replace(query, condition=own), filters).where(*past)
    parts = [select(_ordered(found, order).limit(_LIMIT).subquery().c.id)]
    keys = [by.label(f"key_{number}") for number, (by, _) in enumerate(order)]
    for alternative in others:
        narrowed = msgspec.structs.replace(query, condition=alternative)
        theirs = _filtered(select(table.c.id, *keys), table, narrowed, filters).where(*past).offset(0).subquery()
        sorting = (_sorting(theirs.c[f"key_{n}"], up, _may_be_null(by)) for n, (by, up) in enumerate(order))
        parts.append(select(select(theirs.c.id).order_by(*sorting).limit(_LIMIT).subquery().c.id))
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
    statement = _filtered(select(func.count()).select_from(table), table, query, _filters(table, query))
    count: int = connection.execute(statement, _parameters(table, query)).scalar_one()
    return count


def _filtered(
    statement: Select[Any],
    table: Table,
    query: Query,
    filters: Sequence[_Filter],
    named: Sequence[Named] | None = None,
) -> Select[Any]:
    """``named`` are what names the rows, when not all of the query."""
    for each in filters:
        column = table.c[each.column]
        statement = statement.where(_one_of(column, each))
        if each.partly_indexed:
            statement = statement.where(column.info[PARTLY_INDEXED][1])
    if query.fixed_ip_parts:
        alike = (ip_text(ip_allocation.c.ip_address).contains(part, autoescape=True) for part in query.fixed_ip_parts)
        statement = statement.where(exists().where(ip_allocation.c.port_id == table.c.id, or_(*alike)))
    if query.fixed_ip_addresses:
        holders = select(ip_allocation.c.port_id).where(ip_allocation.c.ip_address.in_(query.fixed_ip_addresses))
        if query.fixed_ip_subnets:
            holders = holders.where(ip_allocation.c.subnet_id.in_(query.fixed_ip_subnets))
        statement = statement.where(table.c.id.in_(holders))
    for its in _named(query) if named is None else named:
        statement = statement.where(table.c.id.in_(select(its.column).where(its.condition)))
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


def _one_of(column: Column[Any], its: _Filter) -> ColumnElement[bool]:
    values = [bindparam(_value(column.name, place), type_=column.type) for place in range(its.values)]
    if not values and not its.with_null:
        return false()
    if not its.with_null:
        return column == values[0] if len(values) == 1 else column.in_(values)
    return or_(column.is_(None), column.in_(values)) if values else column.is_(None)


def _fits(column: Column[Any], value: Any) -> bool:
    """Whether the column can hold the value: a database refuses to compare it with a number that it cannot."""
    if ALL_VALUES in column.info:
        return value in column.info[ALL_VALUES]
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


def _marked(connection: Connection, table: Table, query: Query) -> tuple[Sequence[Any], bool | None]:
    """What rows are sorted by, of the marker, and whether what other alternatives look for is there.

    Raises MarkerNotFound.
    """
    values = {**query.parameters, "marker": query.marker}
    if _is_usual(query):
        found = _usual_marker(table, tuple(query.sort), query.condition)(connection, values)
    else:
        found = list(connection.execute(_marker(table, query), values).all())
    if not found:
        raise MarkerNotFound(query.marker)
    count = len(_order(table, query))
    return found[0][:count], found[0].is_there if len(found[0]) > count else None


@lru_cache(_STATEMENTS)
def _usual_marker(
    table: Table, sort: Sequence[tuple[str, bool]], condition: ColumnElement[bool] | None
) -> sql.Prepared:
    marker = _marker(table, Query(sort=sort, condition=condition))
    others = None if condition is None else _others(condition)
    return sql.Prepared(marker if others is None else marker.add_columns(others))


def _marker(table: Table, query: Query) -> Select[Any]:
    columns = (column for column, _ in _order(table, query))
    statement = select(*columns).where(table.c.id == bindparam("marker", type_=table.c.id.type))
    # What is not shown must not be placed among others either.
    return statement if query.condition is None else statement.where(query.condition)


def _past_marker(order: Sequence[tuple[ColumnElement[Any], bool]], nulls: Sequence[bool]) -> ColumnElement[bool]:
    alternatives: list[ColumnElement[bool]] = []
    ties: list[ColumnElement[bool]] = []
    for place, ((column, ascending), is_null) in enumerate(zip(order, nulls, strict=True)):
        marked = None if is_null else bindparam(_marked_value(place), type_=column.type)
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
