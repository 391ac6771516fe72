"""Resources that are rows with rules: created, changed and deleted one by one, the same way for each.

What is particular to a kind stands in its ``Plain``; all else follows from its definition and its table.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, Row, Table, bindparam, delete, select

from alcor.model.context import OPERATOR, Context
from alcor.model.errors import AlcorError, not_found
from alcor.services import tags
from alcor.services.access import Access
from alcor.services.manager import (
    OPERATIONS,
    Action,
    Create,
    Delete,
    Filter,
    Manager,
    Order,
    Parent,
    Prelude,
    Update,
    Values,
    check_expected,
    check_repeated,
    each,
    insert_new,
    stamp,
)
from alcor.services.quota import limited
from alcor.services.remembered import Remembered
from alcor.services.revisions import revise
from alcor.services.rows import Rows, View
from alcor.store import bulk
from alcor.store.transaction import Transaction


class Change(msgspec.Struct, frozen=True):
    """An update under way: the row and the view as they were, and what is asked for."""

    row: Row[Any]
    view: View
    values: Values
    context: Context


Prepare = Callable[[Transaction, Values, Context], Values]
"""Checks a new resource, stamped, and returns its attributes with what the service adds. Raises AlcorError."""

Apply = Callable[[Transaction, Change], Values]
"""Checks a change, and returns the attributes to set. Raises AlcorError."""

Forget = Callable[[Transaction, Row[Any], Context], None]
"""Checks that a resource can go, and removes what goes with it. Raises AlcorError."""

Computed = Callable[[Connection, Sequence[Row[Any]], Context], Sequence[View]]
"""Attributes that are worked out from other tables, for each row."""


class Held(msgspec.Struct, frozen=True):
    """What holds a resource: rows that refer to it in a column. ``error`` is raised for its id and that of one."""

    column: Column[Any]
    error: Callable[[str, str], AlcorError]


class Plain(msgspec.Struct, frozen=True):
    """How a kind of resource differs from others.

    ``references`` are attributes that name other resources, which the caller must see; the first in the order of the
    list that is not there is what the error names. ``written`` is called with new rows once they are in the table.
    ``revises`` are the attributes that name a whole that a resource is a part of, with its table: the whole is a
    revision later when a part comes, changes or goes.
    """

    access: Access
    references: Mapping[str, Access] = {}
    revises: Mapping[str, Table] = {}
    prepare: Prepare | None = None
    apply: Apply | None = None
    forget: Forget | None = None
    computed: Computed | None = None
    written: Callable[[Transaction, Row[Any] | Any, Values], None] | None = None
    changed: Callable[[Transaction, Change, Any], None] | None = None
    held_by: tuple[Held, ...] = ()
    quota: str = ""  # what limits count it as; not limited when empty
    actions: tuple[Action, ...] = ()
    parent: Parent | None = None
    path: str = ""
    prelude: Prelude | None = None
    filters: Mapping[str, Filter] = {}
    orders: Mapping[str, Order] = {}
    only: Mapping[str, Any] = {}  # columns that are the same in all its rows
    where: ColumnElement[bool] | None = None  # what of its table is listed, when not all
    passes_over_marker: bool = False
    operations: frozenset[str] = OPERATIONS


def locked_row(transaction: Transaction, access: Access, resource_id: str, context: Context = OPERATOR) -> Row[Any]:
    """The row, which nobody else changes until the transaction ends. Raises AlcorError (404)."""
    table = access.table
    row = transaction.connection.execute(_locked(table), {"id": resource_id}).first()
    if row is None or not access.sees(transaction.connection, row, context):
        raise not_found(access.resource.name, resource_id)
    return row


def _locked(table: Table) -> Any:
    return select(table).where(table.c.id == bindparam("id")).with_for_update()


def plain_manager(plain: Plain) -> Manager:
    """The manager of resources that are rows with rules."""
    access, table = plain.access, plain.access.table
    rows = Rows(access.resource, table)
    remembered = Remembered(lambda row, beside: rows.view(row) | beside)

    def check_references(connection: Connection, values: Mapping[str, Any], context: Context) -> None:
        for name, referred in plain.references.items():
            if values.get(name) is not None:
                wanted = values[name] if isinstance(values[name], list) else [values[name]]
                referred.check_visible(connection, wanted, context)
        if plain.parent is not None and plain.parent.attribute in values:
            plain.parent.access.check_visible(connection, [values[plain.parent.attribute]], context)

    def revise_wholes(transaction: Transaction, row: Any) -> None:
        for attribute, whole in plain.revises.items():
            revise(transaction, whole, getattr(row, attribute))

    def create_one(transaction: Transaction, given: Values, context: Context) -> View:
        connection = transaction.connection
        check_references(connection, given, context)
        values = stamp(transaction, given) | dict(plain.only)
        if plain.prepare is not None:
            values = plain.prepare(transaction, values, context)
        row = rows.row(values)
        insert_new(connection, table, [row])
        if its := tags.tags_of(row):
            tags.remember(connection, {row.id: its})
        if plain.written is not None:
            plain.written(transaction, row, values)
        revise_wholes(transaction, row)
        return views(connection, [row], context)[0]

    def create(transaction: Transaction, request: Create) -> list[View]:
        return [create_one(transaction, values, request.context) for values in request.items]

    def update(transaction: Transaction, request: Update) -> View:
        connection = transaction.connection
        row = locked_row(transaction, access, request.id, request.context)
        check_expected(transaction, access, row, request)
        check_repeated(rows.view(row), request)
        check_references(connection, request.values, request.context)
        values = dict(request.values)
        change = Change(row, rows.view(row), values, request.context)
        if plain.apply is not None:
            values = plain.apply(transaction, change)
        changed = rows.changed_row(row, _beside(rows, row) | values, transaction.now)
        bulk.update_row(connection, table, changed)
        if "tags" in values:
            tags.forget(connection, [row.id])
            tags.remember(connection, {row.id: values["tags"]})
        if plain.changed is not None:
            plain.changed(transaction, change, changed)
        revise_wholes(transaction, changed)
        return views(connection, [changed], request.context)[0]

    def delete_one(transaction: Transaction, request: Delete) -> None:
        connection = transaction.connection
        row = locked_row(transaction, access, request.id, request.context)
        check_expected(transaction, access, row, request)
        for held in plain.held_by:
            holder_id = held.column.table.primary_key.columns.values()[0]
            holder = connection.execute(select(holder_id).where(held.column == request.id).limit(1)).scalar()
            if holder is not None:
                raise held.error(request.id, holder)
        if plain.forget is not None:
            plain.forget(transaction, row, request.context)
        connection.execute(delete(table).where(table.c.id == request.id))
        tags.forget(connection, [request.id])
        revise_wholes(transaction, row)

    def views(connection: Connection, shown: Sequence[Any], context: Context) -> list[View]:
        if not shown:
            return []
        beside = [{}] * len(shown) if plain.computed is None else plain.computed(connection, shown, context)
        return remembered.views(shown, beside)

    handler = each(create)
    return Manager(
        access=access,
        views=views,
        create=limited(plain.quota, handler) if plain.quota else handler,
        update=each(update),
        delete=each(delete_one),
        actions=plain.actions,
        parent=plain.parent,
        path=plain.path,
        prelude=plain.prelude,
        filters=plain.filters,
        orders=plain.orders,
        only=plain.only,
        where=plain.where,
        passes_over_marker=plain.passes_over_marker,
        operations=plain.operations,
    )


def _beside(rows: Rows, row: Row[Any]) -> Values:
    """Columns that hold no attribute: an update leaves them as they are."""
    return {name: getattr(row, name) for name in rows.beside}
