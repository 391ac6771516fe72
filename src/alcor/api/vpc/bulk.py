"""Several resources created or changed in one request: all of them or none."""

from collections.abc import Callable, Sequence
from typing import Any

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron.collection import Collection, Shape
from alcor.api.neutron.shown import Shown
from alcor.api.routes import Route
from alcor.model.errors import bad_request
from alcor.model.resource import Resource
from alcor.services.manager import Manager, Update
from alcor.services.rows import View
from alcor.store.store import Store
from alcor.store.transaction import Transaction

UpdateTogether = Callable[[Transaction, Sequence[Sequence[Update]]], Sequence[list[View] | Exception]]
"""Carries out the updates of each of several requests, all or none."""


def bulk_routes(
    store: Store, manager: Manager, collection: Collection, shape: Shape, update_together: UpdateTogether
) -> list[Route]:
    """``POST`` and ``PUT`` of several resources at ``…/bulk``."""
    shown = Shown(manager.access)

    async def update_bulk(request: Request) -> Response:
        items = collection.items(request.json())
        updates = [collection.checked_update(request, _id(manager.resource, item), item) for item in items]
        _check_different(manager.resource, updates)
        views = await store.write_batch(update_together, updates)
        return json_response(200, {shape.several: shown.parts(request.context, views)})

    path = f"{shape.path}/bulk"
    return [collection.bulk_route(), Route("PUT", path, update_bulk, collection.described.update_several())]


def _id(resource: Resource, item: Any) -> str:
    if not isinstance(item, dict) or item.get("id") is None:
        raise bad_request("Failed to parse request. Required attribute 'id' not specified")
    resource_id: str = resource.attributes["id"].converted(item["id"])
    return resource_id


def _check_different(resource: Resource, updates: Sequence[Update]) -> None:
    seen: set[str] = set()
    for update in updates:
        if update.id in seen:
            words = resource.name.replace("_", " ")
            raise bad_request(f"Invalid input for id. Reason: {words} {update.id} is in the request twice.")
        seen.add(update.id)
