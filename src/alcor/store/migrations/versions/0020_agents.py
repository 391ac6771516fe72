"""Nodes as agents"""

from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    agent = op.create_table(
        "agent",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("availability_zone", sa.String(255), nullable=False),
        sa.Column("admin_state_up", sa.Boolean, nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        sa.Column("is_deleted", sa.Boolean, nullable=False),
        *revision_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agent"),
        sa.UniqueConstraint("host", name="uq_agent_host"),
    )
    op.create_index("ix_agent_availability_zone", "agent", ["availability_zone", "admin_state_up"])
    op.create_index("ix_agent_is_deleted", "agent", ["is_deleted"])
    connection = op.get_bind()
    nodes = connection.execute(sa.text("SELECT id, created_at, updated_at FROM node")).all()
    if nodes:
        kept = {
            "availability_zone": "nova",
            "admin_state_up": True,
            "description": "",
            "is_deleted": False,
            "revision_number": 1,
            "attributes": "{}",
        }
        rows = [
            kept
            | {
                "id": str(uuid5(NAMESPACE_URL, f"alcor:agent:{each.id}")),
                "host": each.id,
                "created_at": each.created_at,
                "updated_at": each.updated_at,
            }
            for each in nodes
        ]
        connection.execute(sa.insert(agent), rows)
