"""Where each Network Config Manager is asked"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("controller", sa.Column("ncm_address", sa.String(255), nullable=True))
