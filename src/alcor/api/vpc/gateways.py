"""A project's gateways, their attachments and route tables; and what is asked and reported of gateways by their VPC."""

from collections.abc import Callable
from typing import Any

import msgspec

from alcor.api.http import NO_CONTENT, Request, Response, json_response
from alcor.api.neutron.collection import Collection, Shape
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.api.vpc.bodies import checked, items, member, required
from alcor.model.errors import bad_request
from alcor.model.resources.gateway import STATUSES, TYPES, gateway_ips
from alcor.model.schema import STRING, holding, some, taking
from alcor.model.values import Convert, one_of, schema_of, text, uuid
from alcor.services.gateways.gateway import GATEWAYS
from alcor.services.gateways.gateway_attachment import ATTACHMENTS
from alcor.services.gateways.gateway_info import OfVpc, State, ask_for_gateway, give_up, report, take_in
from alcor.services.gateways.gateway_route_table import ROUTE_TABLES
from alcor.store.store import Store
from alcor.store.transaction import Transaction

_RULE = "context_is_admin"
_VPC_INFO: dict[str, Convert] = {"vpc_id": uuid, "vni": text(16), "owner": text(255)}
_STATE: dict[str, Convert] = {"type": one_of(*TYPES), "status": one_of(*STATUSES)}

_GROUP = "gateways"
_STATES = holding(
    {
        "gatewayinfo": holding(
            {"resource_id": schema_of(uuid), "gateways": some(taking(_STATE, {"ips": gateway_ips}))},
        )
    }
)
_ASKED = holding({"vpcinfo": taking(_VPC_INFO)})
_ASK = Operation(
    "Ask for a gateway for a VPC, or say which it has",
    _GROUP,
    holding({"id": STRING}),
    {"anyOf": [_ASKED, _STATES]},
    status=201,
)
_REPORT = Operation("Report how the gateways of a VPC do", _GROUP, None, _STATES, status=204)
_GIVE_UP = Operation("Give up the gateways of a VPC", _GROUP, None, status=204)


def gateway_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Gateway Manager under the prefix of a project."""
    routes: list[Route] = []
    for manager in (GATEWAYS, ATTACHMENTS, ROUTE_TABLES):
        resource = manager.resource
        above = "" if manager.parent is None else "/gateways/{parent_id}"
        path = f"{prefix}{above}/{resource.collection}"
        shape = Shape(path, resource.name, resource.collection, answers_delete=True)
        routes += Collection(store, manager, page_limit, shape).routes()
    return [*routes, *map(_in_the_singular, _of_one_route_table(routes)), *_info_routes(store, prefix)]


def _of_one_route_table(routes: list[Route]) -> list[Route]:
    return [route for route in routes if "/routetables/{" in route.template and route.method != "GET"]


def _in_the_singular(route: Route) -> Route:
    """What the Java Gateway Manager has under ``routetable/{id}``."""
    return msgspec.structs.replace(route, template=route.template.replace("/routetables/", "/routetable/"))


def _info_routes(store: Store, prefix: str) -> list[Route]:
    path = f"{prefix}/gatewayinfo"

    async def create(request: Request) -> Response:
        body = request.json()
        vpc_id, operation = _asked(request, body) if _is_asked(body) else _taken_in(request, body)
        await store.write(operation)
        return json_response(201, {"id": vpc_id})

    async def update(request: Request) -> Response:
        wanted, states = _reported(request, request.json())
        if wanted.vpc_id != request.parameters["resource_id"]:
            raise bad_request("Invalid input for resource_id. Reason: it is not that of the path.")
        await store.write(lambda transaction: report(transaction, wanted, states))
        return NO_CONTENT

    async def delete(request: Request) -> Response:
        wanted = _of_vpc(request, request.parameters["resource_id"])
        await store.write(lambda transaction: give_up(transaction, wanted))
        return NO_CONTENT

    return [
        Route("POST", path, create, _ASK, rule=_RULE),
        Route("PUT", f"{path}/{{resource_id}}", update, _REPORT, rule=_RULE),
        Route("DELETE", f"{path}/{{resource_id}}", delete, _GIVE_UP, rule=_RULE),
    ]


Asked = tuple[str, Callable[[Transaction], None]]


def _is_asked(body: Any) -> bool:
    """Whether a gateway is asked for, as the VPC Manager does; else it is one that is there, as the DPM is told."""
    return isinstance(body, dict) and "vpcinfo" in body


def _asked(request: Request, body: Any) -> Asked:
    info = required(member(body, "vpcinfo"), _VPC_INFO)
    wanted = _of_vpc(request, info["vpc_id"])
    return wanted.vpc_id, lambda transaction: ask_for_gateway(transaction, wanted, info["vni"], info["owner"])


def _taken_in(request: Request, body: Any) -> Asked:
    wanted, states = _reported(request, body)
    return wanted.vpc_id, lambda transaction: take_in(transaction, wanted, states)


def _reported(request: Request, body: Any) -> tuple[OfVpc, list[State]]:
    info = member(body, "gatewayinfo")
    if info.get("routetables"):
        raise bad_request("Invalid input for routetables. Reason: route tables are made below their gateway.")
    vpc_id = required(info, {"resource_id": uuid})["resource_id"]
    return _of_vpc(request, vpc_id), [_state(item) for item in items(info, "gateways")]


def _state(item: dict[str, Any]) -> State:
    said = required(item, _STATE)
    ips = {"ips": checked("ips", gateway_ips, item["ips"])} if item.get("ips") is not None else {}
    return State(said["type"], {"status": said["status"]} | ips)


def _of_vpc(request: Request, vpc_id: str) -> OfVpc:
    return OfVpc(request.parameters["project_id"], vpc_id, request.context)
