"""The ports by which routers and floating IPs are in networks, and what else in the cloud must respect of them.

They are ports like others, told by their owner and device. Only tables are looked at here: ports and subnets, which
routers are built upon, ask.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select, update

from alcor.model.addresses import ip_bytes
from alcor.model.context import Context
from alcor.model.errors import conflict, wrong_for
from alcor.store import bulk
from alcor.store.router_records import INTERFACE_OWNER
from alcor.store.tables import floating_ip, ip_allocation, port, router
from alcor.store.transaction import Transaction

INTERFACE = INTERFACE_OWNER
GATEWAY = "network:router_gateway"
FLOATING_IP = "network:floatingip"
ROUTER_OWNERS = (INTERFACE, GATEWAY)
"""Owners of ports that are routers': they may have the addresses that routers have."""

_ASSOCIATED = select(floating_ip).where(floating_ip.c.port_id.in_(bindparam("port_ids", expanding=True)))
_GATEWAY_HOLDER = (
    select(port.c.id)
    .join(ip_allocation, ip_allocation.c.port_id == port.c.id)
    .where(
        ip_allocation.c.subnet_id == bindparam("subnet_id"),
        ip_allocation.c.ip_address == bindparam("address"),
        port.c.device_owner == INTERFACE,
    )
)


class RouterPort(msgspec.Struct, frozen=True):
    """A port of a router, and its addresses: (subnet id, packed address)."""

    id: str
    router_id: str
    network_id: str
    project_id: str
    owner: str
    fixed_ips: tuple[tuple[str, bytes], ...]


_OF_ROUTERS = (
    select(port, ip_allocation.c.subnet_id, ip_allocation.c.ip_address)
    .outerjoin(ip_allocation, ip_allocation.c.port_id == port.c.id)
    .where(
        port.c.device_id.in_(bindparam("router_ids", expanding=True)),
        port.c.device_owner.in_(bindparam("owners", expanding=True)),
    )
    .order_by(port.c.id, ip_allocation.c.position)
)


def ports_of(
    connection: Connection, router_ids: Iterable[str], owners: Sequence[str] = ROUTER_OWNERS
) -> dict[str, list[RouterPort]]:
    """The interfaces and gateways of routers, the oldest first."""
    wanted = list(router_ids)
    if not wanted:
        return {}
    found: dict[str, RouterPort] = {}
    rows = connection.execute(_OF_ROUTERS, {"router_ids": wanted, "owners": list(owners)}).all()
    for row in sorted(rows, key=attrgetter("created_at")):
        held = () if row.subnet_id is None else ((row.subnet_id, bytes(row.ip_address)),)
        before = found[row.id].fixed_ips if row.id in found else ()
        found[row.id] = RouterPort(
            row.id, row.device_id, row.network_id, row.project_id, row.device_owner, before + held
        )
    by_router: dict[str, list[RouterPort]] = {}
    for each in found.values():
        by_router.setdefault(each.router_id, []).append(each)
    return by_router


def check_router_owned(connection: Connection, ports: Iterable[Mapping[str, Any]], context: Context) -> None:
    """Raises AlcorError (409) for a port that would be an interface of a router of another project than its own.

    Whoever made one would be in the networks that the router connects. Routers themselves make theirs as operators.
    """
    if context.is_admin:
        return
    owners = {
        each["device_id"]: each.get("project_id", context.project_id)
        for each in ports
        if each.get("device_owner") == INTERFACE
    }
    if not owners:
        return
    for row in bulk.select_by(connection, [router.c.id, router.c.project_id], router.c.id, list(owners)):
        if row.project_id != owners[row.id]:
            raise conflict(
                "DeviceIDNotOwnedByTenant",
                f"The following device_id {row.id} is not owned by your tenant or matches another tenants router.",
            )


def check_deletable(connection: Connection, row: Row[Any]) -> None:
    """Raises AlcorError (409) for a port that only its router or floating IP may delete."""
    owner_table = {INTERFACE: router, GATEWAY: router, FLOATING_IP: floating_ip}.get(row.device_owner)
    if owner_table is None:
        return
    if bulk.select_by(connection, [owner_table.c.id], owner_table.c.id, [row.device_id]):
        raise conflict(
            "ServicePortInUse",
            f"Port {row.id} cannot be deleted directly via the port API: has device owner {row.device_owner}.",
        )


def associated(connection: Connection, port_ids: Sequence[str]) -> list[Row[Any]]:
    """The floating IPs that lead to ports."""
    return list(connection.execute(_ASSOCIATED, {"port_ids": list(port_ids)}))


def check_disassociable(connection: Connection, row: Row[Any], context: Context) -> None:
    """Raises AlcorError (409) for a port to which a floating IP leads that the caller may not touch."""
    if context.is_admin:
        return
    for each in associated(connection, [row.id]):
        if each.project_id != context.project_id:
            raise conflict(
                "FipAssociated",
                f"Unable to complete the operation on port {row.id} because the port still has an associated "
                "floating IP.",
            )


def disassociate(transaction: Transaction, port_ids: Sequence[str]) -> None:
    """Let the floating IPs of ports that go lead nowhere."""
    statement = (
        update(floating_ip)
        .where(floating_ip.c.port_id.in_(bindparam("port_ids", expanding=True)))
        .values(
            port_id=None,
            fixed_ip_address=None,
            router_id=None,
            status="DOWN",
            revision_number=floating_ip.c.revision_number + 1,
            updated_at=transaction.now,
        )
    )
    transaction.connection.execute(statement, {"port_ids": list(port_ids)})


def check_fixed_ips(connection: Connection, row: Row[Any], fixed_ips: Iterable[Mapping[str, str]]) -> None:
    """Raises AlcorError (400) when a floating IP is, or leads to, an address that the port would no longer have."""
    kept = {each["ip_address"] for each in fixed_ips}
    if row.device_owner == FLOATING_IP:
        columns = [floating_ip.c.floating_ip_address]
        its = bulk.select_by(connection, columns, floating_ip.c.id, [row.device_id])
        if any(each.floating_ip_address not in kept for each in its):
            raise wrong_for(
                "port",
                f"Cannot update the fixed_ips of the port {row.id}, because it holds the address of a floating ip",
            )
    if any(each.fixed_ip_address not in kept for each in associated(connection, [row.id])):
        raise wrong_for(
            "port",
            f"Cannot update the fixed_ips of the port {row.id}, because its original fixed_ip has been associated to "
            "a floating ip",
        )


def check_gateway_unused(connection: Connection, subnet_id: str, gateway_ip: str | None) -> None:
    """Raises AlcorError (409) when a router has the subnet's gateway address, which is to change."""
    if gateway_ip is None:
        return
    given = {"subnet_id": subnet_id, "address": ip_bytes(gateway_ip)}
    holder = connection.execute(_GATEWAY_HOLDER, given).scalar()
    if holder is not None:
        raise conflict(
            "GatewayIpInUse", f"Current gateway ip {gateway_ip} already in use by port {holder}. Unable to update."
        )
