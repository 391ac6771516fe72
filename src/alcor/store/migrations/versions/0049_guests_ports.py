"""Whose networks the ports of other projects are in"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"

_OF_OTHERS = sa.text(
    "UPDATE port SET guest_of = (SELECT network.project_id FROM network WHERE network.id = port.network_id) "
    "WHERE EXISTS (SELECT 1 FROM network "
    "WHERE network.id = port.network_id AND network.guests AND network.project_id <> port.project_id)"
)
_GUESTS = "guest_of IS NOT NULL"
_NETWORKS_GUESTS = "guest_of IS NOT NULL AND device_owner LIKE 'network:%'"


def upgrade() -> None:
    op.add_column("port", sa.Column("guest_of", sa.String(255), nullable=True))
    op.get_bind().execute(_OF_OTHERS)
    _index("ix_port_guest_of", _GUESTS, "guest_of", "id")
    _index("ix_port_guest_of_network_id", _GUESTS, "guest_of", "network_id", "id")
    _index("ix_port_guest_of_device_owner", _NETWORKS_GUESTS, "guest_of", "device_owner", "id")


def _index(name: str, condition: str, *columns: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "port", columns, sqlite_where=where, postgresql_where=where)
