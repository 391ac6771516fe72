"""The routers of VPCs, and the route tables of VPCs and subnets."""

from sqlalchemy import Column, Index, String, Table, Text

from alcor.store.tables.base import metadata, standard_columns

vpc_router = Table(
    "vpc_router",
    metadata,
    *standard_columns(),
    Column("vpc_id", String(36), nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_vpc_router_vpc_id", "vpc_id", unique=True),
)

route_table = Table(
    "route_table",
    metadata,
    *standard_columns(),
    Column("vpc_id", String(36), nullable=False),
    Column("owner", String(36), nullable=False),  # the VPC, or one of its subnets
    Column("route_table_type", String(16), nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_route_table_owner", "owner", unique=True),
    Index("ix_route_table_vpc_id", "vpc_id", "id"),
)
