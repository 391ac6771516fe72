"""Hosts that ports are to be bound to when they have migrated there."""

from sqlalchemy import Boolean, Column, ForeignKey, String, Table, Text, false

from alcor.store.tables.base import metadata

port_binding = Table(
    "port_binding",
    metadata,
    Column("port_id", String(36), ForeignKey("port.id"), primary_key=True),
    Column("host", String(255), primary_key=True),
    Column("vnic_type", String(64), nullable=False),
    Column("profile", Text, nullable=False),  # JSON
    # Whether it is no news that the port's interface is at the host.
    Column("plugged_in", Boolean, nullable=False, server_default=false()),
)
