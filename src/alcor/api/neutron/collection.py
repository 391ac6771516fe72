"""The operations on a collection, the same for every resource: list, show, create (single, bulk), update, delete."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from alcor.api.http import NO_CONTENT, Request, Response, json_response
from alcor.api.neutron import pages, query
from alcor.api.routes import Route
from alcor.model.errors import AlcorError, bad_request, not_found
from alcor.services.manager import Delete, Manager, Update, Values
from alcor.services.rows import View
from alcor.store import bulk
from alcor.store.page import MarkerNotFound, Query, list_rows
from alcor.store.store import Store

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
            views = await self._store.read(
                lambda connection: self._read(connection, self.scoped(request, listed.query))
            )
        except MarkerNotFound as error:
            raise not_found(self._resource.name, str(error)) from error
        page, more = pages.cut(listed, views)
        member = self._shape.listed or self._shape.several
        body: dict[str, Any] = {member: [query.chosen(view, listed.fields) for view in page]}
        if links := pages.links(request, listed, [view[self._shape.key] for view in page], more):
            body[f"{member}_links"] = links
        return json_response(200, body)

    async def show(self, request: Request) -> Response:
        """One resource."""
        resource_id = request.parameters["id"]
        view = await self._store.read_batch(self._read_ones, (resource_id, project_of(request)))
        return json_response(200, {self._shape.one: query.chosen(view, query.fields(request.query()))})

    async def create(self, request: Request) -> Response:
        """Create one resource, or several together: all or none."""
        body = request.json()
        if isinstance(body, dict) and self._shape.several in body:
            return await self.create_bulk(request)
        views = await self._create(request, [self._resource.check_create(self._item(body))])
        return json_response(201, {self._shape.one: views[0]})

    async def create_bulk(self, request: Request) -> Response:
        """Create several resources together: all or none."""
        return json_response(201, {self._shape.several: await self.create_several(request, request.json())})

    async def create_several(self, request: Request, body: Any) -> Sequence[View]:
        """Create the resources of a bulk request's body: all or none."""
        return await self._create(request, [self._resource.check_create(item) for item in self.items(body)])

    def items(self, body: Any) -> Sequence[Any]:
        """The items of a bulk request's body. Raises AlcorError (400) when there are none."""
        items = body.get(self._shape.several) if isinstance(body, dict) else None
        if not isinstance(items, list) or not items:
            raise bad_request(f"Resources required: '{self._shape.several}' must be a list of at least one")
        one = self._shape.one
        return [item[one] if isinstance(item, dict) and one in item else item for item in items]

    async def update(self, request: Request) -> Response:
        """Change attributes of one resource."""
        update = self.checked_update(request, request.parameters["id"], self._item(request.json()), _revision(request))
        view = await self._store.write_batch(self._manager.update, update)
        return json_response(200, {self._shape.one: view})

    def checked_update(self, request: Request, resource_id: str, item: Any, revision: int | None = None) -> Update:
        """The update that an item of a request's body asks for."""
        values = self._resource.check_update(item)
        repeated = {name: values.pop(name) for name in self._resource.fixed if name in values}
        return Update(resource_id, values, revision, project_of(request), repeated)

    async def delete(self, request: Request) -> Response:
        """Delete one resource."""
        delete = Delete(request.parameters["id"], _revision(request), project_of(request))
        await self._store.write_batch(self._manager.delete, delete)
        return json_response(200, {"id": delete.id}) if self._shape.answers_delete else NO_CONTENT

    def scoped(self, request: Request, wanted: Query) -> Query:
        """The query, for resources of the path's project only."""
        project_id = project_of(request)
        if project_id is None:
            return wanted
        asked = wanted.filters.get("project_id", [project_id])
        own = [project_id] if project_id in asked else []
        return msgspec.structs.replace(wanted, filters={**wanted.filters, "project_id": own})

    async def _create(self, request: Request, items: Sequence[Values]) -> Sequence[View]:
        self._give_project(request, items)
        return await self._store.write_batch(self._manager.create, items)

    def _give_project(self, request: Request, items: Sequence[Values]) -> None:
        """Say whose the new resources are, where the path or a header does."""
        confined_to = project_of(request)
        project_id = confined_to or request.header(b"x-project-id") or request.header(b"x-tenant-id")
        attribute = self._resource.attributes.get("project_id")
        if not project_id or attribute is None:
            return
        project_id = attribute.converted(project_id)
        for values in items:
            given = values.setdefault("project_id", project_id)
            if confined_to and given != project_id:
                raise bad_request(
                    f"Invalid input for project_id. Reason: '{given}' is not the project of the path, '{project_id}'."
                )

    def _item(self, body: Any) -> Any:
        item = body.get(self._shape.one) if isinstance(body, dict) else None
        if item is None:
            raise bad_request(f"Unable to find '{self._shape.one}' in request body")
        return item

    def _read(self, connection: Connection, wanted: Query) -> Sequence[View]:
        return self._manager.views(connection, list_rows(connection, self._manager.table, wanted))

    def _read_ones(
        self, connection: Connection, wanted: Sequence[tuple[str, str | None]]
    ) -> Sequence[View | AlcorError]:
        """The resources of these ids, each only if it is the project's, where one is named."""
        table = self._manager.table
        rows = bulk.select_by(connection, list(table.c), table.c.id, [resource_id for resource_id, _ in wanted])
        views = self._manager.views(connection, rows)
        found = {row.id: (row, view) for row, view in zip(rows, views, strict=True)}
        answers: list[View | AlcorError] = []
        for resource_id, project_id in wanted:
            row, view = found.get(resource_id, (None, None))
            if row is None or view is None or (project_id is not None and row.project_id != project_id):
                answers.append(not_found(self._resource.name, resource_id))
            else:
                answers.append(view)
        return answers


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
