"""What every manager offers to the APIs above it: one definition, one table, batches of creates, updates, deletes.

Handlers take the requests of many callers at once and return a result or an exception for each (Store.write_batch).
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, Table
from sqlalchemy.exc import IntegrityError

from alcor.model.errors import AlcorError, bad_request, conflict, not_found
from alcor.model.identifiers import new_id
from alcor.model.resource import Resource
from alcor.services.rows import View, missing
from alcor.store import bulk
from alcor.store.transaction import Transaction

Values = dict[str, Any]
"""Checked attributes of a request."""

DEFAULT_PROJECT = "default"
"""Whose resources are when nobody says."""


class Update(msgspec.Struct, frozen=True):
    """Change these attributes.

    ``revision`` is the revision number the caller has seen, when it insists on it; ``project_id`` the project whose
    resources it sees, None for all. ``repeated`` are attributes that cannot change, as the caller knows them.
    """

    id: str
    values: Values
    revision: int | None = None
    project_id: str | None = None
    repeated: Values = {}


class Delete(msgspec.Struct, frozen=True):
    """Delete the resource; ``revision`` and ``project_id`` as in Update."""

    id: str
    revision: int | None = None
    project_id: str | None = None


Create = Sequence[Values]
"""Resources to create together: all or none."""

CreateHandler = Callable[[Transaction, Sequence[Create]], Sequence[list[View] | Exception]]
UpdateHandler = Callable[[Transaction, Sequence[Update]], Sequence[View | Exception]]
DeleteHandler = Callable[[Transaction, Sequence[Delete]], Sequence[Exception | None]]


class Manager(msgspec.Struct, frozen=True):
    """One kind of resource, as the APIs use it. ``views`` renders rows of the table in their order."""

    resource: Resource
    table: Table
    views: Callable[[Connection, Sequence[Row[Any]]], list[View]]
    create: CreateHandler
    update: UpdateHandler
    delete: DeleteHandler


Request = TypeVar("Request")
Result = TypeVar("Result")


def each(
    operation: Callable[[Transaction, Request], Result],
) -> Callable[[Transaction, Sequence[Request]], Sequence[Result | Exception]]:
    """A handler that carries out its requests one after the other; the first that fails raises for all."""

    def handler(transaction: Transaction, requests: Sequence[Request]) -> Sequence[Result | Exception]:
        return [operation(transaction, request) for request in requests]

    return handler


def narrowed(manager: Manager, resource: Resource) -> Manager:
    """The manager for an API that has fewer of the attributes: the others are kept, and not shown."""

    def narrow(view: View) -> View:
        return {name: view[name] for name in resource.attributes}

    def views(connection: Connection, rows: Sequence[Row[Any]]) -> list[View]:
        return [narrow(view) for view in manager.views(connection, rows)]

    def create(transaction: Transaction, requests: Sequence[Create]) -> Sequence[list[View] | Exception]:
        results = manager.create(transaction, requests)
        return [[narrow(view) for view in result] if isinstance(result, list) else result for result in results]

    def update(transaction: Transaction, requests: Sequence[Update]) -> Sequence[View | Exception]:
        results = manager.update(transaction, requests)
        return [narrow(result) if isinstance(result, dict) else result for result in results]

    return msgspec.structs.replace(manager, resource=resource, views=views, create=create, update=update)


def stamp(transaction: Transaction, values: Values) -> Values:
    """The attributes of a new resource with its id, owner, revision and times."""
    now = transaction.now
    stamped = values | {"revision_number": 1, "created_at": now, "updated_at": now}
    if missing(values, "id"):
        stamped["id"] = new_id()
    if missing(values, "project_id"):
        stamped["project_id"] = DEFAULT_PROJECT
    return stamped


def check_expected(resource: str, row: Any, request: Update | Delete) -> None:
    """Raises AlcorError when a row is not what the caller may see (404) or has seen (412, Neutron's revision-if-match).

    ``resource`` is what the table has rows of.
    """
    if request.project_id is not None and row.project_id != request.project_id:
        raise not_found(resource, request.id)
    if request.revision is not None and request.revision != row.revision_number:
        raise AlcorError(
            412,
            "RevisionNumberConstraintFailed",
            f"Constrained to {request.revision}, but current revision is {row.revision_number}",
        )


def check_repeated(view: View, update: Update) -> None:
    """Raises AlcorError (400) when an attribute that cannot change is not what the request says it is."""
    for name, value in update.repeated.items():
        if view[name] != value:
            raise bad_request(f"Invalid input for {name}. Reason: it is {view[name]!r} and cannot change to {value!r}.")


def insert_new(connection: Connection, table: Table, rows: Sequence[Any]) -> None:
    """Insert rows of new resources. Raises AlcorError (409) when an id that a client chose is in use."""
    try:
        bulk.insert_rows(connection, table, rows)
    except IntegrityError as error:
        if id_in_use(table, error):
            raise conflict(
                "IdInUse", f"A {table.name} with an id of the request exists: choose another, or let the server choose."
            ) from error
        raise


def id_in_use(table: Table, error: IntegrityError) -> bool:
    """Whether the constraint that was violated is the one of the table's ids."""
    return f"pk_{table.name}" in str(error.orig) or str(error.orig).endswith(f" {table.name}.id")
