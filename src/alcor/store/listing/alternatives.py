"""Conditions that are alternatives: what the caller may see as its own, or as that of others which let it."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, or_, select
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BooleanClauseList
from sqlalchemy.sql.visitors import iterate

from alcor.store import sql
from alcor.store.listing.query import SHAPES, Query


def alternatives_of(condition: ColumnElement[bool] | None) -> Sequence[ColumnElement[bool]]:
    """Those of a condition, the caller's own first; the condition alone where it is no choice."""
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.or_:
        return condition.clauses
    return () if condition is None else (condition,)


def narrowed(connection: Connection, query: Query, is_there: bool | None) -> Query:
    """The query with the first alternative of its condition alone, where what all others look for is not there.

    That is nearly always so: then the rows need not be found among those of several alternatives. ``is_there`` says
    whether it is, None where nobody has looked.
    """
    others = None if query.limit is None or query.condition is None else others_of(query.condition)
    if others is None:
        return query
    if is_there is None:
        is_there = _looked_for(others)(connection, query.parameters)[0].is_there
    return query if is_there else msgspec.structs.replace(query, condition=alternatives_of(query.condition)[0])


@lru_cache(SHAPES)
def _looked_for(others: ColumnElement[bool]) -> sql.Prepared:
    return sql.Prepared(select(others))


@lru_cache(SHAPES)
def others_of(condition: ColumnElement[bool]) -> ColumnElement[bool] | None:
    """Whether anything is in the subqueries of all alternatives but the first (``is_there``); None where one has no
    subquery, or there are no others."""
    _, *others = alternatives_of(condition)
    found = [next((each for each in iterate(other) if isinstance(each, Select)), None) for other in others]
    looked_for = {id(each): each.exists() for each in found if each is not None}
    return None if None in found or not found else or_(*looked_for.values()).label("is_there")
