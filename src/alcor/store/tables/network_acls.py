"""Network ACLs. What holds for a subnet is found from its id: its ACL, and that one's rules in their order."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from alcor.store.tables.base import metadata, standard_columns

network_acl = Table(
    "network_acl",
    metadata,
    *standard_columns(),
    Column("vpc_id", String(36), nullable=False),
    Column("is_default", Boolean, nullable=False),  # of its VPC; one at most is
    Column("attributes", Text, nullable=False),
    Index("ix_network_acl_project_id", "project_id", "id"),
    Index("ix_network_acl_vpc_id", "vpc_id", "is_default"),
)

network_acl_subnet = Table(
    "network_acl_subnet",
    metadata,
    Column("subnet_id", String(36), primary_key=True),
    Column("network_acl_id", String(36), nullable=False),
    Index("ix_network_acl_subnet_network_acl_id", "network_acl_id", "subnet_id"),
)

network_acl_rule = Table(
    "network_acl_rule",
    metadata,
    *standard_columns(),
    Column("network_acl_id", String(36), nullable=False),
    Column("direction", String(16), nullable=False),
    Column("number", Integer, nullable=False),
    Column("action", String(16), nullable=False),
    Column("protocol", String(16), nullable=False),
    Column("ether_type", String(16), nullable=True),  # NULL for both, or what the prefix is of
    Column("ip_prefix", String(64), nullable=True),
    Column("port_range_min", Integer, nullable=True),
    Column("port_range_max", Integer, nullable=True),
    Column("icmp_type", Integer, nullable=True),
    Column("icmp_code", Integer, nullable=True),
    Column("attributes", Text, nullable=False),
    Index("ix_network_acl_rule_network_acl_id", "network_acl_id", "direction", "number"),
    Index("ix_network_acl_rule_project_id", "project_id", "id"),
)
