"""Gateways, what is attached to them, and their route tables."""

from sqlalchemy import Column, Index, String, Table, Text

from alcor.store.tables.base import metadata, standard_columns

gateway = Table(
    "gateway",
    metadata,
    *standard_columns(),
    Column("type", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_gateway_project_id", "project_id", "id"),
)

gateway_attachment = Table(
    "gateway_attachment",
    metadata,
    *standard_columns(),
    Column("gateway_id", String(36), nullable=False),
    Column("type", String(16), nullable=False),
    Column("resource_id", String(36), nullable=False),  # a VPC, unless the type is VPN
    Column("route_table_id", String(36), nullable=True),
    Column("attributes", Text, nullable=False),
    Index("ix_gateway_attachment_gateway_id", "gateway_id", "id"),
    Index("ix_gateway_attachment_project_id", "project_id", "id"),
    Index("ix_gateway_attachment_resource_id", "resource_id"),
    Index("ix_gateway_attachment_route_table_id", "route_table_id"),
)

gateway_attachment_subnet = Table(
    "gateway_attachment_subnet",
    metadata,
    Column("attachment_id", String(36), primary_key=True),
    Column("subnet_id", String(36), primary_key=True),
    Index("ix_gateway_attachment_subnet_subnet_id", "subnet_id"),
)

gateway_route_table = Table(
    "gateway_route_table",
    metadata,
    *standard_columns(),
    Column("gateway_id", String(36), nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_gateway_route_table_gateway_id", "gateway_id", "id"),
    Index("ix_gateway_route_table_project_id", "project_id", "id"),
)

# The attachments from which route tables learn routes.
gateway_propagation = Table(
    "gateway_propagation",
    metadata,
    Column("route_table_id", String(36), primary_key=True),
    Column("attachment_id", String(36), primary_key=True),
    Index("ix_gateway_propagation_attachment_id", "attachment_id"),
)
