"""What is set aside of quotas, and Network Config Managers as nodes are told of them"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "quota_reservation",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", "resource", name=op.f("pk_quota_reservation")),
    )
    op.create_index("ix_quota_reservation_project_id", "quota_reservation", ["project_id", "resource"])
    op.create_table(
        "ncm",
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("uri", sa.String(1024), nullable=False),
        sa.Column("cap", sa.BigInteger, nullable=False),
        *revision_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ncm")),
    )
