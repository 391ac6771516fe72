"""What projects share with others: entries of the table ``rbac_policy``, as services use them.

A resource that everybody may use has an entry for all projects; its attribute ``shared`` says so, and is true as well
for those with whom alone it is shared.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, String, Table, bindparam, or_, select

from alcor.model.context import Context
from alcor.model.errors import AlcorError, conflict
from alcor.model.identifiers import new_id
from alcor.services.access import EVERYBODY, SHARED, shared_ids
from alcor.services.manager import Filter
from alcor.services.rows import View
from alcor.store import bulk, sql
from alcor.store.tables import rbac_policy
from alcor.store.transaction import Transaction

UsersOf = Callable[[Connection, str], set[str]]
"""The projects that do with a resource, named by its id, what an entry lets them do."""


class Entry(msgspec.Struct, frozen=True):
    """That projects (one, or all) may do something with a resource."""

    object_type: str
    object_id: str
    action: str
    target: str


def share(transaction: Transaction, object_type: str, resources: Iterable[Any], action: str = SHARED) -> None:
    """Share these rows of a table with everybody."""
    now = transaction.now
    entries = [
        (new_id(), row.project_id, object_type, row.id, action, EVERYBODY, 1, now, now, "{}") for row in resources
    ]
    if entries:
        bulk.insert_rows(transaction.connection, rbac_policy, entries)


def unshare(
    connection: Connection, object_type: str, object_id: str, action: str = SHARED, target: str | None = EVERYBODY
) -> None:
    """Share it no longer with everybody; with nobody at all when the target is None."""
    statement = rbac_policy.delete().where(*_about(object_type, object_id, action))
    if target is not None:
        statement = statement.where(rbac_policy.c.target_project == target)
    connection.execute(statement)


def forget(connection: Connection, object_type: str, object_id: str) -> None:
    """The resource is gone: nobody has a part in it."""
    about = rbac_policy.c.object_type == object_type, rbac_policy.c.object_id == object_id
    connection.execute(rbac_policy.delete().where(*about))


def targets(connection: Connection, object_type: str, object_id: str, action: str = SHARED) -> set[str]:
    """The projects with which a resource is shared."""
    statement = select(rbac_policy.c.target_project).where(*_about(object_type, object_id, action))
    return set(connection.execute(statement).scalars())


def check_unused(connection: Connection, entry: Entry, owner: str, users_of: UsersOf, instead: str = "") -> None:
    """Raises AlcorError (409) when projects do what this entry alone lets them do.

    One for the resource's own project lets nobody; ``instead`` is a project that will have another.
    """
    others = targets(connection, entry.object_type, entry.object_id, entry.action) - {entry.target} | {instead}
    if EVERYBODY in others or entry.target == owner:
        return
    depending = users_of(connection, entry.object_id) - others - {""}
    if depending if entry.target == EVERYBODY else entry.target in depending:
        raise in_use(entry.object_id, f"project_id={entry.target}")


def in_use(object_id: str, details: str) -> AlcorError:
    """What lets others use a resource cannot go."""
    return conflict(
        "RbacPolicyInUse",
        f"RBAC policy on object {object_id} cannot be removed because other objects depend on it.\nDetails: {details}",
    )


def _about(object_type: str, object_id: str, action: str) -> tuple[ColumnElement[bool], ...]:
    return (
        rbac_policy.c.object_id == object_id,
        rbac_policy.c.object_type == object_type,
        rbac_policy.c.action == action,
    )


def shared_with(
    connection: Connection, object_type: str, ids: Sequence[str], context: Context, actions: Sequence[str] = (SHARED,)
) -> set[str]:
    """Those of the ids that are shared with the caller's project, or with everybody."""
    if not ids:
        return set()
    found = _shared(object_type, tuple(actions))(connection, ids, project=context.project_id)
    return {row.object_id for row in found}


@cache
def _shared(object_type: str, actions: tuple[str, ...]) -> Callable[..., list[Any]]:
    shared = shared_ids(object_type, bindparam("project", type_=String()), actions)
    return sql.among(shared, rbac_policy.c.object_id)


def shown_as_shared(object_type: str) -> Callable[[Connection, Sequence[Any], Context], Sequence[View]]:
    """The attribute ``shared`` of rows, for a caller."""

    def computed(connection: Connection, rows: Sequence[Any], context: Context) -> Sequence[View]:
        shared = shared_with(connection, object_type, [row.id for row in rows], context)
        return [{"shared": row.id in shared} for row in rows]

    return computed


def shared_filter(table: Table, object_type: str, column: str = "id") -> Filter:
    """The filter of lists by ``shared``, for rows of a table that are shared, or a part of what is."""

    def condition(context: Context, values: Sequence[Any]) -> ColumnElement[bool]:
        shared = table.c[column].in_(shared_ids(object_type, context.project_id))
        return or_(*(shared if value else ~shared for value in values))

    return Filter(condition)
