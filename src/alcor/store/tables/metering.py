"""What of the traffic is to be measured, and what is to be logged."""

from sqlalchemy import Boolean, Column, Index, String, Table, Text

from alcor.store.tables.base import metadata, standard_columns

metering_label = Table(
    "metering_label",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("description", String(1024), nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_metering_label_project_id", "project_id", "id"),
)

metering_label_rule = Table(
    "metering_label_rule",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", String(255), nullable=False),
    Column("metering_label_id", String(36), nullable=False),
    Column("direction", String(16), nullable=False),
    Column("excluded", Boolean, nullable=False),
    Column("remote_ip_prefix", String(64), nullable=True),
    Column("source_ip_prefix", String(64), nullable=True),
    Column("destination_ip_prefix", String(64), nullable=True),
    Column("attributes", Text, nullable=False),
    Index("ix_metering_label_rule_metering_label_id", "metering_label_id", "id"),
    Index("ix_metering_label_rule_project_id", "project_id", "id"),
)

log = Table(
    "log",
    metadata,
    *standard_columns(),
    Column("resource_type", String(255), nullable=False),
    Column("resource_id", String(36), nullable=True),
    Column("target_id", String(36), nullable=True),  # a port
    Column("event", String(16), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_log_project_id", "project_id", "id"),
    Index("ix_log_resource_id", "resource_id"),
    Index("ix_log_target_id", "target_id"),
)
