"""Gateways by the VPC that they are for, as Alcor's VPC Manager asks for them and gateway plug-ins report on them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, not_found
from alcor.model.resources.gateway import ATTACHMENT, GATEWAY, ZETA
from alcor.services.gateways.gateway import GATEWAYS
from alcor.services.gateways.gateway_attachment import ATTACHMENTS
from alcor.services.manager import Create, Delete, Manager, Update, Values
from alcor.services.networks.vpc import locked_network
from alcor.services.rows import View
from alcor.store.tables import gateway, gateway_attachment
from alcor.store.transaction import Transaction

_OF_VPC = (
    select(gateway.c.id, gateway.c.type, gateway_attachment.c.id.label("attachment_id"))
    .join(gateway_attachment, gateway_attachment.c.gateway_id == gateway.c.id)
    .where(gateway_attachment.c.resource_id == bindparam("vpc_id"), gateway.c.project_id == bindparam("project_id"))
    .order_by(gateway.c.id)
)


class State(msgspec.Struct, frozen=True):
    """What is reported of a VPC's gateway of a type: ``changes`` are attributes of it."""

    type: str
    changes: Values


class OfVpc(msgspec.Struct, frozen=True):
    """The VPC of a project that gateways are for, and who asks."""

    project_id: str
    vpc_id: str
    context: Context


def ask_for_gateway(transaction: Transaction, wanted: OfVpc, vni: str, owner: str) -> None:
    """Have the VPC attached to a Zeta gateway, unless it is. Raises AlcorError: 404 for the VPC, 400 for its VNI."""
    vpc = _vpc(transaction, wanted)
    if vni != str(vpc.vni):
        raise bad_request(f"Invalid input for vni. Reason: VPC {wanted.vpc_id} has {vpc.vni}.")
    if not any(each.type == ZETA for each in _gateways(transaction.connection, wanted)):
        _make(transaction, wanted, {"type": ZETA, "owner": owner})


def take_in(transaction: Transaction, wanted: OfVpc, states: Sequence[State]) -> None:
    """Have the VPC's gateways be as reported, and make those that it does not have. Raises AlcorError (404)."""
    _vpc(transaction, wanted)
    for state in states:
        if not any(each.type == state.type for each in _gateways(transaction.connection, wanted)):
            _make(transaction, wanted, {"type": state.type})
    report(transaction, wanted, states)


def report(transaction: Transaction, wanted: OfVpc, states: Sequence[State]) -> None:
    """Have the VPC's gateways of these types be as reported. Raises AlcorError (404) where there is none."""
    _vpc(transaction, wanted)
    gateways = _gateways(transaction.connection, wanted)
    for state in states:
        of_type = [each.id for each in gateways if each.type == state.type]
        if not of_type:
            raise _no_gateway(wanted.vpc_id, state.type)
        for gateway_id in of_type:
            GATEWAYS.update(transaction, [Update(gateway_id, state.changes, context=wanted.context)])


def give_up(transaction: Transaction, wanted: OfVpc) -> None:
    """Detach the VPC from its Zeta gateways; those to which nothing else is attached go. Raises AlcorError (404)."""
    _vpc(transaction, wanted)
    gateways = [each for each in _gateways(transaction.connection, wanted) if each.type == ZETA]
    if not gateways:
        raise _no_gateway(wanted.vpc_id, ZETA)
    for each in gateways:
        ATTACHMENTS.delete(transaction, [Delete(each.attachment_id, context=wanted.context)])
        others = gateway_attachment.c.gateway_id == each.id
        if transaction.connection.execute(select(gateway_attachment.c.id).where(others).limit(1)).first() is None:
            GATEWAYS.delete(transaction, [Delete(each.id, context=wanted.context)])


def _vpc(transaction: Transaction, wanted: OfVpc) -> Row[Any]:
    row = locked_network(transaction, wanted.vpc_id, wanted.context)
    if row.project_id != wanted.project_id:
        raise not_found("network", wanted.vpc_id)
    return row


def _gateways(connection: Connection, wanted: OfVpc) -> Sequence[Any]:
    return connection.execute(_OF_VPC, {"vpc_id": wanted.vpc_id, "project_id": wanted.project_id}).all()


def _make(transaction: Transaction, wanted: OfVpc, values: Values) -> None:
    named = {"project_id": wanted.project_id, "name": f"{values['type']} gateway"}
    made = _created(transaction, GATEWAYS, GATEWAY.check_create(values | named), wanted.context)
    attached = ATTACHMENT.check_create(
        {"project_id": wanted.project_id, "gateway_id": made["id"], "resource_id": wanted.vpc_id}
    )
    _created(transaction, ATTACHMENTS, attached, wanted.context)


def _created(transaction: Transaction, manager: Manager, values: Values, context: Context) -> View:
    result = manager.create(transaction, [Create([values], context)])[0]
    if isinstance(result, Exception):
        raise result
    return result[0]


def _no_gateway(vpc_id: str, kind: str) -> AlcorError:
    return AlcorError(404, "GatewayInfoNotFound", f"VPC {vpc_id} is attached to no gateway of type {kind}.")
