"""QoS policies"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns, standard_columns

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "qos_policy",
        *standard_columns(),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_qos_policy"),
    )
    op.create_index("ix_qos_policy_project_id", "qos_policy", ["project_id", "id"])
    op.create_table(
        "qos_rule",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("qos_policy_id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("direction", sa.String(16), nullable=True),
        sa.Column("rate", sa.BigInteger, nullable=True),
        sa.Column("burst", sa.BigInteger, nullable=True),
        sa.Column("dscp_mark", sa.Integer, nullable=True),
        *revision_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_qos_rule"),
    )
    op.create_index("ix_qos_rule_qos_policy_id", "qos_rule", ["qos_policy_id", "id"])
    op.create_table(
        "qos_attachment",
        sa.Column("object_id", sa.String(36), nullable=False),
        sa.Column("object_type", sa.String(32), nullable=False),
        sa.Column("policy_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("object_id", name="pk_qos_attachment"),
    )
    op.create_index("ix_qos_attachment_policy_id", "qos_attachment", ["policy_id"])
