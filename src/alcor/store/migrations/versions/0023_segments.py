"""Segments of networks"""

import uuid

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import standard_columns

revision = "0023"
down_revision = "0022"

_MAIN = sa.text(
    "INSERT INTO segment (id, project_id, name, description, revision_number, created_at, updated_at, network_id, "
    "network_type, physical_network, segmentation_id, is_main, attributes) VALUES (:id, :project_id, '', '', 1, :at, "
    ":at, :network_id, 'vxlan', NULL, :vni, true, '{}')"
)


def upgrade() -> None:
    op.create_table(
        "segment",
        *standard_columns(),
        sa.Column("network_id", sa.String(36), nullable=False),
        sa.Column("network_type", sa.String(32), nullable=False),
        sa.Column("physical_network", sa.String(64), nullable=True),
        sa.Column("segmentation_id", sa.BigInteger, nullable=True),
        sa.Column("is_main", sa.Boolean, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segment"),
    )
    op.create_index("ix_segment_network_id", "segment", ["network_id", "id"])
    op.create_index("ix_segment_physical_network", "segment", ["network_type", "physical_network", "segmentation_id"])
    op.create_index("ix_segment_project_id", "segment", ["project_id", "id"])
    op.add_column("subnet", sa.Column("segment_id", sa.String(36), nullable=True))
    op.create_index("ix_subnet_segment_id", "subnet", ["segment_id"])
    connection = op.get_bind()
    rows = [
        {
            "id": str(uuid.uuid4()),
            "project_id": each.project_id,
            "network_id": each.id,
            "vni": each.segmentation_id,
            "at": each.created_at,
        }
        for each in connection.execute(sa.text("SELECT id, project_id, segmentation_id, created_at FROM network"))
    ]
    if rows:
        connection.execute(_MAIN, rows)
