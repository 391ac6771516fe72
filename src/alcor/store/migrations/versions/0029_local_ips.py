"""Local IPs"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns, standard_columns

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "local_ip",
        *standard_columns(1024),
        sa.Column("local_port_id", sa.String(36), nullable=False),
        sa.Column("network_id", sa.String(36), nullable=False),
        sa.Column("local_ip_address", sa.String(64), nullable=False),
        sa.Column("ip_mode", sa.String(16), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_local_ip"),
    )
    op.create_index("ix_local_ip_project_id", "local_ip", ["project_id", "id"])
    op.create_index("ix_local_ip_local_port_id", "local_ip", ["local_port_id"])
    op.create_table(
        "local_ip_association",
        sa.Column("id", sa.String(73), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("local_ip_id", sa.String(36), nullable=False),
        sa.Column("fixed_port_id", sa.String(36), nullable=False),
        sa.Column("fixed_ip", sa.String(64), nullable=False),
        *revision_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_local_ip_association"),
    )
    op.create_index("ix_local_ip_association_local_ip_id", "local_ip_association", ["local_ip_id", "id"])
    op.create_index("ix_local_ip_association_fixed_port_id", "local_ip_association", ["fixed_port_id"])
