"""What networks are made of."""

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table, Text

from alcor.store.tables.base import metadata, standard_columns

# The main segment of a network is the one that its own row has, too; others are beside it.
segment = Table(
    "segment",
    metadata,
    *standard_columns(),
    Column("network_id", String(36), nullable=False),
    Column("network_type", String(32), nullable=False),
    Column("physical_network", String(64), nullable=True),
    Column("segmentation_id", BigInteger, nullable=True),
    Column("is_main", Boolean, nullable=False),
    Column("attributes", Text, nullable=False),
    Index("ix_segment_network_id", "network_id", "id"),
    Index("ix_segment_physical_network", "network_type", "physical_network", "segmentation_id"),
    Index("ix_segment_project_id", "project_id", "id"),
)
