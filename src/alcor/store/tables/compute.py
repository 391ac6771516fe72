"""What the compute service is still to be told."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from alcor.store.tables.base import metadata

# What happened to a port of one of its workloads, until it has been told: in the order of ``number``, made at and being
# told until (seconds since the epoch).
compute_event = Table(
    "compute_event",
    metadata,
    Column("number", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("device_id", String(255), nullable=False),
    Column("name", String(32), nullable=False),
    Column("port_id", String(36), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("told_until", BigInteger, nullable=False, server_default="0"),
)
