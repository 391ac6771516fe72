"""QoS policies, their rules, and what they are attached to."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from alcor.store.tables.base import metadata, revision_columns, standard_columns

qos_policy = Table(
    "qos_policy",
    metadata,
    *standard_columns(),
    Column("is_default", Boolean, nullable=False),  # of its project; one at most is
    Column("attributes", Text, nullable=False),
    Index("ix_qos_policy_project_id", "project_id", "id"),
)

# Rules of all types: NULL where a type has no such thing.
qos_rule = Table(
    "qos_rule",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("qos_policy_id", String(36), nullable=False),
    Column("type", String(32), nullable=False),
    Column("direction", String(16), nullable=True),
    Column("rate", BigInteger, nullable=True),  # kbit/s, or thousands of packets a second
    Column("burst", BigInteger, nullable=True),
    Column("dscp_mark", Integer, nullable=True),
    *revision_columns(),
    Column("attributes", Text, nullable=False),
    Index("ix_qos_rule_qos_policy_id", "qos_policy_id", "id"),
)

# Which policy networks, ports, floating IPs and routers have; each one's own row has it, too, to be shown.
qos_attachment = Table(
    "qos_attachment",
    metadata,
    Column("object_id", String(36), primary_key=True),
    Column("object_type", String(32), nullable=False),
    Column("policy_id", String(36), nullable=False),
    Index("ix_qos_attachment_policy_id", "policy_id"),
)
