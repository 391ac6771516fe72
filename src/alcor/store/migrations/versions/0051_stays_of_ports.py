"""After which position of the change log hosts are heard about a port"""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    op.add_column("port", sa.Column("heard_after", sa.BigInteger(), nullable=False, server_default="0"))
