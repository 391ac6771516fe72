"""The routers of a project's VPCs, and the route tables of these and of their subnets."""

from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron.collection import Collection, Shape
from alcor.api.openapi.schemas import create_schema, update_schema, view_schema
from alcor.api.operation import Operation
from alcor.api.routes import Route
from alcor.api.vpc.bodies import member
from alcor.model.errors import bad_request, not_found
from alcor.model.resources.vpc_router import ROUTE_TABLE, VPC_ROUTER
from alcor.model.schema import STRING, all_of, holding
from alcor.model.values import Schema
from alcor.services.manager import SHOW, Values
from alcor.services.routers.route_table import ROUTE_TABLES
from alcor.services.routers.vpc_router import (
    Owner,
    Vpc,
    change_table,
    delete_router,
    delete_table,
    ensure_router,
    make_router,
    make_table,
    may_make_router,
    router_of,
    show_table,
    subnet_of,
    vpc_of,
)
from alcor.services.rows import ReadView
from alcor.store.store import Store

_ONE = "routetable"
_ID = holding({"id": STRING})
_TABLE = holding({_ONE: view_schema(ROUTE_TABLE)})
_CREATE = holding({_ONE: create_schema(ROUTE_TABLE)})
_CHANGE = holding({_ONE: update_schema(ROUTE_TABLE)})


def route_table_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Route Manager that are about these, under the prefix of a project."""
    shown_alone = msgspec.structs.replace(ROUTE_TABLES, operations=frozenset((SHOW,)))
    shape = Shape(f"{prefix}/{ROUTE_TABLE.collection}", ROUTE_TABLE.name, ROUTE_TABLE.collection)
    return [
        *Collection(store, shown_alone, page_limit, shape).routes(),
        *_of_vpcs(store, f"{prefix}/vpcs/{{vpc_id}}"),
        *_of_subnets(store, f"{prefix}/subnets/{{subnet_id}}/routetable"),
    ]


def _says(summary: str, answer: Schema, body: Schema | None = None, status: int = 200, *, group: str) -> Operation:
    return Operation(summary, group, answer, body, status)


def _of_vpcs(store: Store, path: str) -> list[Route]:
    async def found(vpc: Vpc) -> ReadView:
        """The VPC's router, which is made when the VPC has none and the caller may have it made."""
        router = await store.read(lambda connection: router_of(connection, vpc))
        if router is not None:
            return router
        if not may_make_router(vpc):
            raise not_found("vpc_router", vpc.id)
        return await store.write(lambda transaction: ensure_router(transaction, vpc))

    async def show_router(request: Request) -> Response:
        return json_response(200, {"router": await found(_vpc(request))})

    async def create_router(request: Request) -> Response:
        vpc = _vpc(request)
        return json_response(201, {"router": await store.write(lambda transaction: make_router(transaction, vpc))})

    async def remove_router(request: Request) -> Response:
        vpc = _vpc(request)
        return json_response(200, {"id": await store.write(lambda transaction: delete_router(transaction, vpc))})

    async def show(request: Request) -> Response:
        vpc = _vpc(request)
        await found(vpc)
        return json_response(
            200, {_ONE: await store.read(lambda connection: show_table(connection, Owner(vpc, vpc.id)))}
        )

    async def create(request: Request) -> Response:
        """It is made with the router, and is the only one of the VPC."""
        vpc = _vpc(request)
        router = await store.write(lambda transaction: make_router(transaction, vpc))
        return json_response(201, {_ONE: router["routetables"][0]})

    async def update(request: Request) -> Response:
        vpc = _vpc(request)
        await found(vpc)
        owner = await store.read(lambda connection: vpc_of(connection, vpc))
        return await _changed(store, request, owner)

    async def list_all(request: Request) -> Response:
        return json_response(200, {ROUTE_TABLE.collection: (await found(_vpc(request)))["routetables"]})

    router = holding({"router": view_schema(VPC_ROUTER)})
    tables = holding({ROUTE_TABLE.collection: all_of(view_schema(ROUTE_TABLE))})
    says = partial(_says, group="routers")
    return [
        Route("GET", f"{path}/router", show_router, says("The VPC's router, made when it has none", router)),
        Route("POST", f"{path}/router", create_router, says("Make the VPC's router", router, status=201)),
        Route("DELETE", f"{path}/router", remove_router, says("Delete the VPC's router", _ID)),
        Route("GET", f"{path}/vpcroutetable", show, says("The VPC's route table", _TABLE)),
        Route(
            "POST", f"{path}/vpcroutetable", create, says("Make the VPC's router and route table", _TABLE, status=201)
        ),
        Route("PUT", f"{path}/vpcroutetable", update, says("Change the VPC's route table", _TABLE, _CHANGE)),
        Route("GET", f"{path}/routetables", list_all, says("The VPC's route tables, and its subnets'", tables)),
    ]


def _of_subnets(store: Store, path: str) -> list[Route]:
    async def owner_of(request: Request) -> Owner:
        named, context = request.parameters, request.context

        def read(connection: Connection) -> Owner:
            return subnet_of(connection, named["project_id"], named["subnet_id"], context)

        return await store.read(read)

    async def show(request: Request) -> Response:
        owner = await owner_of(request)
        return json_response(200, {_ONE: await store.read(lambda connection: show_table(connection, owner))})

    async def create(request: Request) -> Response:
        owner = await owner_of(request)
        values = ROUTE_TABLE.check_create(member(request.json(), _ONE))
        _check_owner(owner, values)
        return json_response(201, {_ONE: await store.write(lambda transaction: make_table(transaction, owner, values))})

    async def update(request: Request) -> Response:
        return await _changed(store, request, await owner_of(request))

    async def delete(request: Request) -> Response:
        owner = await owner_of(request)
        return json_response(200, {"id": await store.write(lambda transaction: delete_table(transaction, owner))})

    says = partial(_says, group="routetables")
    return [
        Route("GET", path, show, says("The subnet's route table", _TABLE)),
        Route("POST", path, create, says("Make the subnet's route table", _TABLE, _CREATE, 201)),
        Route("PUT", path, update, says("Change the subnet's route table", _TABLE, _CHANGE)),
        Route("DELETE", path, delete, says("Delete the subnet's route table", _ID)),
    ]


async def _changed(store: Store, request: Request, owner: Owner) -> Response:
    """Change the owner's route table as the body says."""
    tables = Collection(store, ROUTE_TABLES, 1, Shape("", _ONE, ROUTE_TABLE.collection))
    asked = tables.checked_update(request, owner.id, member(request.json(), _ONE))
    return json_response(200, {_ONE: await store.write(lambda transaction: change_table(transaction, owner, asked))})


def _check_owner(owner: Owner, values: Values) -> None:
    """Raises AlcorError (400) when a new table is said to be another's than the path says."""
    whose: dict[str, Any] = {"owner": owner.id, "vpc_id": owner.vpc.id, "project_id": owner.vpc.project_id}
    for name, value in whose.items():
        if values.get(name, value) != value:
            raise bad_request(f"Invalid input for {name}. Reason: it is not that of the path, '{value}'.")


def _vpc(request: Request) -> Vpc:
    return Vpc(request.parameters["project_id"], request.parameters["vpc_id"], request.context)
