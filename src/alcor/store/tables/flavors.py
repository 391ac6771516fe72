"""Flavors of services, and the profiles that make them."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from alcor.store.tables.base import metadata, revision_columns

flavor = Table(
    "flavor",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("description", String(1024), nullable=False),
    Column("service_type", String(36), nullable=False),
    Column("enabled", Boolean, nullable=False),
    *revision_columns(),
    Column("attributes", Text, nullable=False),
)

service_profile = Table(
    "service_profile",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("description", String(1024), nullable=False),
    Column("driver", String(1024), nullable=False),
    Column("metainfo", String(4096), nullable=False),
    Column("enabled", Boolean, nullable=False),
    *revision_columns(),
    Column("attributes", Text, nullable=False),
)

flavor_service_profile = Table(
    "flavor_service_profile",
    metadata,
    Column("flavor_id", String(36), primary_key=True),
    Column("service_profile_id", String(36), primary_key=True),
    Column("position", Integer, nullable=False),  # the first one is used
    Index("ix_flavor_service_profile_service_profile_id", "service_profile_id"),
)
