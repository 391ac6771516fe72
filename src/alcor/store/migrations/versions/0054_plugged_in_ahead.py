"""Whether a port's interface is known to be at a host that the port is to migrate to"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    column = sa.Column("plugged_in", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("port_binding", column)
