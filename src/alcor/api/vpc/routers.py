"""A project's routers between subnets, which are Neutron's, and what they connect."""

from typing import Any

import msgspec

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron.collection import Collection, Shape
from alcor.api.openapi.schemas import view_schema
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.model.resources.alcor import PROJECT_ROUTER
from alcor.model.resources.subnet import SUBNET
from alcor.model.schema import all_of, holding
from alcor.services.manager import Act, Action
from alcor.services.routers.connected_subnets import Asked, connected_subnets
from alcor.services.routers.router import ROUTERS
from alcor.store.store import Store
from alcor.store.transaction import Transaction

_ROUTES_OF_JAVA = "newRoutesWebRequest"


def router_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Route Manager that are about such routers, under the prefix of a project."""
    routers = msgspec.structs.replace(
        ROUTERS,
        access=msgspec.structs.replace(ROUTERS.access, resource=PROJECT_ROUTER),
        actions=tuple(_taking_routes_of_java(action) for action in ROUTERS.actions),
    )
    shape = Shape(f"{prefix}/routers", one="router", several="routers", answers_delete=True)

    async def show_connected(request: Request) -> Response:
        named = request.parameters
        asked = Asked(named["project_id"], named["vpc_id"], named["subnet_id"], request.context)
        return json_response(200, await store.read(lambda connection: connected_subnets(connection, asked)))

    answer = {"internal_router_info": {"type": ["object", "null"]}, "subnets": all_of(view_schema(SUBNET))}
    connected = Operation("The subnets that the subnet's router connects", "subnets", holding(answer))
    path = f"{prefix}/vpcs/{{vpc_id}}/subnets/{{subnet_id}}/connected-subnets"
    return [*Collection(store, routers, page_limit, shape).routes(), Route("GET", path, show_connected, connected)]


def _taking_routes_of_java(action: Action) -> Action:
    """The action, which also takes routes in the wrapping that the Java Route Manager has for them."""

    def operation(transaction: Transaction, act: Act) -> Any:
        if isinstance(act.body, dict) and _ROUTES_OF_JAVA in act.body:
            act = msgspec.structs.replace(act, body={"router": act.body[_ROUTES_OF_JAVA]})
        return action.operation(transaction, act)

    if action.body is None or not action.name.endswith("_extraroutes"):
        return action
    wrapped = holding({_ROUTES_OF_JAVA: action.body["properties"]["router"]})
    return msgspec.structs.replace(action, operation=operation, body={"anyOf": [action.body, wrapped]})
