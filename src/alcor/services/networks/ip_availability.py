"""Addresses of networks, and those in use: the addresses of a subnet are those of its allocation pools.

Details tell those apart that are in the subnet's range, and those that are in its pools.
"""

import ipaddress
from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from alcor.model import address_plan
from alcor.model.addresses import WIDTHS
from alcor.model.number_ranges import Range
from alcor.services.rows import View
from alcor.services.subnets.subnet import ROWS
from alcor.store import sql
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
_COUNTING = """
WITH pool (subnet_id, first_address, last_address) AS (VALUES {pools})
SELECT held.subnet_id, count(*) FROM pool
JOIN ip_allocation held ON held.subnet_id = pool.subnet_id
 AND held.ip_address BETWEEN pool.first_address AND pool.last_address
GROUP BY held.subnet_id
"""  # for the driver itself: SQLAlchemy takes longer to write as many values than the database to find them
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
        some = ranges[start : start + _POOLS_AT_ONCE]
        mark = sql.mark(connection.dialect.name)
        counting = _COUNTING.format(pools=", ".join([f"({mark}, {mark}, {mark})"] * len(some)))
        for subnet_id, count in connection.exec_driver_sql(counting, tuple(chain.from_iterable(some))):
            counts[subnet_id] = counts.get(subnet_id, 0) + count
    return counts


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
