"""Trunks: ports that carry the traffic of others, their sub-ports, told apart by segment."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from alcor.store.tables.base import metadata, standard_columns

trunk = Table(
    "trunk",
    metadata,
    *standard_columns(),
    Column("admin_state_up", Boolean, nullable=False),
    Column("status", String(16), nullable=False),
    Column("port_id", String(36), ForeignKey("port.id"), nullable=False, unique=True),  # the parent
    Column("attributes", Text, nullable=False),
    Index("ix_trunk_project_id", "project_id", "id"),
)

sub_port = Table(
    "sub_port",
    metadata,
    Column("port_id", String(36), ForeignKey("port.id"), primary_key=True),
    Column("trunk_id", String(36), ForeignKey("trunk.id"), nullable=False),
    Column("segmentation_type", String(32), nullable=False),
    Column("segmentation_id", Integer, nullable=False),
    UniqueConstraint("trunk_id", "segmentation_type", "segmentation_id"),
)
