"""Nodes, registered one by one, in bulk, or from a file; and Network Config Managers."""

from typing import Any

import orjson

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron.collection import Collection, Shape
from alcor.api.openapi.schemas import update_schema, view_schema
from alcor.api.operation import JSON, Operation
from alcor.api.routes import Route
from alcor.api.vpc.bodies import member, required
from alcor.api.vpc.upload import uploaded_file
from alcor.model.errors import bad_request
from alcor.model.schema import OBJECT, STRING, all_of, holding, some, taking
from alcor.model.values import Convert, Schema
from alcor.services.hosts.ncm import NCMS
from alcor.services.hosts.node import NODES
from alcor.services.manager import Delete
from alcor.store.store import Store

_ID: dict[str, Convert] = {"node_id": NODES.resource.attributes["node_id"].converted}


def _changes() -> Schema:
    changes, named = update_schema(NODES.resource), taking(_ID)
    return changes | {"properties": named["properties"] | changes["properties"], "required": named["required"]}


def node_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Node Manager under a prefix."""
    shape = Shape(
        f"{prefix}/nodes",
        one="host_info",
        several="host_infos",
        listed="nodeInfos",
        key="node_id",
        answers_delete=True,
    )
    collection = Collection(store, NODES, page_limit, shape)

    async def create_in_bulk(request: Request) -> Response:
        return json_response(200, await collection.create_several(request, request.json()))

    async def create_from_file(request: Request) -> Response:
        content = uploaded_file(request, "file")
        try:
            body = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise bad_request(f"Malformed request body: the uploaded file is not JSON: {error}.") from error
        return json_response(200, await collection.create_several(request, body))

    async def update_named(request: Request) -> Response:
        item = member(request.json(), shape.one)
        update = collection.checked_update(request, _node_id(item), item)
        return json_response(200, {shape.one: await store.write_batch(NODES.update, update)})

    async def delete_named(request: Request) -> Response:
        delete = Delete(_node_id(member(request.json(), shape.one)), context=request.context)
        await store.write_batch(NODES.delete, delete)
        return json_response(200, {"id": delete.id})

    def says(summary: str, answer: Schema, body: Schema, body_type: str = JSON) -> Operation:
        return Operation(summary, NODES.resource.collection, answer, body, body_type=body_type)

    one, several = holding({shape.one: view_schema(NODES.resource)}), all_of(view_schema(NODES.resource))
    named, many = holding({shape.one: taking(_ID)}), holding({shape.several: some(OBJECT)})
    changed = holding({shape.one: _changes()})
    form = holding({"file": {"type": "string", "contentMediaType": "application/octet-stream"}})
    from_file = says("Register the nodes of a file: all or none", several, form, "multipart/form-data")
    return [
        *collection.routes(),
        Route("PUT", shape.path, update_named, says("Change the node of this id", one, changed)),
        Route("DELETE", shape.path, delete_named, says("Delete the node of this id", holding({"id": STRING}), named)),
        Route("POST", f"{shape.path}/bulk", create_in_bulk, says("Register several nodes: all or none", several, many)),
        Route("POST", f"{shape.path}/upload", create_from_file, from_file),
    ]


def _node_id(item: dict[str, Any]) -> str:
    """The id of the node that a body is about, as Alcor's Data Plane Manager is told of nodes."""
    node_id: str = required(item, _ID)["node_id"]
    return node_id


def ncm_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of registered Network Config Managers under a prefix."""
    shape = Shape(f"{prefix}/ncms", one="ncm_info", several="ncm_infos", listed="ncmInfos", answers_delete=True)
    return Collection(store, NCMS, page_limit, shape).routes()
