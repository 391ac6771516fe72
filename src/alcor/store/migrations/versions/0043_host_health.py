"""How hosts do, and which of them do not reach which others"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.create_table(
        "host_health",
        sa.Column("host_id", sa.String(length=255), nullable=False),
        sa.Column("data_plane", sa.String(length=16), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("probed", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host_id", name=op.f("pk_host_health")),
    )
    op.create_table(
        "unreached_host",
        sa.Column("host_id", sa.String(length=255), nullable=False),
        sa.Column("peer_id", sa.String(length=255), nullable=False),
        sa.Column("fault", sa.String(length=32), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host_id", "peer_id", name=op.f("pk_unreached_host")),
    )
    op.create_index("ix_unreached_host_peer_id", "unreached_host", ["peer_id"])
