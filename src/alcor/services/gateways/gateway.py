"""Gateways. They are kept and checked; nothing makes them yet: they are pending until somebody says otherwise."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from alcor.model.context import Context
from alcor.model.errors import AlcorError, conflict
from alcor.model.resources.gateway import GATEWAY, PENDING
from alcor.services.access import Access, owned
from alcor.services.links import linked
from alcor.services.manager import Values
from alcor.services.plain import Held, Plain, plain_manager
from alcor.services.rows import View
from alcor.store import bulk
from alcor.store.tables import gateway, gateway_attachment, gateway_propagation, gateway_route_table
from alcor.store.transaction import Transaction

ACCESS = Access(GATEWAY, gateway, owned(gateway))


def _prepare(_transaction: Transaction, values: Values, _context: Context) -> Values:
    return values | {"status": PENDING}


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    """Its route tables go with it; attachments it has none any more."""
    connection = transaction.connection
    columns = gateway_route_table.c
    tables = linked(connection, columns.gateway_id, columns.id, [row.id]).get(row.id, [])
    bulk.delete_by(connection, gateway_propagation, "route_table_id", tables)
    bulk.delete_by(connection, gateway_route_table, "id", tables)


def _in_use(gateway_id: str, attachment_id: str) -> AlcorError:
    return conflict("GatewayInUse", f"Gateway {gateway_id} is in use: attachment {attachment_id} is attached to it.")


def _computed(connection: Connection, rows: Sequence[Any], _context: Context) -> Sequence[View]:
    ids = [row.id for row in rows]
    attached = linked(connection, gateway_attachment.c.gateway_id, gateway_attachment.c.id, ids)
    tables = linked(connection, gateway_route_table.c.gateway_id, gateway_route_table.c.id, ids)
    return [{"attachments": attached.get(each, []), "routetables": tables.get(each, [])} for each in ids]


GATEWAYS = plain_manager(
    Plain(
        access=ACCESS,
        prepare=_prepare,
        forget=_forget,
        computed=_computed,
        held_by=(Held(gateway_attachment.c.gateway_id, _in_use),),
    )
)
