"""Addresses of networks, and those in use: the addresses of a subnet are those of its allocation pools.

Details tell those apart that are in the subnet's range, and those that are in its pools.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, String, bindparam, column, func, select, values

from alcor.model import address_plan
from alcor.model.number_ranges import Range
from alcor.services.rows import View
from alcor.services.subnets.subnet import ROWS, WIDTHS
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


_POOLS_AT_ONCE = 10_000
_DETAILS = (
    "total_ips_in_subnet",
    "total_ips_in_allocation_pool",
    "used_ips_in_subnet",
    "used_ips_in_allocation_pool",
)


def availabilities(connection: Connection, networks: Sequence[Row[Any]], ip_versions: Sequence[int] = ()) -> list[View]:
    """Of each of these networks; with versions, only of those that have subnets of one, and of these subnets."""
    subnets: dict[str, list[Any]] = {row.id: [] for row in networks}
    found = connection.execute(_SUBNETS, {"network_ids": list(subnets)}).all() if subnets else []
    shown = [row for row in found if not ip_versions or row.ip_version in ip_versions]
    pools = {row.id: address_plan.pool_ranges(ROWS.view(row)["allocation_pools"]) for row in shown}
    used = {row[0]: row[1] for row in connection.execute(_USED, {"subnet_ids": list(pools)})} if shown else {}
    in_pools = _used_in_pools(connection, [row for row in shown if row.id in used], pools)
    for row in shown:
        subnets[row.network_id].append(_of_subnet(row, pools[row.id], used.get(row.id, 0), in_pools.get(row.id, 0)))
    return [
        _availability(network, subnets[network.id]) for network in networks if subnets[network.id] or not ip_versions
    ]


def _used_in_pools(connection: Connection, subnets: Sequence[Any], pools: dict[str, list[Range]]) -> dict[str, int]:
    """How many addresses of the pools of each subnet ports have."""
    ranges = [
        (row.id, *(number.to_bytes(WIDTHS[row.ip_version]) for number in pool))
        for row in subnets
        for pool in pools[row.id]
    ]
    counts: dict[str, int] = {}
    for start in range(0, len(ranges), _POOLS_AT_ONCE):
        for subnet_id, count in connection.execute(_counting(ranges[start : start + _POOLS_AT_ONCE])):
            counts[subnet_id] = counts.get(subnet_id, 0) + count
    return counts


def _counting(ranges: Sequence[tuple[Any, ...]]) -> Any:
    pool = values(column("subnet_id", String), column("first", LargeBinary), column("last", LargeBinary), name="pool")
    each = pool.data(list(ranges)).cte("pool")
    held = ip_allocation.c
    within = (held.subnet_id == each.c.subnet_id) & held.ip_address.between(each.c.first, each.c.last)
    return select(held.subnet_id, func.count()).join_from(each, ip_allocation, within).group_by(held.subnet_id)


def _availability(network: Row[Any], subnets: list[View]) -> View:
    details = [each["ip_availability_details"] for each in subnets]
    return {
        "network_id": network.id,
        "network_name": network.name,
        "project_id": network.project_id,
        "tenant_id": network.project_id,
        "total_ips": sum(each["total_ips"] for each in subnets),
        "used_ips": sum(each["used_ips"] for each in subnets),
        "subnet_ip_availability": subnets,
        "ip_availability_details": {name: sum(each[name] for each in details) for name in _DETAILS},
    }


def _of_subnet(row: Row[Any], pools: Sequence[Range], used: int, used_in_pools: int) -> View:
    in_pools = sum(last - first + 1 for first, last in pools)
    return {
        "subnet_id": row.id,
        "subnet_name": row.name,
        "cidr": row.cidr,
        "ip_version": row.ip_version,
        "total_ips": in_pools,
        "used_ips": used,
        "ip_availability_details": dict(zip(_DETAILS, (_size(row.cidr), in_pools, used, used_in_pools), strict=True)),
    }


def _size(cidr: str) -> int:
    """How many addresses a range has; of IPv4, those that an interface may have."""
    network = ipaddress.ip_network(cidr)
    first, last = address_plan.usable(network)
    return last - first + 1 if network.version == 4 else network.num_addresses
