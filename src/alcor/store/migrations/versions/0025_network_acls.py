"""Network ACLs"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import standard_columns

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "network_acl",
        *standard_columns(),
        sa.Column("vpc_id", sa.String(36), nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_network_acl"),
    )
    op.create_index("ix_network_acl_project_id", "network_acl", ["project_id", "id"])
    op.create_index("ix_network_acl_vpc_id", "network_acl", ["vpc_id", "is_default"])
    op.create_table(
        "network_acl_subnet",
        sa.Column("subnet_id", sa.String(36), nullable=False),
        sa.Column("network_acl_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("subnet_id", name="pk_network_acl_subnet"),
    )
    op.create_index("ix_network_acl_subnet_network_acl_id", "network_acl_subnet", ["network_acl_id", "subnet_id"])
    op.create_table(
        "network_acl_rule",
        *standard_columns(),
        sa.Column("network_acl_id", sa.String(36), nullable=False),
        sa.Column("direction", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("protocol", sa.String(16), nullable=False),
        sa.Column("ether_type", sa.String(16), nullable=True),
        sa.Column("ip_prefix", sa.String(64), nullable=True),
        sa.Column("port_range_min", sa.Integer, nullable=True),
        sa.Column("port_range_max", sa.Integer, nullable=True),
        sa.Column("icmp_type", sa.Integer, nullable=True),
        sa.Column("icmp_code", sa.Integer, nullable=True),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_network_acl_rule"),
    )
    op.create_index("ix_network_acl_rule_network_acl_id", "network_acl_rule", ["network_acl_id", "direction", "number"])
    op.create_index("ix_network_acl_rule_project_id", "network_acl_rule", ["project_id", "id"])
