"""What is attached to gateways: VPCs of the gateway's project, each once; and VPNs, of which nothing is known here."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.context import Context
from alcor.model.errors import bad_request, conflict, not_found
from alcor.model.resources.gateway import ATTACHMENT, VPN
from alcor.services.access import Access, owned
from alcor.services.gateways import gateway as gateways
from alcor.services.links import link, linked
from alcor.services.manager import Parent, Values
from alcor.services.networks.vpc import locked_network
from alcor.services.plain import Change, Plain, locked_row, plain_manager
from alcor.services.rows import View
from alcor.store import bulk
from alcor.store.tables import gateway, gateway_attachment, gateway_attachment_subnet, gateway_propagation, subnet
from alcor.store.transaction import Transaction

ACCESS = Access(ATTACHMENT, gateway_attachment, owned(gateway_attachment))
PARENT = Parent(gateways.ACCESS, "gateways", "gateway_id")

_SUBNETS = gateway_attachment_subnet.c.attachment_id, gateway_attachment_subnet.c.subnet_id
_SAME = select(gateway_attachment.c.id).where(
    gateway_attachment.c.gateway_id == bindparam("gateway_id"),
    gateway_attachment.c.resource_id == bindparam("resource_id"),
)


def locked_gateway(transaction: Transaction, gateway_id: str, project_id: str, context: Context) -> Row[Any]:
    """The gateway, which is to be of a project. Raises AlcorError (404)."""
    row = locked_row(transaction, gateways.ACCESS, gateway_id, context)
    if row.project_id != project_id:
        raise not_found("gateway", gateway_id)
    return row


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    locked_gateway(transaction, values["gateway_id"], values["project_id"], context)
    if values["type"] != VPN:
        values = _of_vpc(transaction, values, context)
    elif values.get("subnets"):
        raise _wrong_subnet(values["subnets"][0], "a VPN")
    attached = {name: values[name] for name in ("gateway_id", "resource_id")}
    existing = transaction.connection.execute(_SAME, attached).scalar()
    if existing is not None:
        raise conflict(
            "AttachmentExists", f"Attachment {existing} attaches {values['resource_id']} to the gateway already."
        )
    return values | {"associated_routetable": None}


def _of_vpc(transaction: Transaction, values: Values, context: Context) -> Values:
    vpc_id = values["resource_id"]
    vpc = locked_network(transaction, vpc_id, context)
    if vpc.project_id != values["project_id"]:
        raise not_found("network", vpc_id)
    vni = str(vpc.vni)
    if values["source_vni"] not in (None, vni):
        raise bad_request(f"Invalid input for source_vni. Reason: VPC {vpc_id} has {vni}.")
    _check_subnets(transaction.connection, vpc_id, values["subnets"])
    return values | {"source_vni": vni}


def _apply(transaction: Transaction, change: Change) -> Values:
    subnets = change.values.get("subnets", ())
    if change.row.type != VPN:
        _check_subnets(transaction.connection, change.row.resource_id, subnets)
    elif subnets:
        raise _wrong_subnet(subnets[0], "a VPN")
    return change.values


def _check_subnets(connection: Connection, vpc_id: str, subnet_ids: Sequence[str]) -> None:
    found = bulk.select_by(connection, [subnet.c.id, subnet.c.network_id], subnet.c.id, subnet_ids)
    of_vpc = {row.id for row in found if row.network_id == vpc_id}
    for subnet_id in subnet_ids:
        if subnet_id not in of_vpc:
            raise _wrong_subnet(subnet_id, f"VPC {vpc_id}")


def _wrong_subnet(subnet_id: str, resource: str) -> Exception:
    return bad_request(f"Invalid input for subnets. Reason: subnet {subnet_id} is not of {resource}.")


def _written(transaction: Transaction, row: Any, values: Values) -> None:
    link(transaction.connection, *_SUBNETS, row.id, values["subnets"])


def _changed(transaction: Transaction, change: Change, row: Any) -> None:
    if "subnets" in change.values:
        link(transaction.connection, *_SUBNETS, row.id, change.values["subnets"])


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    for table in (gateway_attachment_subnet, gateway_propagation):
        bulk.delete_by(transaction.connection, table, "attachment_id", [row.id])


def _computed(connection: Connection, rows: Sequence[Any], _context: Context) -> Sequence[View]:
    subnets = linked(connection, *_SUBNETS, [row.id for row in rows])
    return [
        {
            "subnets": subnets.get(row.id, []),
            "association_state": None if row.route_table_id is None else "associated",
        }
        for row in rows
    ]


ATTACHMENTS = plain_manager(
    Plain(
        access=ACCESS,
        revises={"gateway_id": gateway},
        prepare=_prepare,
        apply=_apply,
        written=_written,
        changed=_changed,
        forget=_forget,
        computed=_computed,
        parent=PARENT,
    )
)
