"""Sending hosts anew what they have of subnets, when a router came to connect these or does no more.

Hosts know the neighbours of a whole VPC, whatever routers connect its subnets. So nothing is worked out here: a record
of a port has its host told of the port, and report on it, again.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, bindparam, select

from alcor.model.errors import bad_request, not_found
from alcor.services.ports.port_rows import lock_ports, tell_hosts
from alcor.services.ports.port_views import fixed_ips_of
from alcor.store import bulk
from alcor.store.security_records import groups_of_ports
from alcor.store.tables import ip_allocation, network, port, subnet
from alcor.store.transaction import Transaction

AT_ONCE = 1000
"""Ports of one transaction: others need not wait for a large subnet."""

_BOUND = (
    select(ip_allocation.c.port_id)
    .join(port, port.c.id == ip_allocation.c.port_id)
    .where(
        ip_allocation.c.subnet_id.in_(bindparam("subnet_ids", expanding=True)),
        ip_allocation.c.port_id > bindparam("after"),
        port.c.host_id != "",
    )
    .distinct()
    .order_by(ip_allocation.c.port_id)
    .limit(AT_ONCE)
)


class Change(msgspec.Struct, frozen=True):
    """A subnet that a router of the project came to connect, or no more, and the router's ports in the others."""

    project_id: str
    vpc_id: str
    subnet_id: str
    gateway_port_ids: Sequence[str]


def concerned(connection: Connection, change: Change) -> list[str]:
    """The subnets whose ports have other neighbours. Raises AlcorError: 404 for what the project does not have, 400."""
    vpcs = bulk.select_by(connection, [network.c.project_id], network.c.id, [change.vpc_id])
    if not vpcs or vpcs[0].project_id != change.project_id:
        raise not_found("network", change.vpc_id)
    columns = [subnet.c.project_id, subnet.c.network_id]
    subnets = bulk.select_by(connection, columns, subnet.c.id, [change.subnet_id])
    if not subnets or subnets[0].project_id != change.project_id:
        raise not_found("subnet", change.subnet_id)
    if subnets[0].network_id != change.vpc_id:
        raise bad_request(f"Invalid input for subnet_id. Reason: it is not of VPC {change.vpc_id}.")
    ports = bulk.select_by(connection, [port.c.id, port.c.project_id], port.c.id, change.gateway_port_ids)
    own = {row.id for row in ports if row.project_id == change.project_id}
    for port_id in change.gateway_port_ids:
        if port_id not in own:
            raise not_found("port", port_id)
    others = fixed_ips_of(connection, change.gateway_port_ids) if change.gateway_port_ids else {}
    return sorted({change.subnet_id, *(subnet_id for its in others.values() for subnet_id, _ in its)})


def tell_again(transaction: Transaction, subnet_ids: Sequence[str], after: str) -> str | None:
    """Leave records of the next bound ports of subnets. Returns the id of the last; None when there are no more."""
    wanted = {"subnet_ids": subnet_ids, "after": after}
    port_ids: Sequence[str] = transaction.connection.execute(_BOUND, wanted).scalars().all()
    if not port_ids:
        return None
    rows, _ = lock_ports(transaction, port_ids)
    fixed_ips = fixed_ips_of(transaction.connection, port_ids)
    groups = groups_of_ports(transaction.connection, port_ids)
    for port_id in port_ids:
        row = rows[port_id]
        tell_hosts(transaction, row.host_id, row, fixed_ips[port_id], groups.get(port_id, ()))
    return port_ids[-1]
