"""Authorities, join tokens, and how often a node was revoked"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    op.create_table(
        "authority",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("certificate", sa.Text, nullable=False),
        sa.Column("private_key", sa.Text, nullable=False),
        sa.Column("signs_from", sa.BigInteger, nullable=False),
        sa.Column("trusted_until", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_authority"),
    )
    op.create_table(
        "join_token",
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(32), nullable=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_join_token"),
    )
    op.create_index("ix_join_token_token_hash", "join_token", ["token_hash"], unique=True)
    op.add_column("node", sa.Column("generation", sa.BigInteger, nullable=False, server_default="0"))
