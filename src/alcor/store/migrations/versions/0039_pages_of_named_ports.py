"""Indexes by which pages are found of a subnet's ports, and of those that the cloud made for a project"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.create_index("ix_ip_allocation_subnet_id", "ip_allocation", ["subnet_id", "port_id"])
    of_networks = sa.text("device_owner LIKE 'network:%'")
    op.create_index(
        "ix_port_project_id_device_owner",
        "port",
        ["project_id", "device_owner", "id"],
        sqlite_where=of_networks,
        postgresql_where=of_networks,
    )
