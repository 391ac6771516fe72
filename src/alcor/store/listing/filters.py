"""Filters as conditions of a statement: of columns, tags, fixed IP addresses, and whatever else a query has.

The values of columns are parameters, so that queries of one shape have the same statement.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    false,
    not_,
    or_,
    select,
)

from alcor.store.ip_text import ip_text
from alcor.store.listing.query import Named, Query, TagFilter, named_of
from alcor.store.tables import ip_allocation, tag
from alcor.store.tables.base import ALL_VALUES, PARTLY_INDEXED


class Filter(msgspec.Struct, frozen=True):
    """What of a filter its statement depends on: the number of values, and whether NULL and an index go with them."""

    column: str
    values: int
    with_null: bool
    partly_indexed: bool


def filters_of(table: Table, query: Query) -> tuple[Filter, ...]:
    """A query's filters, without their values. Raises KeyError for a column that the table does not have."""
    return tuple(_filter(table.c[name], values) for name, values in query.filters.items())


def _filter(column: Column[Any], values: Sequence[Any]) -> Filter:
    fitting = _fitting(column, values)
    is_indexed, _ = column.info.get(PARTLY_INDEXED, (None, None))
    partly = is_indexed is not None and all(is_indexed(str(value)) for value in values)
    return Filter(column.name, len(fitting), None in values, partly)


def parameters_of(table: Table, query: Query) -> dict[str, Any]:
    """The values of a query by the names that its statement has for them."""
    values = dict(query.parameters)
    for name, given in query.filters.items():
        values |= {_value(name, place): value for place, value in enumerate(_fitting(table.c[name], given))}
    return values


def _fitting(column: Column[Any], values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not None and _fits(column, value)]


def _fits(column: Column[Any], value: Any) -> bool:
    """Whether the column can hold the value: a database refuses to compare it with a number that it cannot."""
    if ALL_VALUES in column.info:
        return value in column.info[ALL_VALUES]
    if not isinstance(column.type, Integer) or not isinstance(value, int):
        return True
    bits = 63 if isinstance(column.type, BigInteger) else 31
    return -(1 << bits) <= value < 1 << bits


def _value(column: str, place: int) -> str:
    return f"asked_{column}_{place}"


def filtered(
    statement: Select[Any],
    table: Table,
    query: Query,
    filters: Sequence[Filter],
    named: Sequence[Named] | None = None,
) -> Select[Any]:
    """The statement, of rows that all filters let through. ``named`` are what names them, when not all of the query."""
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
    for its in named_of(query) if named is None else named:
        statement = statement.where(table.c.id.in_(select(its.column).where(its.condition)))
    if query.condition is not None:
        statement = statement.where(query.condition)
    return statement.where(*query.also, *_untagged(table, query.tags))


def _one_of(column: Column[Any], its: Filter) -> ColumnElement[bool]:
    values = [bindparam(_value(column.name, place), type_=column.type) for place in range(its.values)]
    if not values and not its.with_null:
        return false()
    if not its.with_null:
        return column == values[0] if len(values) == 1 else column.in_(values)
    return or_(column.is_(None), column.in_(values)) if values else column.is_(None)


def _untagged(table: Table, wanted: TagFilter) -> Iterator[ColumnElement[bool]]:
    def has_any(tags: Sequence[str]) -> ColumnElement[bool]:
        return table.c.id.in_(select(tag.c.resource_id).where(tag.c.tag.in_(tags)))

    if wanted.not_all:
        yield not_(and_(*(has_any([each]) for each in wanted.not_all)))
    if wanted.not_any:
        yield not_(has_any(wanted.not_any))
