"""What hosts carry a network as is beside what clients know it as"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.execute("ALTER TABLE network RENAME COLUMN segmentation_id TO vni")
    op.add_column("network", sa.Column("segmentation_id", sa.BigInteger, nullable=True))
    op.execute("UPDATE network SET segmentation_id = vni")
    op.create_index("ix_network_segmentation_id", "network", ["segmentation_id", "id"])
    op.add_column("network_segment_range", sa.Column("physical_network", sa.String(64), nullable=True))
