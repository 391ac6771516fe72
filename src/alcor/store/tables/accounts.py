"""What is kept about resources of every kind."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text, UniqueConstraint

from alcor.store.tables.base import metadata, revision_columns

# Tags by which resources are looked for, of every kind; each resource's own row has its tags, too, to be shown.
tag = Table(
    "tag",
    metadata,
    Column("resource_id", String(36), primary_key=True),
    Column("tag", String(255), primary_key=True),
    Index("ix_tag_tag", "tag", "resource_id"),
)

# How many resources of a kind a project may have, -1 for any number; there is no row where the default holds.
quota = Table(
    "quota",
    metadata,
    Column("project_id", String(255), primary_key=True),
    Column("resource", String(64), primary_key=True),
    Column("most", BigInteger, nullable=False),
)

# How many resources of a kind a project has: triggers on the kinds' tables keep it, whatever adds or deletes rows.
quota_usage = Table(
    "quota_usage",
    metadata,
    Column("project_id", String(255), primary_key=True),
    Column("resource", String(64), primary_key=True),
    Column("used", BigInteger, nullable=False),
)

# What somebody set aside for a project, beside what it has, to be created in another way (Alcor's quota apply).
quota_reservation = Table(
    "quota_reservation",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("resource", String(64), primary_key=True),
    Column("project_id", String(255), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Index("ix_quota_reservation_project_id", "project_id", "resource"),
)

# What projects share with others: who (a project, or * for all) may do what with a resource of another.
rbac_policy = Table(
    "rbac_policy",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(255), nullable=False),
    Column("object_type", String(64), nullable=False),
    Column("object_id", String(36), nullable=False),
    Column("action", String(64), nullable=False),
    Column("target_project", String(255), nullable=False),
    *revision_columns(),
    Column("attributes", Text, nullable=False),
    UniqueConstraint("object_id", "object_type", "action", "target_project"),
    Index("ix_rbac_policy_target_project", "target_project", "object_type"),
    Index("ix_rbac_policy_project_id", "project_id", "id"),
)

# The network that a project has because it asked for any, and the router that leads from there to the outside.
auto_allocated_topology = Table(
    "auto_allocated_topology",
    metadata,
    Column("project_id", String(255), primary_key=True),
    Column("network_id", String(36), nullable=False),
    Column("router_id", String(36), nullable=False),
    Index("ix_auto_allocated_topology_network_id", "network_id"),
)
