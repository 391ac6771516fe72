"""What the router of a subnet connects, as Alcor's Route Manager tells its Port Manager."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select

from alcor.model.context import Context
from alcor.model.errors import not_found
from alcor.services.routers.route_table import ROWS as TABLE_ROWS
from alcor.services.routers.router import ROUTERS
from alcor.services.routers.router_ports import INTERFACE, ports_of
from alcor.services.rows import ReadView, View
from alcor.services.subnets.subnet import SUBNETS
from alcor.store import bulk
from alcor.store.tables import ip_allocation, port, route_table
from alcor.store.tables.network import OF_NETWORKS

_ROUTERS = (
    select(port.c.device_id, port.c.created_at)
    .join(ip_allocation, ip_allocation.c.port_id == port.c.id)
    .where(
        port.c.network_id == bindparam("network_id"),
        port.c.device_owner == INTERFACE,
        OF_NETWORKS,
        ip_allocation.c.subnet_id == bindparam("subnet_id"),
    )
    .order_by(port.c.id)
)


class Asked(msgspec.Struct, frozen=True):
    """A subnet of a VPC of a project, and who asks about it."""

    project_id: str
    vpc_id: str
    subnet_id: str
    context: Context


def connected_subnets(connection: Connection, asked: Asked) -> View:
    """The router of the subnet, and the subnets that it connects: nothing when it has none.

    Where several routers are in the subnet, the one whose port is the first. Raises AlcorError (404) for a subnet
    that is not of the VPC and the project.
    """
    _check_there(connection, asked)
    wanted = {"network_id": asked.vpc_id, "subnet_id": asked.subnet_id}
    interfaces = sorted(connection.execute(_ROUTERS, wanted).all(), key=attrgetter("created_at"))
    router_ids = [each.device_id for each in interfaces]
    routers = ROUTERS.access.rows(connection, router_ids, asked.context)
    router = next((routers[router_id] for router_id in router_ids if router_id in routers), None)
    if router is None:
        return {"internal_router_info": None, "subnets": []}
    ports = ports_of(connection, [router.id], [INTERFACE])[router.id]
    subnet_ids = list(dict.fromkeys(subnet_id for each in ports for subnet_id, _ in each.fixed_ips))
    found = SUBNETS.access.rows(connection, subnet_ids, asked.context)
    rows = [found[subnet_id] for subnet_id in subnet_ids if subnet_id in found]
    subnets = SUBNETS.views(connection, rows, asked.context)
    routes = ROUTERS.views(connection, [router], asked.context)[0]["routes"]
    own = _routes_of_tables(connection, [row.id for row in rows])
    return {"internal_router_info": _router_info(router, routes, subnets, own), "subnets": subnets}


def _check_there(connection: Connection, asked: Asked) -> None:
    row = SUBNETS.access.rows(connection, [asked.subnet_id], asked.context).get(asked.subnet_id)
    if row is None or row.project_id != asked.project_id or row.network_id != asked.vpc_id:
        raise not_found("subnet", asked.subnet_id)
    SUBNETS.access.require(connection, row, asked.context, "get", {})


def _routes_of_tables(connection: Connection, subnet_ids: Sequence[str]) -> dict[str, list[View]]:
    """The routes to next hops in the route table of each of these subnets that has one."""
    rows = bulk.select_by(connection, list(route_table.c), route_table.c.owner, subnet_ids)
    return {row.owner: [each for each in TABLE_ROWS.view(row)["routes"] if each["nexthop"]] for row in rows}


def _router_info(
    router: Any, routes: Sequence[View], subnets: Sequence[ReadView], own: Mapping[str, Sequence[View]]
) -> View:
    tables = [
        {
            "subnet_id": subnet["id"],
            "routing_rules": [
                {"destination": each["destination"], "next_hop_ip": each["nexthop"], "operation_type": "CREATE"}
                for each in (*own.get(subnet["id"], ()), *subnet["host_routes"], *routes)
            ],
        }
        for subnet in subnets
    ]
    configuration = {
        "id": router.id,
        "revision_number": router.revision_number,
        "message_type": "FULL",
        "subnet_routing_tables": tables,
    }
    return {"operation_type": "INFO", "configuration": configuration}
