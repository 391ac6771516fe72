"""What every manager offers to the APIs above it: one definition, one table, batches of creates, updates, deletes.

Handlers take the requests of many callers at once and return a result or an exception for each (Store.write_batch).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Table
from sqlalchemy.exc import IntegrityError

from alcor.model.context import DEFAULT_PROJECT, OPERATOR, Context
from alcor.model.errors import AlcorError, bad_request, conflict, not_found
from alcor.model.identifiers import new_id
from alcor.model.resource import Resource
from alcor.model.values import Schema
from alcor.services.access import Access
from alcor.services.remembered import Remembered
from alcor.services.rows import ReadView, View, missing
from alcor.store import bulk, sql
from alcor.store.foresight import Beside
from alcor.store.listing.query import Named
from alcor.store.transaction import Transaction

Values = dict[str, Any]
"""Checked attributes of a request."""


class Create(msgspec.Struct, frozen=True):
    """Resources to create together, all or none, for a caller."""

    items: Sequence[Values]
    context: Context = OPERATOR


class Update(msgspec.Struct, frozen=True):
    """Change these attributes.

    ``revision`` is the revision number the caller has seen, when it insists on it; ``project_id`` the project that the
    resource must be of, None for any; ``scope`` the columns that it must have (that it is a part of its parent).
    ``repeated`` are attributes that cannot change, as the caller knows them.
    """

    id: str
    values: Values
    revision: int | None = None
    project_id: str | None = None
    repeated: Values = {}
    context: Context = OPERATOR
    scope: Mapping[str, Any] = {}


class Delete(msgspec.Struct, frozen=True):
    """Delete the resource; the rest as in Update."""

    id: str
    revision: int | None = None
    project_id: str | None = None
    context: Context = OPERATOR
    scope: Mapping[str, Any] = {}


class Act(msgspec.Struct, frozen=True):
    """Carry out an action on the resource, with what the request's body says."""

    id: str
    body: Any
    context: Context = OPERATOR


CreateHandler = Callable[[Transaction, Sequence[Create]], Sequence[list[View] | Exception]]
UpdateHandler = Callable[[Transaction, Sequence[Update]], Sequence[View | Exception]]
DeleteHandler = Callable[[Transaction, Sequence[Delete]], Sequence[Exception | None]]


ReadFirst = Callable[[Connection, Sequence[Create]], Iterator[sql.Read]]
"""What a handler of creates will read first, as far as it is known from the requests."""


class Action(msgspec.Struct, frozen=True):
    """Something else that is done to a resource, at ``…/{id}/{name}``; its answer is what the operation returns.

    ``body`` is what requests must hold: nothing where it is None. ``answer`` says what the answer is, given the schema
    of the resource as it is shown: most often just that.
    """

    method: str
    name: str
    operation: Callable[[Transaction, Act], Any]
    status: int = 200
    body: Schema | None = None
    answer: Callable[[Schema], Schema] = lambda resource: resource


class Prelude(msgspec.Struct, frozen=True):
    """What must be there before a project's resources are listed; most often it is."""

    needed: Callable[[Connection, Context, str], bool]
    operation: Callable[[Transaction, str], None]


class Filter(msgspec.Struct, frozen=True):
    """How resources are filtered by an attribute that is in no column: the condition for any of some values, or what
    names those that have one.

    ``is_rough`` says that the condition lets others pass, too, though few: which of them have such a value is seen when
    they are shown.
    """

    condition: Callable[[Context, Sequence[Any]], ColumnElement[bool]] | None = None
    named: Callable[[Sequence[Any]], Named] | None = None
    is_rough: bool = False


Order = Callable[[], ColumnElement[Any]]
"""What resources are sorted by for an attribute that is in no column."""


class Parent(msgspec.Struct, frozen=True):
    """The resource of which those of a manager are parts: they are under its path, and hold its id in a column."""

    access: Access
    path: str  # of its collection below /v2.0, like routers
    attribute: str  # of the parts, like router_id
    joined: bool = False  # parts are known by what they join to the parent: their id is its, a slash and that
    refused_first: bool = False  # who may not create parts is told so (403) whether the caller is shown it or not


LIST, SHOW, CREATE, UPDATE, DELETE = "list", "show", "create", "update", "delete"
OPERATIONS = frozenset((LIST, SHOW, CREATE, UPDATE, DELETE))


Repeated = Callable[[Any, Mapping[str, Any]], Mapping[str, Any]]
"""What columns of a row become when others become these, because they repeat them."""


class Manager(msgspec.Struct, frozen=True):
    """One kind of resource, as the APIs use it. ``views`` renders rows of the table in their order, for a caller.

    ``path`` is where Neutron's API has it below /v2.0 (or its parent), when not under the name of the collection.
    ``only`` are columns that are the same in all its rows, where several kinds are in one table, and ``where`` is a
    condition of them; ``operations`` are those that clients may ask for. ``create_reads`` says what creating begins
    with, so that it is read at once; ``columns`` are what showing resources reads of their rows, where that is not all,
    and ``beside`` what it reads beside them, where that is mostly all that it reads. ``repeated`` is what a row repeats
    of its columns when they change.
    """

    access: Access
    views: Callable[[Connection, Sequence[Row[Any]], Context], Sequence[ReadView]]
    create: CreateHandler
    update: UpdateHandler
    delete: DeleteHandler
    actions: tuple[Action, ...] = ()
    parent: Parent | None = None
    path: str = ""
    prelude: Prelude | None = None
    filters: Mapping[str, Filter] = {}
    orders: Mapping[str, Order] = {}
    only: Mapping[str, Any] = {}
    where: ColumnElement[bool] | None = None
    passes_over_marker: bool = False  # one that the caller is not shown ends the list, and is no mistake
    operations: frozenset[str] = OPERATIONS
    create_reads: ReadFirst = lambda _connection, _requests: iter(())
    columns: tuple[str, ...] = ()
    repeated: Repeated = lambda _row, _changes: {}
    beside: tuple[Beside, ...] | None = None

    @property
    def resource(self) -> Resource:
        """The definition of the resource."""
        return self.access.resource

    @property
    def table(self) -> Table:
        """Where it is kept."""
        return self.access.table


Request = TypeVar("Request")
Result = TypeVar("Result")


def each(
    operation: Callable[[Transaction, Request], Result],
) -> Callable[[Transaction, Sequence[Request]], Sequence[Result | Exception]]:
    """A handler that carries out its requests one after the other; the first that fails raises for all."""

    def handler(transaction: Transaction, requests: Sequence[Request]) -> Sequence[Result | Exception]:
        return [operation(transaction, request) for request in requests]

    return handler


def together(update: UpdateHandler) -> Callable[[Transaction, Sequence[Sequence[Update]]], Sequence[list[View]]]:
    """A handler that carries out all updates of a request or none; the first that fails raises for all."""

    def handler(transaction: Transaction, requests: Sequence[Sequence[Update]]) -> Sequence[list[View]]:
        return [_succeeded(update(transaction, updates)) for updates in requests]

    return handler


def _succeeded(results: Sequence[View | Exception]) -> list[View]:
    views = []
    for result in results:
        if isinstance(result, Exception):
            raise result
        views.append(result)
    return views


def narrowed(manager: Manager, resource: Resource) -> Manager:
    """The manager for an API that has fewer of the attributes: the others are kept, and not shown."""

    names = tuple(resource.attributes)
    remembered = Remembered(lambda _id, view: narrow(view))

    def narrow(view: View) -> View:
        return {name: view[name] for name in names if name in view}

    def views(connection: Connection, rows: Sequence[Row[Any]], context: Context) -> list[View]:
        return remembered.views([(row[0],) for row in rows], manager.views(connection, rows, context))

    def create(transaction: Transaction, requests: Sequence[Create]) -> Sequence[list[View] | Exception]:
        results = manager.create(transaction, requests)
        return [[narrow(view) for view in result] if isinstance(result, list) else result for result in results]

    def update(transaction: Transaction, requests: Sequence[Update]) -> Sequence[View | Exception]:
        results = manager.update(transaction, requests)
        return [narrow(result) if isinstance(result, dict) else result for result in results]

    access = msgspec.structs.replace(manager.access, resource=resource)
    return msgspec.structs.replace(manager, access=access, views=views, create=create, update=update)


def stamp(transaction: Transaction, values: Values, make_id: Callable[[], str] = new_id) -> Values:
    """The attributes of a new resource with its id, owner, revision and times."""
    now = transaction.now
    stamped = values | {"revision_number": 1, "created_at": now, "updated_at": now}
    if missing(values, "id"):
        stamped["id"] = make_id()
    if missing(values, "project_id"):
        stamped["project_id"] = DEFAULT_PROJECT
    return stamped


def check_expected(transaction: Transaction, access: Access, row: Any, request: Update | Delete) -> None:
    """Raises AlcorError when a row is not what the caller may see (404), may change (403) or has seen.

    The last is Neutron's revision-if-match: 412.
    """
    if request.project_id is not None and row.project_id != request.project_id:
        raise not_found(access.resource.name, request.id)
    if any(getattr(row, column) != value for column, value in request.scope.items()):
        raise not_found(access.resource.name, request.id)
    action, given = ("update", request.values) if isinstance(request, Update) else ("delete", {})
    access.require(transaction.connection, row, request.context, action, given)
    if request.revision is not None and request.revision != row.revision_number:
        raise AlcorError(
            412,
            "RevisionNumberConstraintFailed",
            f"Constrained to {request.revision}, but current revision is {row.revision_number}",
        )


def check_repeated(view: ReadView, update: Update) -> None:
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
