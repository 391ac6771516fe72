"""Where each subnet begins, to find the one that another would overlap with"""

import ipaddress

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_CIDRS = sa.text("SELECT id, cidr FROM subnet")
_SET = sa.text("UPDATE subnet SET first_address = :first WHERE id = :id")


def upgrade() -> None:
    op.add_column(
        "subnet", sa.Column("first_address", sa.LargeBinary(16), nullable=False, server_default=sa.text("''"))
    )
    connection = op.get_bind()
    subnets = [
        {"id": row.id, "first": ipaddress.ip_network(row.cidr).network_address.packed}
        for row in connection.execute(_CIDRS)
    ]
    if subnets:
        connection.execute(_SET, subnets)
    op.create_index("ix_subnet_first_address", "subnet", ["network_id", "ip_version", "first_address"])
