"""Conditions that are alternatives: what the caller may see as its own, or as that of others which let it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, literal, or_, select
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
        is_there = looked_for(others)(connection, query.parameters)[0].is_there
    return query if is_there else first_alone(query)


def first_alone(query: Query) -> Query:
    """The query with the first alternative of its condition alone."""
    return msgspec.structs.replace(query, condition=next(iter(alternatives_of(query.condition)), None))


@lru_cache(SHAPES)
def looked_for(others: ColumnElement[bool]) -> sql.Prepared:
    """What finds whether others are there (others_of)."""
    return sql.Prepared(select(others))


@lru_cache(SHAPES)
def others_of(condition: ColumnElement[bool]) -> ColumnElement[bool] | None:
    """Whether anything is in the subqueries of all alternatives but the first, or of rows where they have none
    (``is_there``); None where there are no others."""
    _, *others = alternatives_of(condition)
    found = {id(each): each.exists() for each in map(_looked_into, others)}
    return or_(*found.values()).label("is_there") if found else None


def _looked_into(alternative: ColumnElement[bool]) -> Select[Any]:
    """What an alternative looks for: its subquery, or else the rows that fulfil it."""
    found = subquery_of(alternative)
    return select(literal(1)).where(alternative) if found is None else found


def subquery_of(alternative: ColumnElement[bool]) -> Select[Any] | None:
    """The subquery of an alternative; None where it is about a row's columns alone."""
    return next((each for each in iterate(alternative) if isinstance(each, Select)), None)
