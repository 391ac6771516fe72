"""The routing of a VPC: the router that it has of its own, its route table, and those of its subnets."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.context import Context
from alcor.model.errors import conflict, not_found
from alcor.model.resources.vpc_router import LOCAL, ROUTE_TABLE, VPC_ROUTER, VPC_TABLE
from alcor.services.access import Access, owned
from alcor.services.manager import Create, Delete, Update, Values
from alcor.services.networks.vpc import ROWS as VPC_ROWS
from alcor.services.networks.vpc import locked_network
from alcor.services.plain import Plain, plain_manager
from alcor.services.routers import route_table as route_tables
from alcor.services.routers import vpc_router_parts
from alcor.services.routers.route_table import ROUTE_TABLES, table_of
from alcor.services.rows import ReadView, View
from alcor.store import bulk
from alcor.store.tables import network, route_table, subnet, vpc_router
from alcor.store.transaction import Transaction

ACCESS = Access(VPC_ROUTER, vpc_router, owned(vpc_router))

_TABLES = (
    select(route_table)
    .where(route_table.c.vpc_id.in_(bindparam("vpc_ids", expanding=True)))
    .order_by(route_table.c.vpc_id, route_table.c.id)
)
_OF_SUBNET = select(route_table).where(
    route_table.c.vpc_id == bindparam("vpc_id"), route_table.c.owner != bindparam("vpc_id")
)


class Vpc(msgspec.Struct, frozen=True):
    """The VPC of a project, and who asks."""

    project_id: str
    id: str
    context: Context


class Owner(msgspec.Struct, frozen=True):
    """The owner of a route table: a VPC of a project, or a subnet of one."""

    vpc: Vpc
    id: str


def vpc_of(connection: Connection, vpc: Vpc) -> Owner:
    """The VPC as the owner of a route table. Raises AlcorError (404) when the project has no such VPC."""
    rows = bulk.select_by(connection, [network.c.project_id], network.c.id, [vpc.id])
    if not rows or rows[0].project_id != vpc.project_id:
        raise not_found("network", vpc.id)
    return Owner(vpc, vpc.id)


def subnet_of(connection: Connection, project_id: str, subnet_id: str, context: Context) -> Owner:
    """A subnet as the owner of a route table. Raises AlcorError (404) when the project has no such subnet."""
    rows = bulk.select_by(connection, [subnet.c.project_id, subnet.c.network_id], subnet.c.id, [subnet_id])
    if not rows or rows[0].project_id != project_id:
        raise not_found("subnet", subnet_id)
    return Owner(Vpc(project_id, rows[0].network_id, context), subnet_id)


def _computed(connection: Connection, rows: Sequence[Any], context: Context) -> Sequence[View]:
    by_vpc: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(_TABLES, {"vpc_ids": [row.vpc_id for row in rows]}):
        by_vpc.setdefault(row.vpc_id, []).append(row)
    return [
        {
            "routetables": ROUTE_TABLES.views(connection, by_vpc.get(row.vpc_id, []), context),
            "vpc_default_route_table_id": next(
                (each.id for each in by_vpc.get(row.vpc_id, []) if each.owner == row.vpc_id), None
            ),
        }
        for row in rows
    ]


_ROUTERS = plain_manager(Plain(access=ACCESS, computed=_computed))


def _router_row(connection: Connection, vpc_id: str) -> Any | None:
    return next(iter(bulk.select_by(connection, list(vpc_router.c), vpc_router.c.vpc_id, [vpc_id])), None)


def router_of(connection: Connection, vpc: Vpc) -> ReadView | None:
    """The VPC's router; None when it has none yet. Raises AlcorError (403, 404)."""
    vpc_of(connection, vpc)
    row = _router_row(connection, vpc.id)
    if row is None:
        return None
    ACCESS.require(connection, row, vpc.context, "get", {})
    return _ROUTERS.views(connection, [row], vpc.context)[0]


def may_make_router(vpc: Vpc) -> bool:
    """Whether the caller may have the VPC's router made."""
    return vpc.context.may(VPC_ROUTER.rule_name("create"), {"project_id": vpc.project_id})


def ensure_router(transaction: Transaction, vpc: Vpc) -> ReadView:
    """The VPC's router, with the VPC's route table: made, unless it is there. Raises AlcorError (403, 404)."""
    locked_network(transaction, vpc_of(transaction.connection, vpc).id)
    return router_of(transaction.connection, vpc) or make_router(transaction, vpc)


def make_router(transaction: Transaction, vpc: Vpc) -> View:
    """Make the VPC's router, with a route table that leads what is for the VPC's range to the VPC itself.

    Raises AlcorError: 403, 404, and 409 when the VPC has a router.
    """
    connection = transaction.connection
    vpc_of(connection, vpc)
    row = locked_network(transaction, vpc.id)
    vpc.context.require([VPC_ROUTER.rule_name("create")], {"project_id": vpc.project_id})
    existing = _router_row(connection, vpc.id)
    if existing is not None:
        raise conflict("VpcRouterAlreadyExist", f"VPC {vpc.id} has a router: {existing.id}.")
    common = {"project_id": vpc.project_id, "description": ""}
    cidr = VPC_ROWS.view(row)["cidr"]
    routes = [{"name": "default_vpc_routeEntry", "destination": cidr, "target": LOCAL}] if cidr else []
    table = common | {"name": "default_vpc_routeTable", "route_table_type": VPC_TABLE, "routes": routes}
    _one(ROUTE_TABLES.create(transaction, [Create([table | {"owner": vpc.id, "vpc_id": vpc.id}], vpc.context)]))
    router = common | {"name": "default_vpc_router", "owner": vpc.id}
    return _one(_ROUTERS.create(transaction, [Create([router], vpc.context)]))


def _one(results: Sequence[list[View] | Exception]) -> View:
    (made,) = results
    if isinstance(made, Exception):
        raise made
    return made[0]


def delete_router(transaction: Transaction, vpc: Vpc) -> str:
    """Delete the VPC's router with the VPC's route table. Returns its id.

    Raises AlcorError: 403, 404, and 409 while subnets have route tables.
    """
    connection = transaction.connection
    vpc_of(connection, vpc)
    locked_network(transaction, vpc.id)
    row = _router_row(connection, vpc.id)
    if row is None:
        raise not_found("vpc_router", vpc.id)
    held_by = connection.execute(_OF_SUBNET, {"vpc_id": vpc.id}).first()
    if held_by is not None:
        ACCESS.require(connection, row, vpc.context, "delete", {})
        raise conflict(
            "VpcRouterInUse",
            f"Router {row.id} is in use: subnet {held_by.owner} has route table {held_by.id}.",
        )
    _ROUTERS.delete(transaction, [Delete(row.id, project_id=vpc.project_id, context=vpc.context)])
    vpc_router_parts.forget_tables(transaction, [vpc.id])
    router_id: str = row.id
    return router_id


def show_table(connection: Connection, owner: Owner) -> ReadView:
    """The route table of a VPC or subnet. Raises AlcorError (403, 404)."""
    row = _table_row(connection, owner)
    route_tables.ACCESS.require(connection, row, owner.vpc.context, "get", {})
    return ROUTE_TABLES.views(connection, [row], owner.vpc.context)[0]


def _table_row(connection: Connection, owner: Owner) -> Any:
    row = table_of(connection, owner.id)
    if row is None:
        raise not_found("route_table", owner.id)
    return row


def make_table(transaction: Transaction, owner: Owner, values: Values) -> View:
    """Make the route table of a subnet; its VPC has a router from then on. Raises AlcorError (400, 403, 404, 409)."""
    vpc = owner.vpc
    locked_network(transaction, vpc.id)
    owner = subnet_of(transaction.connection, vpc.project_id, owner.id, vpc.context)
    vpc.context.require([ROUTE_TABLE.rule_name("create")], {"project_id": vpc.project_id})
    ensure_router(transaction, vpc)
    whose = {"owner": owner.id, "vpc_id": vpc.id, "project_id": vpc.project_id}
    return _one(ROUTE_TABLES.create(transaction, [Create([values | whose], vpc.context)]))


def change_table(transaction: Transaction, owner: Owner, update: Update) -> View:
    """Change the route table of a VPC or subnet. Raises AlcorError (400, 403, 404)."""
    locked_network(transaction, owner.vpc.id)
    row = _table_row(transaction.connection, owner)
    (view,) = ROUTE_TABLES.update(transaction, [msgspec.structs.replace(update, id=row.id)])
    if isinstance(view, Exception):
        raise view
    return view


def delete_table(transaction: Transaction, owner: Owner) -> str:
    """Delete the route table of a subnet. Returns its id. Raises AlcorError (403, 404)."""
    vpc = owner.vpc
    locked_network(transaction, vpc.id)
    row = _table_row(transaction.connection, owner)
    ROUTE_TABLES.delete(transaction, [Delete(row.id, project_id=vpc.project_id, context=vpc.context)])
    table_id: str = row.id
    return table_id
