"""Addresses of networks, and those in use: the addresses of a subnet are those of its allocation pools."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from alcor.model import address_plan
from alcor.services.rows import View
from alcor.services.subnets.subnet import ROWS
from alcor.store.tables import ip_allocation, subnet

_SUBNETS = (
    select(subnet)
    .where(subnet.c.network_id.in_(bindparam("network_ids", expanding=True)))
    .order_by(subnet.c.network_id, subnet.c.id)
)
_USED = (
    select(ip_allocation.c.subnet_id, func.count())
    .where(ip_allocation.c.subnet_id.in_(bindparam("subnet_ids", expanding=True)))
    .group_by(ip_allocation.c.subnet_id)
)


def availabilities(connection: Connection, networks: Sequence[Row[Any]], ip_versions: Sequence[int] = ()) -> list[View]:
    """Of each of these networks; with versions, only of those that have subnets of one, and of these subnets."""
    subnets: dict[str, list[Any]] = {row.id: [] for row in networks}
    found = connection.execute(_SUBNETS, {"network_ids": list(subnets)}).all() if subnets else []
    for row in found:
        if not ip_versions or row.ip_version in ip_versions:
            subnets[row.network_id].append(row)
    shown = [row.id for its in subnets.values() for row in its]
    used = {row[0]: row[1] for row in connection.execute(_USED, {"subnet_ids": shown})} if shown else {}
    return [
        _availability(network, [_of_subnet(row, used.get(row.id, 0)) for row in subnets[network.id]])
        for network in networks
        if subnets[network.id] or not ip_versions
    ]


def _availability(network: Row[Any], subnets: list[View]) -> View:
    return {
        "network_id": network.id,
        "network_name": network.name,
        "project_id": network.project_id,
        "tenant_id": network.project_id,
        "total_ips": sum(each["total_ips"] for each in subnets),
        "used_ips": sum(each["used_ips"] for each in subnets),
        "subnet_ip_availability": subnets,
    }


def _of_subnet(row: Row[Any], used: int) -> View:
    pools = address_plan.pool_ranges(ROWS.view(row)["allocation_pools"])
    return {
        "subnet_id": row.id,
        "subnet_name": row.name,
        "cidr": row.cidr,
        "ip_version": row.ip_version,
        "total_ips": sum(last - first + 1 for first, last in pools),
        "used_ips": used,
    }
