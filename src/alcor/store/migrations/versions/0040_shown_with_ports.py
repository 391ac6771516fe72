"""Ports have in their rows what they show of other tables: their addresses and security groups"""

from collections import defaultdict
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

from alcor.model.addresses import ip_text

revision = "0040"
down_revision = "0039"

_CHUNK = 5000
_NOTHING = '{"fixed_ips":[],"security_groups":[]}'
_PORTS = sa.text("SELECT id FROM port WHERE id > :after ORDER BY id LIMIT :limit")
_ALLOCATIONS = sa.text(
    "SELECT port_id, subnet_id, ip_address FROM ip_allocation WHERE port_id >= :first AND port_id <= :last "
    "ORDER BY port_id, position"
)
_GROUPS = sa.text(
    "SELECT port_id, security_group_id FROM port_security_group WHERE port_id >= :first AND port_id <= :last "
    "ORDER BY port_id, security_group_id"
)
_UPDATE = sa.text("UPDATE port SET shown = :shown WHERE id = :id")


def upgrade() -> None:
    op.add_column("port", sa.Column("shown", sa.Text, nullable=False, server_default=_NOTHING))
    connection, after = op.get_bind(), ""
    while ids := list(connection.execute(_PORTS, {"after": after, "limit": _CHUNK}).scalars()):
        span = {"first": ids[0], "last": ids[-1]}
        fixed_ips: dict[str, list[Any]] = defaultdict(list)
        groups: dict[str, list[str]] = defaultdict(list)
        for row in connection.execute(_ALLOCATIONS, span):
            address = {"subnet_id": row.subnet_id, "ip_address": ip_text(bytes(row.ip_address))}
            fixed_ips[row.port_id].append(address)
        for row in connection.execute(_GROUPS, span):
            groups[row.port_id].append(row.security_group_id)
        shown = ({"fixed_ips": fixed_ips[each], "security_groups": groups[each]} for each in ids)
        written = [{"id": each, "shown": orjson.dumps(its).decode()} for each, its in zip(ids, shown, strict=True)]
        connection.execute(_UPDATE, written)
        after = ids[-1]
