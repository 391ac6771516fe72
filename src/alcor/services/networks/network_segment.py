"""Segments of networks as clients add and remove them."""

from typing import Any

from sqlalchemy import bindparam, select

from alcor.model.context import Context
from alcor.model.errors import conflict
from alcor.services.manager import Values
from alcor.services.networks import segment, segment_numbers
from alcor.services.networks.vpc import ROWS as NETWORK_ROWS
from alcor.services.networks.vpc import locked_network
from alcor.services.plain import Plain, plain_manager
from alcor.store import bulk
from alcor.store.tables import network, subnet
from alcor.store.transaction import Transaction

_SUBNETS = select(subnet.c.id).where(subnet.c.segment_id == bindparam("segment_id")).order_by(subnet.c.id).limit(10)


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    its_network = locked_network(transaction, values["network_id"], context)
    owned = values | {"project_id": its_network.project_id, "is_main": False}
    return segment_numbers.numbered(transaction, owned)


def _written(transaction: Transaction, row: Any, _values: Values) -> None:
    _show(transaction, row.network_id)


def _forget(transaction: Transaction, row: Any, _context: Context) -> None:
    subnets = transaction.connection.execute(_SUBNETS, {"segment_id": row.id}).scalars().all()
    if subnets:
        raise _in_use(row.id, f"The segment is still associated with subnet(s) {', '.join(subnets)}")
    if row.is_main:
        raise _in_use(row.id, f"It is what network {row.network_id} itself is: delete the network")
    segment_numbers.release(transaction, [row])
    bulk.delete_by(transaction.connection, segment.ACCESS.table, "id", [row.id])  # before the network shows the rest
    _show(transaction, row.network_id)


def _in_use(segment_id: str, reason: str) -> Exception:
    return conflict("SegmentInUse", f"Segment '{segment_id}' cannot be deleted: {reason}.")


def _show(transaction: Transaction, network_id: str) -> None:
    """Have the network show the segments that it has by now."""
    row = locked_network(transaction, network_id)
    shown = segment.segments_view(transaction.connection, network_id)
    beside = {name: getattr(row, name) for name in NETWORK_ROWS.beside}
    changed = NETWORK_ROWS.changed_row(row, beside | {"segments": shown}, transaction.now)
    bulk.update_row(transaction.connection, network, changed)


SEGMENTS = plain_manager(
    Plain(
        access=segment.ACCESS,
        prepare=_prepare,
        written=_written,
        forget=_forget,
    )
)
