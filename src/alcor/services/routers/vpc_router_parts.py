"""What goes with VPCs and subnets of their routing: beside them, so that what deletes these need not know of it."""

from collections.abc import Sequence

from sqlalchemy import Connection

from alcor.store import bulk
from alcor.store.tables import route_table, vpc_router


def forget_vpc(connection: Connection, vpc_id: str) -> None:
    """The router and all route tables of a VPC that is deleted go with it."""
    bulk.delete_by(connection, route_table, "vpc_id", [vpc_id])
    bulk.delete_by(connection, vpc_router, "vpc_id", [vpc_id])


def forget_subnets(connection: Connection, subnet_ids: Sequence[str]) -> None:
    """The route tables of subnets that are deleted go with them."""
    bulk.delete_by(connection, route_table, "owner", subnet_ids)
