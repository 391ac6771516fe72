"""Elastic IPs and their ranges"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns, standard_columns

revision = "0033"
down_revision = "0032"

_WIDTHS = {"elastic_ipv4": 4, "elastic_ipv6": 16}


def upgrade() -> None:
    op.create_table(
        "elastic_ip",
        *standard_columns(),
        sa.Column("elastic_ip_version", sa.Integer, nullable=False),
        sa.Column("elastic_ip", sa.String(64), nullable=False),
        sa.Column("port_id", sa.String(36), nullable=True),
        sa.Column("private_ip", sa.String(64), nullable=True),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_elastic_ip"),
    )
    op.create_index("ix_elastic_ip_project_id", "elastic_ip", ["project_id", "id"])
    op.create_index("ix_elastic_ip_elastic_ip", "elastic_ip", ["elastic_ip"], unique=True)
    op.create_index("ix_elastic_ip_port_id", "elastic_ip", ["port_id", "private_ip"], unique=True)
    op.create_table(
        "elastic_ip_range",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        *revision_columns(),
        sa.Column("ip_version", sa.Integer, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_elastic_ip_range"),
    )
    pool = sa.table("number_pool", sa.column("id", sa.String), sa.column("cursor", sa.LargeBinary))
    op.bulk_insert(pool, [{"id": name, "cursor": bytes(width)} for name, width in _WIDTHS.items()])
