"""What Alcor's Route Manager tells its Port Manager when a router comes to connect a subnet, or does no more."""

from functools import partial
from typing import Any

from alcor.api.http import Request, Response, json_response
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.api.vpc.bodies import checked, required
from alcor.model.resources.router import ROUTER
from alcor.model.schema import taking
from alcor.model.values import Convert, list_of, mapping, one_of, takes, uuid
from alcor.services.routers.l3_neighbours import Change, concerned, tell_again
from alcor.store.store import Store

_MOST_GATEWAY_PORTS = 1000


@takes({"type": "string"})
def _operation(value: Any) -> Any:
    return one_of("add", "delete")(value.lower() if isinstance(value, str) else value)


_REQUIRED: dict[str, Convert] = {"vpc_id": uuid, "subnet_id": uuid, "operation_type": _operation}
_OTHERS: dict[str, Convert] = {
    "gateway_port_ids": list_of(uuid, _MOST_GATEWAY_PORTS),
    "internal_router_info": mapping(1_000_000),
}


def l3_neighbour_routes(store: Store, prefix: str) -> list[Route]:
    """The route under the prefix of a project."""

    async def update(request: Request) -> Response:
        body, project_id = request.json(), request.parameters["project_id"]
        said = required(body, _REQUIRED)
        said |= {name: checked(name, convert, body.get(name)) for name, convert in _OTHERS.items()}
        request.context.require([ROUTER.rule_name("update")], {"project_id": project_id})
        change = Change(project_id, said["vpc_id"], said["subnet_id"], said["gateway_port_ids"])
        subnet_ids = await store.read(lambda connection: concerned(connection, change))
        last: str | None = ""
        while last is not None:
            last = await store.write(partial(tell_again, subnet_ids=subnet_ids, after=last))
        return json_response(200, said)

    body = taking(_REQUIRED, _OTHERS)
    said = Operation("Have hosts told again what a router connects", "ports", body, body)
    return [Route("PUT", f"{prefix}/update-l3-neighbors", update, said)]
