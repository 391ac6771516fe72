"""Security groups, their rules, the ports that are members, and address groups."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from alcor.store.tables.base import metadata, revision_columns, standard_columns

security_group = Table(
    "security_group",
    metadata,
    *standard_columns(),
    Column("stateful", Boolean, nullable=False),
    Column("is_default", Boolean, nullable=False),  # of its project
    Column("attributes", Text, nullable=False),
    Index("ix_security_group_project_id", "project_id", "id"),
)

# Whether new groups are stateful that do not say; project_id is NULL in the setting for any project.
security_group_default_statefulness = Table(
    "security_group_default_statefulness",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(255), nullable=True),
    Column("stateful", Boolean, nullable=False),
    *revision_columns(),
    Column("attributes", Text, nullable=False),
    Index("ix_security_group_default_statefulness_project_id", "project_id", unique=True),
)


def _rule_columns() -> list[Column[object]]:
    return [
        Column("direction", String(8), nullable=False),
        Column("ethertype", String(8), nullable=False),
        Column("protocol", String(16), nullable=True),
        Column("port_range_min", Integer, nullable=True),
        Column("port_range_max", Integer, nullable=True),
        Column("remote_group_id", String(36), nullable=True),
        Column("remote_address_group_id", String(36), nullable=True),
        Column("remote_ip_prefix", String(64), nullable=True),
    ]


security_group_rule = Table(
    "security_group_rule",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(255), nullable=False),
    Column("description", String(255), nullable=False),
    *revision_columns(),
    Column("security_group_id", String(36), ForeignKey("security_group.id"), nullable=False),
    *_rule_columns(),
    Column("normalized_cidr", String(64), nullable=True),
    Column("belongs_to_default_sg", Boolean, nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_security_group_rule_project_id", "project_id", "id"),
    Index("ix_security_group_rule_security_group_id", "security_group_id", "id"),
    Index("ix_security_group_rule_remote_group_id", "remote_group_id"),
    Index("ix_security_group_rule_remote_address_group_id", "remote_address_group_id"),
)

default_security_group_rule = Table(
    "default_security_group_rule",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("description", String(255), nullable=False),
    *revision_columns(),
    *_rule_columns(),
    Column("used_in_default_sg", Boolean, nullable=False),
    Column("used_in_non_default_sg", Boolean, nullable=False),
    Column("attributes", Text, nullable=False),
)

# Who is a member of which groups. Writers take turns, so that services see to what refers to what: foreign keys would
# have it checked again for each of many new ports.
port_security_group = Table(
    "port_security_group",
    metadata,
    Column("port_id", String(36), primary_key=True),
    Column("security_group_id", String(36), primary_key=True),
    Column("guest", String(255), nullable=True),  # the project of the port, where the group is another's
    Index("ix_port_security_group_security_group_id", "security_group_id", "port_id"),
    Index(
        "ix_port_security_group_guest",
        "security_group_id",
        "guest",
        sqlite_where=text("guest IS NOT NULL"),
        postgresql_where=text("guest IS NOT NULL"),
    ),
)

# How many of its ports are bound to hosts, for a group that ever had any, and whether what changes of it is published
# for all their hosts at once. It changes with ports: the group's own row, which is shown, does not.
security_group_size = Table(
    "security_group_size",
    metadata,
    Column("security_group_id", String(36), primary_key=True),
    Column("bound_ports", Integer, nullable=False),
    Column("queued", Boolean, nullable=False),
)

address_group = Table(
    "address_group",
    metadata,
    *standard_columns(),
    Column("attributes", Text, nullable=False),
    Index("ix_address_group_project_id", "project_id", "id"),
)
