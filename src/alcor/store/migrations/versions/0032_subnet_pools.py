"""Subnet pools, of which subnets may be, and address scopes"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns, standard_columns

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "address_scope",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("ip_version", sa.Integer, nullable=False),
        *revision_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_address_scope"),
    )
    op.create_index("ix_address_scope_project_id", "address_scope", ["project_id", "id"])
    op.create_table(
        "subnetpool",
        *standard_columns(),
        sa.Column("ip_version", sa.Integer, nullable=False),
        sa.Column("min_prefixlen", sa.Integer, nullable=False),
        sa.Column("max_prefixlen", sa.Integer, nullable=False),
        sa.Column("default_prefixlen", sa.Integer, nullable=False),
        sa.Column("default_quota", sa.BigInteger, nullable=True),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("address_scope_id", sa.String(36), nullable=True),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subnetpool"),
    )
    op.create_index("ix_subnetpool_project_id", "subnetpool", ["project_id", "id"])
    op.create_index("ix_subnetpool_address_scope_id", "subnetpool", ["address_scope_id"])
    op.create_table(
        "free_prefix",
        sa.Column("pool_id", sa.String(36), nullable=False),
        sa.Column("first", sa.LargeBinary(16), nullable=False),
        sa.Column("prefixlen", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("pool_id", "first", name="pk_free_prefix"),
    )
    op.create_index("ix_free_prefix_prefixlen", "free_prefix", ["pool_id", "prefixlen", "first"])
    op.add_column("subnet", sa.Column("subnetpool_id", sa.String(36), nullable=True))
    op.create_index("ix_subnet_subnetpool_id", "subnet", ["subnetpool_id", "project_id"])
