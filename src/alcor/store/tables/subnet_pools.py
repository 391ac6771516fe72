"""Pools that subnets' ranges are taken from, and the scopes within which their addresses are unique."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from alcor.store.tables.base import metadata, revision_columns, standard_columns

address_scope = Table(
    "address_scope",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("ip_version", Integer, nullable=False),
    *revision_columns(),
    Column("attributes", Text, nullable=False),
    Index("ix_address_scope_project_id", "project_id", "id"),
)

subnetpool = Table(
    "subnetpool",
    metadata,
    *standard_columns(),
    Column("ip_version", Integer, nullable=False),
    Column("min_prefixlen", Integer, nullable=False),
    Column("max_prefixlen", Integer, nullable=False),
    Column("default_prefixlen", Integer, nullable=False),
    Column("default_quota", BigInteger, nullable=True),  # of each project, in addresses (IPv6: in networks of /64)
    Column("is_default", Boolean, nullable=False),  # of its IP version; one at most is
    Column("address_scope_id", String(36), nullable=True),
    Column("attributes", Text, nullable=False),  # prefixes, …
    Index("ix_subnetpool_project_id", "project_id", "id"),
    Index("ix_subnetpool_address_scope_id", "address_scope_id"),
)

# What is free of a pool's prefixes, as the fewest prefixes that make it up; the subnets of the pool are the rest.
free_prefix = Table(
    "free_prefix",
    metadata,
    Column("pool_id", String(36), primary_key=True),
    Column("first", LargeBinary(16), primary_key=True),
    Column("prefixlen", Integer, nullable=False),
    Index("ix_free_prefix_prefixlen", "pool_id", "prefixlen", "first"),
)
