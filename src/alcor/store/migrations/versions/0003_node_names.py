"""Finding nodes by their names"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_node_name", "node", ["name", "id"], unique=False)
