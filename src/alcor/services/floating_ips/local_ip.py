"""Local IPs and the ports that answer to them. They are kept and checked; hosts do not translate them yet."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from alcor.model.addresses import ip_text
from alcor.model.context import Context
from alcor.model.errors import AlcorError, conflict, not_found, wrong_for
from alcor.model.resources.local_ip import LOCAL_IP, LOCAL_IP_ASSOCIATION
from alcor.services.access import Access, owned
from alcor.services.floating_ips.local_ip_ports import OWNER
from alcor.services.manager import OPERATIONS, UPDATE, Parent, Values
from alcor.services.networks.vpc import ACCESS as NETWORK_ACCESS
from alcor.services.plain import Held, Plain, locked_row, plain_manager
from alcor.services.ports.port import ACCESS as PORT_ACCESS
from alcor.services.ports.port import erase_ports
from alcor.services.ports.port_views import fixed_ips_of
from alcor.services.routers.router_gateway import create_port
from alcor.services.routers.router_subnets import subnets_of_networks
from alcor.services.rows import View
from alcor.store import bulk
from alcor.store.tables import local_ip, local_ip_association, port
from alcor.store.transaction import Transaction

ACCESS = Access(LOCAL_IP, local_ip, owned(local_ip))

_OWNER = select(local_ip.c.project_id).where(local_ip.c.id == bindparam("id"))


def _owner(connection: Connection, values: Mapping[str, Any]) -> str:
    return str(connection.execute(_OWNER, {"id": values["local_ip_id"]}).scalar() or "")


ASSOCIATION_ACCESS = Access(LOCAL_IP_ASSOCIATION, local_ip_association, owned(local_ip_association), _owner)


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    connection, port_id, network_id = transaction.connection, values["local_port_id"], values["network_id"]
    if port_id is not None:
        row = PORT_ACCESS.rows(connection, [port_id], context).get(port_id)
        if row is None:
            raise wrong_for("local_ip", f"Port {port_id} not found")
        if row.device_owner.startswith("network:"):
            raise wrong_for("local_ip", f"Port {port_id} is of {row.device_owner}, which may take it away")
        address = _address(connection, port_id, values["local_ip_address"])
        return values | {"network_id": row.network_id, "local_ip_address": address}
    if network_id is None:
        raise _invalid(
            "LocalIPPortOrNetworkRequired", "Either Port ID or Network ID must be specified for Local IP create."
        )
    NETWORK_ACCESS.check_visible(connection, [network_id], context)
    if all(each.ip_version != 4 for each in subnets_of_networks(connection, [network_id])):
        raise wrong_for("local_ip", f"Network {network_id} does not contain any IPv4 subnet")
    wanted = values["local_ip_address"]
    holder = create_port(
        transaction,
        {
            "project_id": values["project_id"],
            "network_id": network_id,
            "fixed_ips": [{"ip_address": wanted}] if wanted else None,
            "device_id": values["id"],
            "device_owner": OWNER,
            "status": "N/A",
        },
    )
    return values | {"local_port_id": holder["id"], "local_ip_address": holder["fixed_ips"][0]["ip_address"]}


def _address(connection: Connection, port_id: str, wanted: str | None) -> str:
    """The address of a port that is meant: its only one, or that which is asked for. Raises AlcorError (400)."""
    held = [ip_text(packed) for _, packed in fixed_ips_of(connection, [port_id]).get(port_id, ())]
    if not held:
        raise _invalid("LocalIPNoIP", f"Specified Port {port_id} has no fixed IPs configured.")
    if wanted is not None and wanted not in held:
        raise _invalid(
            "LocalIPRequestedIPNotFound", f"Specified Port {port_id} does not have requested IP address: {wanted}."
        )
    if wanted is None and len(held) > 1:
        raise _invalid(
            "LocalIPNoRequestedIP",
            f"Specified Port {port_id} has several IPs, should specify exact IP address to use for Local IP.",
        )
    return wanted or held[0]


def _invalid(kind: str, message: str) -> AlcorError:
    return AlcorError(400, kind, message)


def _in_use(local_ip_id: str, _holder: str) -> AlcorError:
    return conflict("LocalIPInUse", f"Local IP {local_ip_id} is still associated with one or more ports.")


def _forgotten(transaction: Transaction, row: Any, _context: Context) -> None:
    (holder,) = bulk.select_by(transaction.connection, [port.c.device_owner], port.c.id, [row.local_port_id])
    if holder.device_owner == OWNER:
        erase_ports(transaction, [row.local_port_id])


def _prepare_association(transaction: Transaction, values: Values, context: Context) -> Values:
    connection, port_id = transaction.connection, values["fixed_port_id"]
    owner = locked_row(transaction, ACCESS, values["local_ip_id"], context)
    if port_id not in PORT_ACCESS.rows(connection, [port_id], context):
        raise not_found("port", port_id)
    known_as = f"{owner.id}/{port_id}"
    if bulk.select_by(connection, [local_ip_association.c.id], local_ip_association.c.id, [known_as]):
        raise conflict("LocalIPAssociationExists", f"Local IP {owner.id} is associated with port {port_id} already.")
    address = _address(connection, port_id, values["fixed_ip"])
    return values | {"id": known_as, "project_id": owner.project_id, "fixed_ip": address}


def _computed(connection: Connection, rows: Sequence[Any], _context: Context) -> list[View]:
    addresses = [local_ip.c.id, local_ip.c.local_ip_address]
    local = {row.id: row for row in bulk.select_by(connection, addresses, local_ip.c.id, _ids(rows, "local_ip_id"))}
    hosts = [port.c.id, port.c.host_id]
    fixed = {row.id: row for row in bulk.select_by(connection, hosts, port.c.id, _ids(rows, "fixed_port_id"))}
    return [
        {"local_ip_address": local[row.local_ip_id].local_ip_address, "host": fixed[row.fixed_port_id].host_id}
        for row in rows
    ]


def _ids(rows: Sequence[Any], column: str) -> list[str]:
    return sorted({getattr(row, column) for row in rows})


LOCAL_IPS = plain_manager(
    Plain(
        access=ACCESS,
        prepare=_prepare,
        forget=_forgotten,
        held_by=(Held(local_ip_association.c.local_ip_id, _in_use),),
        path="local_ips",
    )
)
LOCAL_IP_ASSOCIATIONS = plain_manager(
    Plain(
        access=ASSOCIATION_ACCESS,
        prepare=_prepare_association,
        computed=_computed,
        parent=Parent(ACCESS, "local_ips", "local_ip_id", joined=True),
        path="port_associations",
        operations=OPERATIONS - {UPDATE},
    )
)
