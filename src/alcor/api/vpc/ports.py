"""A project's ports."""

from collections.abc import Sequence
from typing import Any

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron.collection import Collection, Shape
from alcor.api.neutron.shown import Shown
from alcor.api.routes import Route
from alcor.model.errors import bad_request
from alcor.services.manager import Update
from alcor.services.project import PROJECT_PORTS, update_project_ports_together
from alcor.store.store import Store


def port_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Port Manager under the prefix of a project."""
    shape = Shape(f"{prefix}/ports", one="port", several="ports", answers_delete=True)
    collection = Collection(store, PROJECT_PORTS, page_limit, shape)
    shown = Shown(PROJECT_PORTS.access)

    async def update_bulk(request: Request) -> Response:
        items = collection.items(request.json())
        updates = [collection.checked_update(request, _id(item), item) for item in items]
        _check_different(updates)
        views = await store.write_batch(update_project_ports_together, updates)
        return json_response(200, {"ports": [shown.part(request.context, view) for view in views]})

    return [
        *collection.routes(),
        Route("POST", f"{shape.path}/bulk", collection.create_bulk),
        Route("PUT", f"{shape.path}/bulk", update_bulk),
    ]


def _id(item: Any) -> str:
    if not isinstance(item, dict) or item.get("id") is None:
        raise bad_request("Failed to parse request. Required attribute 'id' not specified")
    port_id: str = PROJECT_PORTS.resource.attributes["id"].converted(item["id"])
    return port_id


def _check_different(updates: Sequence[Update]) -> None:
    seen: set[str] = set()
    for update in updates:
        if update.id in seen:
            raise bad_request(f"Invalid input for id. Reason: port {update.id} is in the request twice.")
        seen.add(update.id)
