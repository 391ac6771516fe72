"""Routers and floating IPs"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns, standard_columns

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "router",
        *standard_columns(),
        sa.Column("admin_state_up", sa.Boolean, nullable=False),
        sa.Column("enable_ndp_proxy", sa.Boolean, nullable=False),
        sa.Column("enable_snat", sa.Boolean, nullable=False),
        sa.Column("gw_port_id", sa.String(36), nullable=True),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_router"),
    )
    op.create_index("ix_router_project_id", "router", ["project_id", "id"])
    op.create_table(
        "floating_ip",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        *revision_columns(),
        sa.Column("floating_network_id", sa.String(36), nullable=False),
        sa.Column("floating_ip_address", sa.String(64), nullable=False),
        sa.Column("floating_port_id", sa.String(36), nullable=False),
        sa.Column("router_id", sa.String(36), nullable=True),
        sa.Column("port_id", sa.String(36), nullable=True),
        sa.Column("fixed_ip_address", sa.String(64), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_floating_ip"),
    )
    op.create_index("ix_floating_ip_project_id", "floating_ip", ["project_id", "id"])
    op.create_index("ix_floating_ip_port_id", "floating_ip", ["port_id"])
    op.create_index("ix_floating_ip_router_id", "floating_ip", ["router_id"])
    op.create_index("ix_floating_ip_floating_network_id", "floating_ip", ["floating_network_id", "id"])
    op.create_index("ix_floating_ip_floating_ip_address", "floating_ip", ["floating_ip_address"])
