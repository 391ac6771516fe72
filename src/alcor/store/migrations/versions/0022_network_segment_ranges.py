"""Ranges of VNIs"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import standard_columns

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "network_segment_range",
        *standard_columns(),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("network_type", sa.String(32), nullable=False),
        sa.Column("minimum", sa.BigInteger, nullable=False),
        sa.Column("maximum", sa.BigInteger, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_network_segment_range"),
    )
    op.create_index("ix_network_segment_range_project_id", "network_segment_range", ["project_id", "id"])
    op.execute(
        "INSERT INTO network_segment_range (id, project_id, name, description, revision_number, created_at, "
        "updated_at, is_default, shared, network_type, minimum, maximum, attributes) VALUES "
        "('00000000-0000-4000-8000-000000766e69', '', '', '', 1, 0, 0, true, true, 'vxlan', 1, 16777215, '{}')"
    )
