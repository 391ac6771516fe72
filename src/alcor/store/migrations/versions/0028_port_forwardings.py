"""Port forwardings"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "port_forwarding",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("floatingip_id", sa.String(36), nullable=False),
        sa.Column("protocol", sa.String(16), nullable=False),
        sa.Column("internal_port_id", sa.String(36), nullable=False),
        sa.Column("internal_ip_address", sa.String(64), nullable=False),
        sa.Column("internal_port", sa.Integer, nullable=True),
        sa.Column("internal_port_range", sa.String(11), nullable=False),
        sa.Column("internal_first", sa.Integer, nullable=False),
        sa.Column("internal_last", sa.Integer, nullable=False),
        sa.Column("external_port", sa.Integer, nullable=True),
        sa.Column("external_port_range", sa.String(11), nullable=False),
        sa.Column("external_first", sa.Integer, nullable=False),
        sa.Column("external_last", sa.Integer, nullable=False),
        sa.Column("description", sa.String(1024), nullable=False),
        *revision_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_port_forwarding"),
    )
    op.create_index("ix_port_forwarding_floatingip_id", "port_forwarding", ["floatingip_id", "id"])
    op.create_index("ix_port_forwarding_internal_port_id", "port_forwarding", ["internal_port_id"])
