"""Which controller each host is connected to"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "controller",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_controller")),
    )
    op.create_table(
        "host_session",
        sa.Column("host_id", sa.String(length=255), nullable=False),
        sa.Column("session_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("controller_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("host_id", name=op.f("pk_host_session")),
    )
    op.create_index("ix_host_session_controller_id", "host_session", ["controller_id"], unique=False)
