"""Indexes of the ports of a network by project, and of those that the cloud itself made for networks"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.create_index("ix_port_network_id_project_id", "port", ["network_id", "project_id", "id"])
    of_networks = sa.text("device_owner LIKE 'network:%'")
    for name, columns in (
        ("ix_port_network_id_device_owner", ["network_id", "device_owner", "id"]),
        ("ix_port_device_owner", ["device_owner", "id"]),
    ):
        op.create_index(name, "port", columns, sqlite_where=of_networks, postgresql_where=of_networks)
