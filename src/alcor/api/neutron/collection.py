"""The operations on a collection, the same for every resource: list, show, create (single, bulk), update, delete."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from alcor.api.http import NO_CONTENT, Handler, Request, Response, json_response
from alcor.api.neutron import pages, query
from alcor.api.neutron.creation import Creation
from alcor.api.neutron.descriptions import Descriptions
from alcor.api.neutron.query import ListRequest
from alcor.api.neutron.shown import Shown, encoded
from alcor.api.project import named_project
from alcor.api.routes import Route
from alcor.model.context import NO_PROJECT, Context
from alcor.model.errors import AlcorError, bad_request, not_found
from alcor.model.schema import STRING, holding
from alcor.services.manager import (
    CREATE,
    DELETE,
    LIST,
    SHOW,
    UPDATE,
    Act,
    Action,
    Create,
    Delete,
    Manager,
    Update,
    Values,
)
from alcor.services.rows import ReadView, View, without
from alcor.store import bulk
from alcor.store.direct_reads import leave_event_loop
from alcor.store.foresight import ForeseeQuery, Foresight, of_keys
from alcor.store.listing.foreseen_page import foresee_page, is_short
from alcor.store.listing.marker import MarkerNotFound
from alcor.store.listing.page import list_rows
from alcor.store.listing.query import Query
from alcor.store.store import Store
from alcor.store.transaction import Transaction

_REVISION_TAG = re.compile(r"revision_number=([0-9]{1,18})")


class Shape(msgspec.Struct, frozen=True):
    """How an API shows a collection: its path, and the members of bodies that hold one resource or several.

    A path with ``{project_id}`` is that of the project's own resources: there are no others.
    """

    path: str
    one: str
    several: str
    listed: str = ""  # several in the answer to a list request, when called otherwise there
    key: str = "id"  # the attribute that identifies a resource
    answers_delete: bool = False  # with the id, instead of nothing
    id: str = "id"  # the parameter of the path that identifies a resource


_Part = tuple[ReadView, tuple[str, ...]]
"""A resource, and the attributes of it that its caller does not see."""

_Wanted = tuple[str, dict[str, Any], Context]
"""The id of a resource to show, what columns it must have, and who asks."""


class Collection:
    """The handlers of one resource."""

    def __init__(self, store: Store, manager: Manager, page_limit: int, shape: Shape) -> None:
        self._store = store
        self._manager = manager
        self._resource = manager.resource
        self._page_limit = page_limit
        self._shape = shape
        self._shown = Shown(manager.access)
        self._creation = Creation(store, manager)
        key = manager.table.c[manager.resource.attributes[shape.key].column]
        self._by_key = tuple(manager.table.c[name] for name in manager.columns or manager.table.c.keys()), key
        self._foresee = None if manager.beside is None else self._foreseen
        self.described = Descriptions(manager.resource, shape.one, shape.several, shape.listed)

    def routes(self) -> list[Route]:
        """The routes of the collection."""
        path, item = self._shape.path, f"{self._shape.path}/{{{self._shape.id}}}"
        described = self.described
        deleted = holding({"id": STRING}) if self._shape.answers_delete else None
        actions = [
            Route(
                action.method,
                f"{item}/{action.name}",
                self._acting(action),
                operation=described.action(action),
            )
            for action in self._manager.actions
        ]
        routes = {
            LIST: Route("GET", path, self.list, operation=described.list()),
            CREATE: Route("POST", path, self.create, operation=described.create()),
            SHOW: Route("GET", item, self.show, operation=described.show()),
            UPDATE: Route("PUT", item, self.update, operation=described.update()),
            DELETE: Route("DELETE", item, self.delete, operation=described.delete(deleted)),
        }
        return [*actions, *(route for name, route in routes.items() if name in self._manager.operations)]

    def bulk_route(self) -> Route:
        """The route of creating several together below a path of its own, in Alcor's API."""
        return Route("POST", f"{self._shape.path}/bulk", self.create_bulk, self.described.create_several())

    async def list(self, request: Request) -> Response:
        """A page of resources, with links to its neighbours."""
        listed = query.parse(self._resource, request.query(), self._page_limit)
        wanted = self.scoped(request, listed.query)
        await self._prelude(request, wanted)

        def read(connection: Connection) -> tuple[Sequence[ReadView], bool]:
            self._require_parent(connection, request)
            return self._read_page(connection, listed, wanted, request.context)

        try:
            page, more = await self._store.read(
                read,
                is_short=is_short(self._manager.table, wanted),
                foresee=self._foreseen_page(wanted),
            )
        except MarkerNotFound as error:
            if not self._manager.passes_over_marker:
                raise not_found(self._resource.name, str(error)) from error
            page, more = [], False
        member = self._shape.listed or self._shape.several
        if listed.fields:
            shown = [query.chosen(view, listed.fields) for view in self._shown.parts(request.context, page)]
        else:
            shown = self._shown.encoded(request.context, page)
        body: dict[str, Any] = {member: shown}
        if links := pages.links(request, listed, page, itemgetter(self._shape.key), more):
            body[f"{member}_links"] = links
        return json_response(200, body)

    async def show(self, request: Request) -> Response:
        """One resource."""
        asked = self._id(request), self._scope(request), request.context
        view, unseen = await self._store.read_batch(self._read_ones, asked, self._foresee)
        if fields := query.fields(request.query()):
            return json_response(200, {self._shape.one: query.chosen(without(view, unseen), fields)})
        return json_response(200, {self._shape.one: encoded(view, unseen)})

    async def create(self, request: Request) -> Response:
        """Create one resource, or several together: all or none."""
        body = request.json()
        if isinstance(body, dict) and self._shape.several in body:
            return await self.create_bulk(request)
        views = await self._create(request, [self._item(body)])
        return json_response(201, {self._shape.one: views[0]})

    async def create_bulk(self, request: Request) -> Response:
        """Create several resources together: all or none."""
        return json_response(201, {self._shape.several: await self.create_several(request, request.json())})

    async def create_several(self, request: Request, body: Any) -> Sequence[View]:
        """Create the resources of a bulk request's body: all or none."""
        return await self._create(request, self.items(body))

    def items(self, body: Any) -> Sequence[Any]:
        """The items of a bulk request's body. Raises AlcorError (400) when there are none."""
        items = body.get(self._shape.several) if isinstance(body, dict) else None
        if not isinstance(items, list) or not items:
            raise bad_request(f"Resources required: '{self._shape.several}' must be a list of at least one")
        one = self._shape.one
        return [item[one] if isinstance(item, dict) and one in item else item for item in items]

    async def update(self, request: Request) -> Response:
        """Change attributes of one resource."""
        update = self.checked_update(request, self._id(request), self._item(request.json()), _revision(request))
        view = await self._store.write_batch(self._manager.update, update)
        return json_response(200, {self._shape.one: self._shown.part(request.context, view)})

    def checked_update(self, request: Request, resource_id: str, item: Any, revision: int | None = None) -> Update:
        """The update that an item of a request's body asks for."""
        values = self._resource.check_update(item)
        repeated = {name: values.pop(name) for name in self._resource.fixed if name in values}
        return Update(
            resource_id, values, revision, project_of(request), repeated, request.context, self._scope(request)
        )

    async def delete(self, request: Request) -> Response:
        """Delete one resource."""
        delete = Delete(
            self._id(request),
            _revision(request),
            project_of(request),
            request.context,
            self._scope(request),
        )
        await self._store.write_batch(self._manager.delete, delete)
        return json_response(200, {"id": delete.id}) if self._shape.answers_delete else NO_CONTENT

    def scoped(self, request: Request, wanted: Query) -> Query:
        """The query, for the resources that the path is about and the caller is shown."""
        filters = dict(wanted.filters)
        for column, value in self._scope(request).items():
            filters[column] = [value] if value in filters.get(column, [value]) else []
        access = self._manager.access
        asked = [(self._manager.filters[name], values) for name, values in wanted.computed.items()]
        also = [each.condition(request.context, values) for each, values in asked if each.condition is not None]
        named = [each.named(values) for each, values in asked if each.named is not None]
        if self._manager.where is not None:
            also.append(self._manager.where)
        orders = {name: self._manager.orders[name]() for name, _ in wanted.sort if name in self._manager.orders}
        return msgspec.structs.replace(
            wanted,
            filters=filters,
            condition=access.condition(request.context),
            parameters=access.parameters(request.context),
            also=also,
            named=named,
            orders=orders,
            columns=self._manager.columns,
            is_known=not self._store.is_crowded(self._manager.table, self._manager.columns),
        )

    async def _prelude(self, request: Request, wanted: Query) -> None:
        """See to what must be there before the resources of a project are listed."""
        prelude = self._manager.prelude
        if prelude is None:
            return
        named = wanted.filters.get("project_id", ())
        project_id = named_project(str(named[0])) if named else request.context.project_id

        def needed(connection: Connection) -> bool:
            return prelude.needed(connection, request.context, project_id)

        if await self._store.read(needed):
            await self._store.write(lambda transaction: prelude.operation(transaction, project_id))

    def _id(self, request: Request) -> str:
        """The id of the resource that the path names."""
        named, parent = request.parameters[self._shape.id], self._manager.parent
        return f"{request.parameters['parent_id']}/{named}" if parent is not None and parent.joined else named

    def _require_parent(self, connection: Connection, request: Request) -> None:
        """Raises AlcorError (404) unless the caller is shown what the path says the resources are parts of."""
        parent = self._manager.parent
        if parent is not None:
            parent.access.check_visible(connection, [request.parameters["parent_id"]], request.context)

    def _scope(self, request: Request) -> dict[str, Any]:
        """What columns are of all resources that the path is about."""
        scope = dict(self._manager.only)
        if (project_id := project_of(request)) is not None:
            scope["project_id"] = project_id
        if self._manager.parent is not None:
            scope[self._manager.parent.attribute] = request.parameters["parent_id"]
        return scope

    async def _create(self, request: Request, items: Sequence[Any]) -> Sequence[View]:
        parent = self._manager.parent
        if parent is not None:
            above = {parent.attribute: request.parameters["parent_id"]}
            items = [_below(item, above) for item in items]
        checked = [self._resource.check_create(item) for item in items]
        self._give_project(request, checked)
        views = await self._creation.create(Create(checked, request.context), items)
        return self._shown.parts(request.context, views)

    def _acting(self, action: Action) -> Handler:
        """The handler of another action on a resource."""

        async def handler(request: Request) -> Response:
            body = request.json() if request.body else None
            act = Act(self._id(request), body, request.context)
            scope = self._scope(request)

            def operation(transaction: Transaction) -> Any:
                self._require_action(transaction.connection, act, scope, action)
                return action.operation(transaction, act)

            answer = await self._store.write(operation)
            return NO_CONTENT if answer is None else json_response(action.status, answer)

        return handler

    def _require_action(self, connection: Connection, act: Act, scope: Mapping[str, Any], action: Action) -> None:
        """Raises AlcorError unless the caller is shown the resource (404) and may do that (403).

        Where no rule is about the action itself, it is that about seeing or changing the resource.
        """
        access = self._manager.access
        rows = bulk.select_by(connection, list(access.table.c), access.table.c.id, [act.id])
        if not rows or any(getattr(rows[0], column) != value for column, value in scope.items()):
            raise not_found(self._resource.name, act.id)
        usual = "get" if action.method == "GET" else "update"
        access.require(
            connection, rows[0], act.context, action.name if action.name in self._resource.rules else usual, {}
        )

    def _give_project(self, request: Request, items: Sequence[Values]) -> None:
        """Say whose the new resources are, where the path or the caller does."""
        confined_to, context = project_of(request), request.context
        attribute = self._resource.attributes.get("project_id")
        if attribute is None:
            return
        project_id = attribute.converted(confined_to or context.project_id)
        for values in items:
            given = values.setdefault("project_id", project_id)
            if given == NO_PROJECT:
                raise bad_request("Say whose it is with project_id: your token is of no project.")
            if confined_to and given != project_id:
                raise bad_request(
                    f"Invalid input for project_id. Reason: '{given}' is not the project of the path, '{project_id}'."
                )
            if given != context.project_id and not context.is_admin:
                raise bad_request(
                    "Specifying 'project_id' other than the authenticated project in request is not allowed for the "
                    "current user."
                )

    def _item(self, body: Any) -> Any:
        item = body.get(self._shape.one) if isinstance(body, dict) else None
        if item is None:
            raise bad_request(f"Unable to find '{self._shape.one}' in request body")
        return item

    def _read_page(
        self, connection: Connection, listed: ListRequest, wanted: Query, context: Context
    ) -> tuple[Sequence[ReadView], bool]:
        """The page of what the caller may get, and whether more follow: on from pages of which it may get nothing.

        Where filters are rough, on until the page is full.
        """
        if self._shown.never(context):
            return [], False
        rough = {name: values for name, values in wanted.computed.items() if self._manager.filters[name].is_rough}
        found: list[ReadView] = []
        while True:
            views = self._manager.views(connection, list_rows(connection, self._manager.table, wanted), context)
            page, more = pages.cut(listed, views)
            shown = self._shown.those(connection, page, context)
            if rough:
                shown = [view for view in shown if all(view[name] in values for name, values in rough.items())]
            found = [*shown, *found] if wanted.page_reverse else [*found, *shown]
            if len(found) > listed.page_size:
                return found[-listed.page_size :] if wanted.page_reverse else found[: listed.page_size], True
            if not more or len(found) >= (listed.page_size if rough else 1):
                return found, more
            marker = page[0 if wanted.page_reverse else -1][self._shape.key]
            leave_event_loop(connection)
            wanted = msgspec.structs.replace(wanted, marker=marker)

    def _foreseen(self, wanted: Sequence[_Wanted]) -> Sequence[Foresight]:
        """What reading resources of these ids asks for."""
        ids = [resource_id for resource_id, _, _ in wanted]
        return [of_keys(bulk.read_by(*self._by_key), self._by_key[1], ids, self._manager.beside or ())]

    def _foreseen_page(self, wanted: Query) -> ForeseeQuery | None:
        """What says what reading a page asks for, where that is known."""
        beside = self._manager.beside
        return None if beside is None else partial(foresee_page, self._manager.table, wanted, beside)

    def _read_ones(self, connection: Connection, wanted: Sequence[_Wanted]) -> Sequence[_Part | AlcorError]:
        """The resources of these ids, each only if it is what the path is about and its caller is shown it."""
        access = self._manager.access
        rows = bulk.select_by(connection, *self._by_key, [resource_id for resource_id, _, _ in wanted])
        found = {getattr(row, self._by_key[1].name): row for row in rows}
        answers: dict[int, _Part] = {}
        seen: dict[Context, dict[int, Row[Any]]] = {}
        for index, (resource_id, scope, context) in enumerate(wanted):
            row = found.get(resource_id)
            if row is None or any(getattr(row, column) != value for column, value in scope.items()):
                continue
            if access.sees(connection, row, context):
                seen.setdefault(context, {})[index] = row
        for context, its in seen.items():
            views = self._manager.views(connection, list(its.values()), context)
            shown = set(map(id, self._shown.those(connection, views, context)))
            for index, view, unseen in zip(its, views, self._shown.unseen(context, views), strict=True):
                if id(view) in shown:
                    answers[index] = view, unseen
        return [
            answers[index] if index in answers else not_found(self._resource.name, resource_id)
            for index, (resource_id, _, _) in enumerate(wanted)
        ]


def _below(item: Any, above: dict[str, Any]) -> Any:
    """The item with what the path says it is a part of. Raises AlcorError (400) when it says something else itself."""
    if not isinstance(item, dict):
        return item
    for name, value in above.items():
        if item.get(name) not in (None, value):
            raise bad_request(f"Invalid input for {name}. Reason: it is not that of the path, '{value}'.")
    return item | above


def project_of(request: Request) -> str | None:
    """The project whose resources the path is about; None when it is about everybody's."""
    return request.parameters.get("project_id")


def _revision(request: Request) -> int | None:
    """The revision number that the request insists on (revision-if-match); other entity tags say nothing here."""
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in request.header(b"if-match").split(",")]
    revisions = [tag for tag in tags if tag.startswith("revision_number=")]
    if not revisions:
        return None
    if len(revisions) > 1:
        raise bad_request("Bad if-match request: Multiple revision_number etags are not supported.", "BadRequest")
    match = _REVISION_TAG.fullmatch(revisions[0])
    if match is None:
        raise bad_request(
            "Bad if-match request: Revision number etag must be in the format of revision_number=<int>.", "BadRequest"
        )
    return int(match[1])
