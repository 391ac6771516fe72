"""What projects share with others"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "rbac_policy",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("object_type", sa.String(64), nullable=False),
        sa.Column("object_id", sa.String(36), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("target_project", sa.String(255), nullable=False),
        *revision_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rbac_policy")),
        sa.UniqueConstraint(
            "object_id",
            "object_type",
            "action",
            "target_project",
            name=op.f("uq_rbac_policy_object_id_object_type_action_target_project"),
        ),
    )
    op.create_index("ix_rbac_policy_target_project", "rbac_policy", ["target_project", "object_type"])
    op.create_index("ix_rbac_policy_project_id", "rbac_policy", ["project_id", "id"])
