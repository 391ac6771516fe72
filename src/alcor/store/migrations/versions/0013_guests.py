"""Which networks have ports of other projects"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_OF_OTHERS = sa.text(
    "UPDATE network SET guests = true WHERE EXISTS (SELECT 1 FROM port "
    "WHERE port.network_id = network.id AND port.project_id <> network.project_id)"
)


def upgrade() -> None:
    op.add_column("network", sa.Column("guests", sa.Boolean, nullable=False, server_default=sa.false()))
    op.get_bind().execute(_OF_OTHERS)
