"""Flavors, metering labels and logs"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns, standard_columns

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "metering_label",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(1024), nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_metering_label"),
    )
    op.create_index("ix_metering_label_project_id", "metering_label", ["project_id", "id"])
    op.create_table(
        "metering_label_rule",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("metering_label_id", sa.String(36), nullable=False),
        sa.Column("direction", sa.String(16), nullable=False),
        sa.Column("excluded", sa.Boolean, nullable=False),
        sa.Column("remote_ip_prefix", sa.String(64), nullable=True),
        sa.Column("source_ip_prefix", sa.String(64), nullable=True),
        sa.Column("destination_ip_prefix", sa.String(64), nullable=True),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_metering_label_rule"),
    )
    op.create_index("ix_metering_label_rule_metering_label_id", "metering_label_rule", ["metering_label_id", "id"])
    op.create_index("ix_metering_label_rule_project_id", "metering_label_rule", ["project_id", "id"])
    op.create_table(
        "log",
        *standard_columns(),
        sa.Column("resource_type", sa.String(255), nullable=False),
        sa.Column("resource_id", sa.String(36), nullable=True),
        sa.Column("target_id", sa.String(36), nullable=True),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_log"),
    )
    op.create_index("ix_log_project_id", "log", ["project_id", "id"])
    op.create_index("ix_log_resource_id", "log", ["resource_id"])
    op.create_index("ix_log_target_id", "log", ["target_id"])
    op.create_table(
        "flavor",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(1024), nullable=False),
        sa.Column("service_type", sa.String(36), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        *revision_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_flavor"),
    )
    op.create_table(
        "service_profile",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("description", sa.String(1024), nullable=False),
        sa.Column("driver", sa.String(1024), nullable=False),
        sa.Column("metainfo", sa.String(4096), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        *revision_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_service_profile"),
    )
    op.create_table(
        "flavor_service_profile",
        sa.Column("flavor_id", sa.String(36), nullable=False),
        sa.Column("service_profile_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("flavor_id", "service_profile_id", name="pk_flavor_service_profile"),
    )
    op.create_index("ix_flavor_service_profile_service_profile_id", "flavor_service_profile", ["service_profile_id"])
