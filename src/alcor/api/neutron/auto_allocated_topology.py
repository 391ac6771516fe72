"""``/v2.0/auto-allocated-topology``: a project's network that works at once, made when it is first asked for."""

from alcor.api.http import NO_CONTENT, Request, Response, json_response
from alcor.api.neutron import query
from alcor.api.openapi.schemas import view_schema
from alcor.api.operation import Operation, Parameter
from alcor.api.project import named_project
from alcor.api.routes import Route
from alcor.model.errors import wrong_for
from alcor.model.resources.auto_allocated_topology import AUTO_ALLOCATED_TOPOLOGY
from alcor.services import auto_allocated_topology as topologies
from alcor.store.store import Store

_PATH = "/v2.0/auto-allocated-topology/{id}"
_ONE = AUTO_ALLOCATED_TOPOLOGY.name
_DRY_RUN = "dry-run"
_CALLERS = "None"  # what clients say for the project of the caller


def auto_allocated_topology_routes(store: Store) -> list[Route]:
    """The routes, by the project."""

    async def show(request: Request) -> Response:
        project_id, context = _project(request), request.context
        context.require([f"get_{_ONE}"], {"project_id": project_id})
        wanted = query.fields(request.query())
        if wanted - {_DRY_RUN}:
            raise wrong_for("auto_allocate", "Unrecognized field")
        if wanted:
            await store.read(lambda connection: topologies.check(connection, context))
            return _answer("dry-run=pass", project_id)
        network_id = await store.read(lambda connection: topologies.network_of(connection, project_id))
        if network_id is None:
            network_id = await store.write(lambda transaction: topologies.ensure(transaction, project_id, context))
        return _answer(network_id, project_id)

    async def delete(request: Request) -> Response:
        project_id = _project(request)
        request.context.require([f"delete_{_ONE}"], {"project_id": project_id})
        await store.write(lambda transaction: topologies.remove(transaction, project_id))
        return NO_CONTENT

    answer = {"type": "object", "properties": {_ONE: view_schema(AUTO_ALLOCATED_TOPOLOGY)}, "required": [_ONE]}
    fields = Parameter("fields", {"enum": [_DRY_RUN]}, "dry-run only says whether it could be made.")
    shown = Operation(
        "The project's network, made when it has none", "auto allocated topologies", answer, query=(fields,)
    )
    deleted = Operation("Delete the network with its router", "auto allocated topologies", None, status=204)
    return [Route("GET", _PATH, show, operation=shown), Route("DELETE", _PATH, delete, operation=deleted)]


def _project(request: Request) -> str:
    named = request.parameters["id"]
    return request.context.project_id if named == _CALLERS else named_project(named)


def _answer(network_id: str, project_id: str) -> Response:
    return json_response(200, {_ONE: {"id": network_id, "project_id": project_id, "tenant_id": project_id}})
