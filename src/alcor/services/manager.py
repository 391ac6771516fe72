"""What every manager offers to the APIs above it: one definition, one table, batches of creates, updates, deletes.

Handlers take the requests of many callers at once and return a result or an exception for each (Store.write_batch).
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, Table

from alcor.model.errors import AlcorError
from alcor.model.identifiers import new_id
from alcor.model.resource import Resource
from alcor.services.rows import View, missing
from alcor.store.transaction import Transaction

Values = dict[str, Any]
"""Checked attributes of a request."""

DEFAULT_PROJECT = "default"
"""Whose resources are when nobody says."""


class Update(msgspec.Struct, frozen=True):
    """Change these attributes; ``revision`` is the revision number the caller has seen, when it insists on it."""

    id: str
    values: Values
    revision: int | None = None


class Delete(msgspec.Struct, frozen=True):
    """Delete the resource; ``revision`` as in Update."""

    id: str
    revision: int | None = None


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


def stamp(transaction: Transaction, values: Values) -> Values:
    """The attributes of a new resource with its id, owner, revision and times."""
    now = transaction.now
    stamped = values | {"id": new_id(), "revision_number": 1, "created_at": now, "updated_at": now}
    if missing(values, "project_id"):
        stamped["project_id"] = DEFAULT_PROJECT
    return stamped


def check_revision(current: int, wanted: int | None) -> None:
    """Raises AlcorError (412) when the caller has seen another revision (Neutron's revision-if-match)."""
    if wanted is not None and wanted != current:
        raise AlcorError(
            412,
            "RevisionNumberConstraintFailed",
            f"Constrained to {wanted}, but current revision is {current}",
        )
