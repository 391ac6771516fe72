"""What goes with VPCs and subnets of their routing: beside them, so that what deletes these need not know of it."""

from collections.abc import Sequence

from alcor.model.identifiers import id_bytes
from alcor.model.records import RouteTableDeleted
from alcor.store import bulk
from alcor.store.tables import route_table, vpc_router
from alcor.store.transaction import Transaction


def forget_vpc(transaction: Transaction, vpc_id: str) -> None:
    """The router and all route tables of a VPC that is deleted go with it."""
    _forget_tables(transaction, "vpc_id", [vpc_id])
    bulk.delete_by(transaction.connection, vpc_router, "vpc_id", [vpc_id])


def forget_tables(transaction: Transaction, owner_ids: Sequence[str]) -> None:
    """The route tables of subnets that are deleted, and of VPCs whose router is, go with them."""
    _forget_tables(transaction, "owner", owner_ids)


def _forget_tables(transaction: Transaction, column: str, values: Sequence[str]) -> None:
    found = bulk.select_by(transaction.connection, [route_table.c.owner], route_table.c[column], values)
    transaction.record(*(RouteTableDeleted(id_bytes(row.owner)) for row in found))
    bulk.delete_by(transaction.connection, route_table, column, values)
