"""An index of the ports that have names"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    named = sa.text("name <> ''")
    op.create_index("ix_port_name", "port", ["name", "id"], sqlite_where=named, postgresql_where=named)
