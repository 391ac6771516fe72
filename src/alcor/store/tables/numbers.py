"""Pools of numbers: addresses, VNIs, MAC addresses, host indexes."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, Text

from alcor.store.tables.base import metadata, standard_columns

# Free numbers of a pool, as disjoint, never adjacent ranges: addresses of a subnet's allocation pools (packed
# bytes), VNIs of a segment range and MAC addresses (big-endian bytes). What is allocated plus what is free is always
# the whole pool.
free_range = Table(
    "free_range",
    metadata,
    Column("pool_id", String(64), primary_key=True),
    Column("first", LargeBinary(16), nullable=False),
    Column("last", LargeBinary(16), primary_key=True),
)

# Ranges of VNIs, and of VLANs of a physical network; those of projects are for their networks alone.
network_segment_range = Table(
    "network_segment_range",
    metadata,
    *standard_columns(),
    Column("is_default", Boolean, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("network_type", String(32), nullable=False),
    Column("physical_network", String(64), nullable=True),
    Column("minimum", BigInteger, nullable=False),
    Column("maximum", BigInteger, nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_network_segment_range_project_id", "project_id", "id"),
)

# Where the next number is taken: after the last one given out, so that a freed number rests before it is used again.
number_pool = Table(
    "number_pool",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("cursor", LargeBinary(16), nullable=False),
)

# Addresses of subnets that Alcor's Private IP Manager gave out to no port.
ip_reservation = Table(
    "ip_reservation",
    metadata,
    Column("subnet_id", String(36), ForeignKey("subnet.id", ondelete="CASCADE"), primary_key=True),
    Column("ip_address", LargeBinary(16), primary_key=True),
    Column("state", String(16), nullable=False),
)

# MAC addresses that ports get are those of the ranges that are Active.
mac_range = Table(
    "mac_range",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
)

# MAC addresses that Alcor's MAC Manager gave out to no port that is here.
mac_reservation = Table(
    "mac_reservation",
    metadata,
    Column("mac_address", BigInteger, primary_key=True),
    Column("project_id", String(255), nullable=False),
    Column("vpc_id", String(255), nullable=False),
    Column("port_id", String(255), nullable=False),
    Column("state", String(16), nullable=False),
)
