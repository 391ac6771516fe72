"""The subnets that a router is in: which may lie beside each other, and which next hops it reaches."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.addresses import ip_text
from alcor.model.errors import AlcorError, bad_request, wrong_for
from alcor.services.routers.router_ports import GATEWAY, RouterPort
from alcor.store import bulk
from alcor.store.tables import subnet

_COLUMNS = [subnet.c.id, subnet.c.network_id, subnet.c.cidr, subnet.c.ip_version, subnet.c.gateway_ip]
_OF_NETWORKS = (
    select(*_COLUMNS).where(subnet.c.network_id.in_(bindparam("network_ids", expanding=True))).order_by(subnet.c.id)
)


def subnets_of_networks(connection: Connection, network_ids: Iterable[str]) -> list[Row[Any]]:
    """The subnets of networks."""
    return list(connection.execute(_OF_NETWORKS, {"network_ids": list(network_ids)}))


def check_no_overlap(
    connection: Connection, ports: Sequence[RouterPort], new: Sequence[Row[Any]], *, as_gateway: bool
) -> None:
    """Raises AlcorError (400) when a new subnet of the router overlaps with one that it is in.

    A gateway brings all subnets of its network; several gateways may lead to the same network.
    """
    outside = subnets_of_networks(connection, {each.network_id for each in ports if each.owner == GATEWAY})
    shared = {each.id for each in outside} if as_gateway else set()
    inside_ids = [subnet_id for each in ports if each.owner != GATEWAY for subnet_id, _ in each.fixed_ips]
    inside = bulk.select_by(connection, _COLUMNS, subnet.c.id, inside_ids) if inside_ids else []
    for old in (*outside, *inside):
        for each in new:
            if each.id not in shared and _overlap(old, each):
                raise wrong_for(
                    "router",
                    f"Cidr {each.cidr} of subnet {each.id} overlaps with cidr {old.cidr} of subnet {old.id}",
                )


def _overlap(one: Row[Any], other: Row[Any]) -> bool:
    return one.ip_version == other.ip_version and ipaddress.ip_network(one.cidr).overlaps(
        ipaddress.ip_network(other.cidr)
    )


def check_next_hops(connection: Connection, ports: Sequence[RouterPort], routes: Sequence[Mapping[str, str]]) -> None:
    """Raises AlcorError (400) for a route whose next hop is not in a subnet of the router, or is the router itself."""
    if not routes:
        return
    ids = {subnet_id for each in ports for subnet_id, _ in each.fixed_ips}
    found = bulk.select_by(connection, [subnet.c.cidr], subnet.c.id, sorted(ids)) if ids else []
    ranges = [ipaddress.ip_network(row.cidr) for row in found]
    own = {ip_text(address) for each in ports for _, address in each.fixed_ips}
    for route in routes:
        next_hop = ipaddress.ip_address(route["nexthop"])
        if not any(next_hop in each for each in ranges if each.version == next_hop.version):
            raise _invalid_routes(routes, "the nexthop is not connected with router")
        if str(next_hop) in own:
            raise _invalid_routes(routes, "the nexthop is used by router")


def _invalid_routes(routes: Sequence[Mapping[str, str]], reason: str) -> AlcorError:
    return bad_request(f"Invalid format for routes: {list(routes)}, {reason}", "InvalidRoutes")
