"""The tags of each resource of a collection, under ``…/{id}/tags`` (Neutron's standard-attr-tag and tag-creation)."""

from typing import Any

from sqlalchemy import Connection

from alcor.api.http import NO_CONTENT, Request, Response, json_response
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.model.errors import invalid_input, not_found
from alcor.model.resources.standard import tag_list, tag_text
from alcor.model.values import Schema, schema_of
from alcor.services import tags
from alcor.services.manager import Manager
from alcor.services.tags import TagChange, Tags
from alcor.store import bulk
from alcor.store.store import Store

_TAGS: Schema = {"type": "object", "properties": {"tags": schema_of(tag_list)}, "required": ["tags"]}


class TagsOfCollection:
    """The handlers of the tags of one kind of resource."""

    def __init__(self, store: Store, manager: Manager, path: str) -> None:
        self._store, self._manager, self._path = store, manager, path
        self._changing = tags.changing(manager.access, manager.repeated)

    def routes(self) -> list[Route]:
        """The routes."""
        several, one = f"{self._path}/{{id}}/tags", f"{self._path}/{{id}}/tags/{{tag}}"
        words = self._manager.resource.collection.replace("_", " ")

        def does(summary: str, status: int, answer: Schema | None = None, body: Schema | None = None) -> Operation:
            return Operation(summary, words, answer, body, status)

        return [
            Route("GET", several, self.list, operation=does("All tags", 200, _TAGS)),
            Route("POST", several, self.add, operation=does("Add tags", 201, _TAGS, _TAGS)),
            Route("PUT", several, self.replace, operation=does("Replace all tags", 200, _TAGS, _TAGS)),
            Route("DELETE", several, self.clear, operation=does("Remove all tags", 204)),
            Route("GET", one, self.show, operation=does("Whether it has the tag", 204)),
            Route("PUT", one, self.add_one, operation=does("Add the tag", 201)),
            Route("DELETE", one, self.remove, operation=does("Remove the tag", 204)),
        ]

    async def list(self, request: Request) -> Response:
        """All tags of a resource."""
        return json_response(200, {"tags": await self._tags(request)})

    async def show(self, request: Request) -> Response:
        """Whether the resource has the tag."""
        tags.check_present(_tag(request), await self._tags(request))
        return NO_CONTENT

    async def replace(self, request: Request) -> Response:
        """These tags and no others."""
        new = await self._change(request, "update", tags.replaced_by(_tags(request.json())))
        return json_response(200, {"tags": new})

    async def add(self, request: Request) -> Response:
        """These tags, too."""
        new = await self._change(request, "create", tags.with_more(_tags(request.json())))
        return json_response(201, {"tags": new})

    async def add_one(self, request: Request) -> Response:
        """This tag, too."""
        await self._change(request, "update", tags.with_more([_tag(request)]))
        return Response(201)

    async def remove(self, request: Request) -> Response:
        """Not this tag any more."""
        await self._change(request, "delete", tags.without(_tag(request)))
        return NO_CONTENT

    async def clear(self, request: Request) -> Response:
        """No tags any more."""
        await self._change(request, "delete", tags.replaced_by(()))
        return NO_CONTENT

    async def _change(self, request: Request, action: str, change: Any) -> Tags:
        wanted = TagChange(request.parameters["id"], change, action, request.context, self._scope(request))
        return await self._store.write_batch(self._changing, wanted)

    async def _tags(self, request: Request) -> Tags:
        resource_id, context, access = request.parameters["id"], request.context, self._manager.access
        name, scope = access.resource.policy_name, self._scope(request)

        def read(connection: Connection) -> Tags:
            rows = bulk.select_by(connection, list(access.table.c), access.table.c.id, [resource_id])
            if not rows or any(getattr(rows[0], column) != value for column, value in scope.items()):
                raise not_found(access.resource.name, resource_id)
            access.require_rules(connection, rows[0], context, [f"get_{name}", f"get_{name}:tags"])
            return tags.tags_of(rows[0])

        return await self._store.read(read)

    def _scope(self, request: Request) -> dict[str, str]:
        parent = self._manager.parent
        return {} if parent is None else {parent.attribute: request.parameters["parent_id"]}


def _tag(request: Request) -> str:
    try:
        tag: str = tag_text(request.parameters["tag"])
    except ValueError as error:
        raise invalid_input(str(error)) from error
    return tag


def _tags(body: Any) -> Tags:
    if not isinstance(body, dict) or "tags" not in body:
        raise invalid_input("Invalid tags body")
    try:
        named: Tags = tag_list(body["tags"])
    except ValueError as error:
        raise invalid_input(str(error)) from error
    return named
