"""A project's subnets."""

from typing import Any

from sqlalchemy import Connection

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron.collection import Collection, Shape, project_of
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.model.errors import bad_request, not_found
from alcor.model.schema import INTEGER, STRING, holding
from alcor.model.values import schema_of
from alcor.services.project import PROJECT_SUBNETS
from alcor.services.subnets.subnet import port_count
from alcor.store.store import Store

_host_routes_value = PROJECT_SUBNETS.resource.attributes["host_routes"].convert
_ROUTES = holding({"hostRoutes": schema_of(_host_routes_value) if _host_routes_value else {}})


def subnet_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Subnet Manager under the prefix of a project."""
    shape = Shape(f"{prefix}/subnets", one="subnet", several="subnets", answers_delete=True)
    collection = Collection(store, PROJECT_SUBNETS, page_limit, shape)

    async def update_routes(request: Request) -> Response:
        item = {"host_routes": _host_routes(request.json())}
        update = collection.checked_update(request, request.parameters["id"], item)
        await store.write_batch(PROJECT_SUBNETS.update, update)
        return json_response(200, {"id": update.id})

    async def count_ports(request: Request) -> Response:
        subnet_id, project_id = request.parameters["subnet_id"], project_of(request)

        def counted(connection: Connection) -> int | None:
            return port_count(connection, subnet_id, project_id)

        count = await store.read(counted)
        if count is None:
            raise not_found("subnet", subnet_id)
        return json_response(200, count)

    replaces = Operation("Replace the host routes", "subnets", holding({"id": STRING}), _ROUTES)
    counts = Operation("How many ports have an address of the subnet", "ports", INTEGER)
    return [
        *collection.routes(),
        collection.bulk_route(),
        Route("PUT", f"{shape.path}/{{id}}/update_routes", update_routes, replaces),
        Route("GET", f"{prefix}/subnet-port-count/{{subnet_id}}", count_ports, counts),
    ]


def _host_routes(body: Any) -> Any:
    """What is to replace the subnet's routes; null is none."""
    if not isinstance(body, dict) or "hostRoutes" not in body:
        raise bad_request("Unable to find 'hostRoutes' in request body")
    return [] if body["hostRoutes"] is None else body["hostRoutes"]
