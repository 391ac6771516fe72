"""Conntrack helpers of routers"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "conntrack_helper",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("router_id", sa.String(36), nullable=False),
        sa.Column("protocol", sa.String(16), nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("helper", sa.String(64), nullable=False),
        *revision_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conntrack_helper"),
    )
    op.create_index("ix_conntrack_helper_router_id", "conntrack_helper", ["router_id", "id"])
