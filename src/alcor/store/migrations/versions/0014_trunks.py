"""Trunks and their sub-ports"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import standard_columns

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "trunk",
        *standard_columns(),
        sa.Column("admin_state_up", sa.Boolean, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("port_id", sa.String(36), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["port_id"], ["port.id"], name=op.f("fk_trunk_port_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trunk")),
        sa.UniqueConstraint("port_id", name=op.f("uq_trunk_port_id")),
    )
    op.create_index("ix_trunk_project_id", "trunk", ["project_id", "id"])
    op.create_table(
        "sub_port",
        sa.Column("port_id", sa.String(36), nullable=False),
        sa.Column("trunk_id", sa.String(36), nullable=False),
        sa.Column("segmentation_type", sa.String(32), nullable=False),
        sa.Column("segmentation_id", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["port_id"], ["port.id"], name=op.f("fk_sub_port_port_id")),
        sa.ForeignKeyConstraint(["trunk_id"], ["trunk.id"], name=op.f("fk_sub_port_trunk_id")),
        sa.PrimaryKeyConstraint("port_id", name=op.f("pk_sub_port")),
        sa.UniqueConstraint(
            "trunk_id",
            "segmentation_type",
            "segmentation_id",
            name=op.f("uq_sub_port_trunk_id_segmentation_type_segmentation_id"),
        ),
    )
