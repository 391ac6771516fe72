"""Whether new security groups are stateful that do not say"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.create_table(
        "security_group_default_statefulness",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=True),
        sa.Column("stateful", sa.Boolean, nullable=False),
        *revision_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_security_group_default_statefulness"),
    )
    op.create_index(
        "ix_security_group_default_statefulness_project_id",
        "security_group_default_statefulness",
        ["project_id"],
        unique=True,
    )
