"""Routers of VPCs and route tables"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import standard_columns

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.create_table(
        "vpc_router",
        *standard_columns(),
        sa.Column("vpc_id", sa.String(36), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vpc_router"),
    )
    op.create_index("ix_vpc_router_vpc_id", "vpc_router", ["vpc_id"], unique=True)
    op.create_table(
        "route_table",
        *standard_columns(),
        sa.Column("vpc_id", sa.String(36), nullable=False),
        sa.Column("owner", sa.String(36), nullable=False),
        sa.Column("route_table_type", sa.String(16), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_route_table"),
    )
    op.create_index("ix_route_table_owner", "route_table", ["owner"], unique=True)
    op.create_index("ix_route_table_vpc_id", "route_table", ["vpc_id", "id"])
