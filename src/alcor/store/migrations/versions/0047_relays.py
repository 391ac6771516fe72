"""Which hosts are led to their controller by another one, and the secret by which these know each other"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.add_column(
        "host_session", sa.Column("relay", sa.String(length=255), nullable=False, server_default=sa.text("''"))
    )
    op.create_table(
        "secret",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secret")),
    )
