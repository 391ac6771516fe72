"""Whether what changes of a VPC is published for all its hosts at once"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.add_column("network", sa.Column("queued", sa.Boolean(), nullable=False, server_default=sa.false()))
