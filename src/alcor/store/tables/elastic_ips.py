"""Elastic IPs and their ranges. The free addresses of all ranges of an IP version are one pool of numbers."""

from sqlalchemy import Column, Index, Integer, String, Table, Text

from alcor.store.tables.base import metadata, revision_columns, standard_columns

elastic_ip = Table(
    "elastic_ip",
    metadata,
    *standard_columns(),
    Column("elastic_ip_version", Integer, nullable=False),
    Column("elastic_ip", String(64), nullable=False),
    Column("port_id", String(36), nullable=True),  # where it leads, if anywhere: to this address of this port
    Column("private_ip", String(64), nullable=True),
    Column("attributes", Text, nullable=False),
    Index("ix_elastic_ip_project_id", "project_id", "id"),
    Index("ix_elastic_ip_elastic_ip", "elastic_ip", unique=True),
    Index("ix_elastic_ip_port_id", "port_id", "private_ip", unique=True),
)

elastic_ip_range = Table(
    "elastic_ip_range",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("description", String(255), nullable=False),
    *revision_columns(),
    Column("ip_version", Integer, nullable=False),
    Column("attributes", Text, nullable=False),
)
