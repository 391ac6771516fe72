"""Networks that projects have because they asked for any, each with its router"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_table(
        "auto_allocated_topology",
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("network_id", sa.String(36), nullable=False),
        sa.Column("router_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_auto_allocated_topology"),
    )
    op.create_index("ix_auto_allocated_topology_network_id", "auto_allocated_topology", ["network_id"])
