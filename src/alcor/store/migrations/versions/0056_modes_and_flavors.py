"""Columns of how subnets give IPv6 addresses, and of the flavors of routers, to be looked for and ordered by"""

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"

_CHUNK = 5000
_MOVED = {"subnet": {"ipv6_address_mode": 32, "ipv6_ra_mode": 32}, "router": {"flavor_id": 36}}
_OWN = "('slaac', 'dhcpv6-stateless')"
_FOR_SOME = (
    f"""(attributes LIKE '%"service_types"%' OR coalesce(ipv6_address_mode, '') IN {_OWN} """
    f"OR coalesce(ipv6_ra_mode, '') IN {_OWN})"
)


def upgrade() -> None:
    for name in ("ix_subnet_for_some_ports", "ix_subnet_for_any_port"):
        op.drop_index(name, "subnet")
    for table, columns in _MOVED.items():
        for column, length in columns.items():
            op.add_column(table, sa.Column(column, sa.String(length)))
        _move(table, list(columns))
    for name, condition in (
        ("ix_subnet_for_some_ports", _FOR_SOME),
        ("ix_subnet_for_any_port", f"NOT {_FOR_SOME}"),
    ):
        where = sa.text(condition)
        op.create_index(name, "subnet", ["network_id", "ip_version", "id"], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_router_flavor_id", "router", ["flavor_id"])


def _move(table: str, columns: list[str]) -> None:
    """What the JSON says of each goes to its column."""
    said = " OR ".join(f"""attributes LIKE '%"{column}"%'""" for column in columns)
    rows = sa.text(f"SELECT id, attributes FROM {table} WHERE id > :after AND ({said}) ORDER BY id LIMIT :limit")
    values = ", ".join(f"{column} = :{column}" for column in columns)
    update = sa.text(f"UPDATE {table} SET {values}, attributes = :attributes WHERE id = :id")
    connection, after = op.get_bind(), ""
    while found := list(connection.execute(rows, {"after": after, "limit": _CHUNK})):
        changes = []
        for row in found:
            attributes = orjson.loads(row.attributes)
            moved = {column: attributes.pop(column, None) for column in columns}
            changes.append({"id": row.id, "attributes": orjson.dumps(attributes).decode(), **moved})
        connection.execute(update, changes)
        after = found[-1].id
