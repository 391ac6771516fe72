"""Tags of resources, to be looked for"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "tag",
        sa.Column("resource_id", sa.String(36), nullable=False),
        sa.Column("tag", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("resource_id", "tag", name="pk_tag"),
    )
    op.create_index("ix_tag_tag", "tag", ["tag", "resource_id"])
