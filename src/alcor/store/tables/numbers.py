"""Pools of numbers: addresses, VNIs, MAC addresses, host indexes."""

from sqlalchemy import Column, LargeBinary, String, Table

from alcor.store.tables.base import metadata

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

# Where the next number is taken: after the last one given out, so that a freed number rests before it is used again.
number_pool = Table(
    "number_pool",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("cursor", LargeBinary(16), nullable=False),
)
