"""Ways between subnets of a network that are on different segments: each knows the others by way of its gateway.

They are among the ``host_routes`` of the subnets, which a subnet's ports are told (Neutron's
segments-peer-subnet-host-routes).
"""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select

from alcor.model.resources.subnet import SUBNET
from alcor.services.rows import Rows
from alcor.store import bulk
from alcor.store.network_acl_records import subnet_records
from alcor.store.tables import subnet
from alcor.store.transaction import Transaction

Routes = list[dict[str, str]]

_ROWS = Rows(SUBNET, subnet)
_OF_NETWORK = select(subnet).where(subnet.c.network_id == bindparam("network_id")).order_by(subnet.c.id)


def complete(transaction: Transaction, view: Mapping[str, Any], old_gateway: str | None = None) -> Routes:
    """The routes of a subnet, whose network is locked, with those to others that no route covers.

    Those by way of ``old_gateway``, which the subnet had before, give way to them.
    """
    others = _peers(view, transaction.connection.execute(_OF_NETWORK, {"network_id": view["network_id"]}))
    ranges = [row.cidr for row in others]
    gone = [{"destination": each, "nexthop": old_gateway} for each in ranges if old_gateway != view["gateway_ip"]]
    return _with(view, ranges, [route for route in view["host_routes"] if route not in gone])


def tell_peers(transaction: Transaction, row: Any, *, is_gone: bool = False) -> None:
    """Have the other subnets of a network, which is locked, know one that came, or no longer one that went."""
    rows = transaction.connection.execute(_OF_NETWORK, {"network_id": row.network_id}).all()
    for other in _peers(_ROWS.view(row), rows):
        view = _ROWS.view(other)
        if is_gone:
            to_it = {"destination": row.cidr, "nexthop": other.gateway_ip}
            routes = [route for route in view["host_routes"] if route != to_it]
        else:
            routes = _with(view, [row.cidr], view["host_routes"])
        if routes != view["host_routes"]:
            kept = {"host_routes": routes, "first_address": other.first_address}
            changed = _ROWS.changed_row(other, kept, transaction.now)
            bulk.update_row(transaction.connection, subnet, changed)
            transaction.record(*subnet_records(transaction.connection, [changed.id]))


def _peers(view: Mapping[str, Any], rows: Iterable[Any]) -> list[Any]:
    """The subnets of one IP version that are on other segments."""
    return [row for row in rows if row.ip_version == view["ip_version"] and row.segment_id != view["segment_id"]]


def _with(view: Mapping[str, Any], ranges: Sequence[str], routes: Routes) -> Routes:
    """The routes, and one by way of the subnet's gateway to each of the ranges that lies in no route's."""
    if view["gateway_ip"] is None:
        return routes
    covered = [ipaddress.ip_network(route["destination"]) for route in routes]
    new = [each for each in ranges if not any(_lies_in(ipaddress.ip_network(each), other) for other in covered)]
    return [*routes, *({"destination": each, "nexthop": view["gateway_ip"]} for each in new)]


def _lies_in(one: Any, other: Any) -> bool:
    return bool(one.version == other.version and one.subnet_of(other))
