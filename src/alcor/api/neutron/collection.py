"""The operations on a collection, the same for every resource: list, show, create (single, bulk), update, delete."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from alcor.api.http import NO_CONTENT, Request, Response, json_response
from alcor.api.neutron import pages, query
from alcor.api.routes import Route
from alcor.model.errors import bad_request, not_found
from alcor.services.manager import Delete, Manager, Update, Values
from alcor.services.rows import View
from alcor.store.page import MarkerNotFound, Query, list_rows
from alcor.store.store import Store

_IF_MATCH = re.compile(r"\s*revision_number\s*=\s*(\d{1,18})\s*")


class Shape(msgspec.Struct, frozen=True):
    """How an API shows a collection: its path, and the members of bodies that hold one resource or several."""

    path: str
    one: str
    several: str
    listed: str = ""  # several in the answer to a list request, when called otherwise there
    key: str = "id"  # the attribute that identifies a resource


class Collection:
    """The handlers of one resource."""

    def __init__(self, store: Store, manager: Manager, page_limit: int, shape: Shape) -> None:
        self._store = store
        self._manager = manager
        self._resource = manager.resource
        self._page_limit = page_limit
        self._shape = shape

    def routes(self) -> list[Route]:
        """The routes of the collection."""
        path, item = self._shape.path, f"{self._shape.path}/{{id}}"
        return [
            Route("GET", path, self.list),
            Route("POST", path, self.create),
            Route("GET", item, self.show),
            Route("PUT", item, self.update),
            Route("DELETE", item, self.delete),
        ]

    async def list(self, request: Request) -> Response:
        """A page of resources, with links to its neighbours."""
        listed = query.parse(self._resource, request.query(), self._page_limit)
        try:
            views = await self._store.read(lambda connection: self._read(connection, listed.query))
        except MarkerNotFound as error:
            raise not_found(self._resource.name, str(error)) from error
        page, more = pages.cut(listed, views)
        member = self._shape.listed or self._shape.several
        body: dict[str, Any] = {member: [_project(view, listed.fields) for view in page]}
        if links := pages.links(request, listed, [view[self._shape.key] for view in page], more):
            body[f"{member}_links"] = links
        return json_response(200, body)

    async def show(self, request: Request) -> Response:
        """One resource."""
        resource_id = request.parameters["id"]
        fields = frozenset(value for name, value in request.query() if name == "fields" and value)
        views = await self._store.read(lambda connection: self._read_one(connection, resource_id))
        if not views:
            raise not_found(self._resource.name, resource_id)
        return json_response(200, {self._shape.one: _project(views[0], fields)})

    async def create(self, request: Request) -> Response:
        """Create one resource, or several together: all or none."""
        body = request.json()
        if isinstance(body, dict) and self._shape.several in body:
            return json_response(201, {self._shape.several: await self.create_several(request, body)})
        views = await self._create(request, [self._resource.check_create(self._item(body))])
        return json_response(201, {self._shape.one: views[0]})

    async def create_several(self, request: Request, body: Any) -> Sequence[View]:
        """Create the resources of a bulk request's body: all or none."""
        items = body.get(self._shape.several) if isinstance(body, dict) else None
        if not isinstance(items, list) or not items:
            raise bad_request(f"'{self._shape.several}' must be a list of at least one {self._resource.name}")
        return await self._create(request, [self._resource.check_create(item) for item in items])

    async def update(self, request: Request) -> Response:
        """Change attributes of one resource."""
        values = self._resource.check_update(self._item(request.json()))
        update = Update(request.parameters["id"], values, _revision(request))
        view = await self._store.write_batch(self._manager.update, update)
        return json_response(200, {self._shape.one: view})

    async def delete(self, request: Request) -> Response:
        """Delete one resource."""
        await self._store.write_batch(self._manager.delete, Delete(request.parameters["id"], _revision(request)))
        return NO_CONTENT

    async def _create(self, request: Request, items: Sequence[Values]) -> Sequence[View]:
        project_id = request.header(b"x-project-id") or request.header(b"x-tenant-id")
        if project_id:
            for values in items:
                values.setdefault("project_id", project_id)
        return await self._store.write_batch(self._manager.create, items)

    def _item(self, body: Any) -> Any:
        if not isinstance(body, dict) or self._shape.one not in body:
            raise bad_request(f"Unable to find '{self._shape.one}' in request body")
        return body[self._shape.one]

    def _read(self, connection: Connection, wanted: Query) -> Sequence[View]:
        return self._manager.views(connection, list_rows(connection, self._manager.table, wanted))

    def _read_one(self, connection: Connection, resource_id: str) -> Sequence[View]:
        table = self._manager.table
        return self._manager.views(connection, connection.execute(select(table).where(table.c.id == resource_id)).all())


def _project(view: View, fields: frozenset[str]) -> View:
    return {name: value for name, value in view.items() if name in fields} if fields else view


def _revision(request: Request) -> int | None:
    """The revision number that the request insists on (revision-if-match)."""
    text = request.header(b"if-match")
    if not text:
        return None
    match = _IF_MATCH.fullmatch(text)
    if match is None:
        raise bad_request(f"Invalid If-Match header '{text[:64]}': write revision_number=NUMBER")
    return int(match[1])
