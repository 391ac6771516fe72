"""Routers of VPCs, and the route tables of VPCs and subnets."""

from collections.abc import Iterator

from alcor.store.tables import route_table, subnet, vpc_router
from tests.invariants.database import Database


def routers_of_vpcs_have_their_table(database: Database) -> Iterator[str]:
    """It comes and goes with them."""
    owners = database.values(route_table.c.owner)
    yield from (f"router {row.id} of {row.vpc_id}" for row in database.rows(vpc_router) if row.vpc_id not in owners)


def route_tables_are_of_their_owners_vpc(database: Database) -> Iterator[str]:
    """The owner is the VPC itself, or one of its subnets."""
    vpcs = {row.id: row.network_id for row in database.rows(subnet)}
    for row in database.rows(route_table):
        if row.vpc_id != vpcs.get(row.owner, row.owner):
            yield f"route table {row.id} of {row.owner} is said to be of {row.vpc_id}"
