"""The routers of a project's VPCs, and the route tables of these and of their subnets."""

from typing import Any

import msgspec
from sqlalchemy import Connection

from alcor.api.http import Request, Response, json_response
from alcor.api.neutron.collection import Collection, Shape
from alcor.api.routes import Route
from alcor.api.vpc.bodies import member
from alcor.model.errors import bad_request, not_found
from alcor.model.resources.vpc_router import ROUTE_TABLE
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
from alcor.services.rows import View
from alcor.store.store import Store

_ONE = "routetable"


def route_table_routes(store: Store, page_limit: int, prefix: str) -> list[Route]:
    """The routes of the Route Manager that are about these, under the prefix of a project."""
    shown_alone = msgspec.structs.replace(ROUTE_TABLES, operations=frozenset((SHOW,)))
    shape = Shape(f"{prefix}/{ROUTE_TABLE.collection}", ROUTE_TABLE.name, ROUTE_TABLE.collection)
    return [
        *Collection(store, shown_alone, page_limit, shape).routes(),
        *_of_vpcs(store, f"{prefix}/vpcs/{{vpc_id}}"),
        *_of_subnets(store, f"{prefix}/subnets/{{subnet_id}}/routetable"),
    ]


def _of_vpcs(store: Store, path: str) -> list[Route]:
    async def found(vpc: Vpc) -> View:
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

    return [
        Route("GET", f"{path}/router", show_router),
        Route("POST", f"{path}/router", create_router),
        Route("DELETE", f"{path}/router", remove_router),
        Route("GET", f"{path}/vpcroutetable", show),
        Route("POST", f"{path}/vpcroutetable", create),
        Route("PUT", f"{path}/vpcroutetable", update),
        Route("GET", f"{path}/routetables", list_all),
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

    return [
        Route("GET", path, show),
        Route("POST", path, create),
        Route("PUT", path, update),
        Route("DELETE", path, delete),
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
