"""Route tables of gateways: an attachment is associated with one at most, and routes lead to attachments."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, update

from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict, not_found
from alcor.model.identifiers import new_id
from alcor.model.resources.gateway import ACTIVE, BLACKHOLE, ROUTE_TABLE, STATIC
from alcor.model.schema import taking
from alcor.model.values import uuid
from alcor.services.access import Access, owned
from alcor.services.gateways.gateway_attachment import PARENT, locked_gateway
from alcor.services.links import link, linked
from alcor.services.manager import Act, Action, Values
from alcor.services.plain import Change, Plain, locked_row, plain_manager
from alcor.services.revisions import revise
from alcor.services.rows import ReadView, Rows, View
from alcor.store import bulk
from alcor.store.tables import gateway, gateway_attachment, gateway_propagation, gateway_route_table
from alcor.store.transaction import Transaction

ACCESS = Access(ROUTE_TABLE, gateway_route_table, owned(gateway_route_table))
ROWS = Rows(ROUTE_TABLE, gateway_route_table)

_PROPAGATIONS = gateway_propagation.c.route_table_id, gateway_propagation.c.attachment_id
_OF_GATEWAY = gateway_attachment.c.gateway_id, gateway_attachment.c.id


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    locked_gateway(transaction, values["gateway_id"], values["project_id"], context)
    _check_attached(transaction.connection, values["gateway_id"], values["propagations"])
    return values | {"routes": _routes(values["routes"])}


def _apply(transaction: Transaction, change: Change) -> Values:
    _check_attached(transaction.connection, change.row.gateway_id, change.values.get("propagations", ()))
    return change.values | ({"routes": _routes(change.values["routes"])} if "routes" in change.values else {})


def _routes(given: Sequence[View]) -> list[View]:
    """Routes as they are kept: each with an id. Raises AlcorError (400) for two to one destination."""
    seen = set()
    for route in given:
        if route["destination"] in seen:
            raise bad_request(f"Invalid input for routes. Reason: {route['destination']} is there twice.")
        seen.add(route["destination"])
    return [
        {
            "id": route.get("id") or new_id(),
            "destination": route["destination"],
            "target": route["target"],
            "type": STATIC,
        }
        for route in given
    ]


def _check_attached(connection: Connection, gateway_id: str, attachment_ids: Sequence[str]) -> None:
    if attachment_ids:
        attached = linked(connection, *_OF_GATEWAY, [gateway_id]).get(gateway_id, [])
        for attachment_id in attachment_ids:
            if attachment_id not in attached:
                raise not_found("attachment", attachment_id)


def _written(transaction: Transaction, row: Any, values: Values) -> None:
    link(transaction.connection, *_PROPAGATIONS, row.id, values["propagations"])


def _changed(transaction: Transaction, change: Change, row: Any) -> None:
    if "propagations" in change.values:
        link(transaction.connection, *_PROPAGATIONS, row.id, change.values["propagations"])


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    associated = _associations(transaction.connection, [row.id]).get(row.id)
    if associated:
        raise conflict(
            "RouteTableInUse", f"Route table {row.id} is in use: attachment {associated[0]} is associated with it."
        )
    bulk.delete_by(transaction.connection, gateway_propagation, "route_table_id", [row.id])


def _associations(connection: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    return linked(connection, gateway_attachment.c.route_table_id, gateway_attachment.c.id, ids)


def _computed(connection: Connection, rows: Sequence[Any], _context: Context) -> Sequence[View]:
    ids = [row.id for row in rows]
    propagations, associations = linked(connection, *_PROPAGATIONS, ids), _associations(connection, ids)
    attached = linked(connection, *_OF_GATEWAY, sorted({row.gateway_id for row in rows}))
    return [
        {
            "propagations": propagations.get(row.id, []),
            "associations": associations.get(row.id, []),
            "routes": [_shown(route, attached.get(row.gateway_id, [])) for route in ROWS.view(row)["routes"]],
        }
        for row in rows
    ]


def _shown(route: View, attached: Sequence[str]) -> View:
    return route | {"status": ACTIVE if route["target"] in attached else BLACKHOLE}


def _associate(transaction: Transaction, act: Act) -> ReadView:
    """Have an attachment of the gateway use the route table. Raises AlcorError."""
    row, attachment = _named(transaction, act)
    if attachment.route_table_id not in (None, row.id):
        raise conflict(
            "AttachmentAssociated",
            f"Attachment {attachment.id} is associated with route table {attachment.route_table_id}.",
        )
    return _with(transaction, act, row, attachment, row.id)


def _de_associate(transaction: Transaction, act: Act) -> ReadView:
    """Have an attachment use the route table no more. Raises AlcorError."""
    row, attachment = _named(transaction, act)
    if attachment.route_table_id != row.id:
        raise AlcorError(
            404,
            "AttachmentNotAssociated",
            f"Attachment {attachment.id} is not associated with route table {row.id}.",
        )
    return _with(transaction, act, row, attachment, None)


_ATTACHMENT = taking({"attachment_id": uuid})


def _named(transaction: Transaction, act: Act) -> tuple[Row[Any], Row[Any]]:
    """The route table, and the attachment of its gateway that the body names."""
    row = locked_row(transaction, ACCESS, act.id, act.context)
    if not isinstance(act.body, dict) or "attachment_id" not in act.body:
        raise bad_request("Unable to find 'attachment_id' in request body")
    try:
        attachment_id = uuid(act.body["attachment_id"])
    except ValueError as error:
        raise bad_request(f"Invalid input for attachment_id. Reason: {error}.") from error
    columns = list(gateway_attachment.c)
    found = bulk.select_by(transaction.connection, columns, gateway_attachment.c.id, [attachment_id])
    if not found or found[0].gateway_id != row.gateway_id:
        raise not_found("attachment", attachment_id)
    return row, found[0]


def _with(transaction: Transaction, act: Act, row: Row[Any], attachment: Row[Any], table_id: str | None) -> ReadView:
    its = gateway_attachment.c.id == attachment.id
    transaction.connection.execute(update(gateway_attachment).where(its).values(route_table_id=table_id))
    revise(transaction, gateway_attachment, attachment.id)
    revise(transaction, gateway_route_table, row.id)
    return ROUTE_TABLES.views(transaction.connection, [locked_row(transaction, ACCESS, row.id)], act.context)[0]


ROUTE_TABLES = plain_manager(
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
        actions=(
            Action("PUT", "associate", _associate, body=_ATTACHMENT),
            Action("PUT", "de-associate", _de_associate, body=_ATTACHMENT),
        ),
    )
)
