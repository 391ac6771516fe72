"""Gateways"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import standard_columns

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "gateway",
        *standard_columns(),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gateway"),
    )
    op.create_index("ix_gateway_project_id", "gateway", ["project_id", "id"])
    op.create_table(
        "gateway_attachment",
        *standard_columns(),
        sa.Column("gateway_id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("resource_id", sa.String(36), nullable=False),
        sa.Column("route_table_id", sa.String(36), nullable=True),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gateway_attachment"),
    )
    op.create_index("ix_gateway_attachment_gateway_id", "gateway_attachment", ["gateway_id", "id"])
    op.create_index("ix_gateway_attachment_project_id", "gateway_attachment", ["project_id", "id"])
    op.create_index("ix_gateway_attachment_resource_id", "gateway_attachment", ["resource_id"])
    op.create_index("ix_gateway_attachment_route_table_id", "gateway_attachment", ["route_table_id"])
    op.create_table(
        "gateway_attachment_subnet",
        sa.Column("attachment_id", sa.String(36), nullable=False),
        sa.Column("subnet_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", "subnet_id", name="pk_gateway_attachment_subnet"),
    )
    op.create_index("ix_gateway_attachment_subnet_subnet_id", "gateway_attachment_subnet", ["subnet_id"])
    op.create_table(
        "gateway_route_table",
        *standard_columns(),
        sa.Column("gateway_id", sa.String(36), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gateway_route_table"),
    )
    op.create_index("ix_gateway_route_table_gateway_id", "gateway_route_table", ["gateway_id", "id"])
    op.create_index("ix_gateway_route_table_project_id", "gateway_route_table", ["project_id", "id"])
    op.create_table(
        "gateway_propagation",
        sa.Column("route_table_id", sa.String(36), nullable=False),
        sa.Column("attachment_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("route_table_id", "attachment_id", name="pk_gateway_propagation"),
    )
    op.create_index("ix_gateway_propagation_attachment_id", "gateway_propagation", ["attachment_id"])
