"""How many hosts each controller serves"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("controller", sa.Column("hosts", sa.BigInteger(), nullable=True))
