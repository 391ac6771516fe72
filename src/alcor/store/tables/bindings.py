"""Hosts that ports are to be bound to when they have migrated there."""

from sqlalchemy import Column, ForeignKey, String, Table, Text

from alcor.store.tables.base import metadata

port_binding = Table(
    "port_binding",
    metadata,
    Column("port_id", String(36), ForeignKey("port.id"), primary_key=True),
    Column("host", String(255), primary_key=True),
    Column("vnic_type", String(64), nullable=False),
    Column("profile", Text, nullable=False),  # JSON
)
