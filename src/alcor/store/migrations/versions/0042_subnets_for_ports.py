"""Indexes of the subnets that ports are given addresses of, and of which pools those beside them are"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"

_FOR_SOME = (
    """(attributes LIKE '%"service_types"%' OR attributes LIKE '%"slaac"%' OR attributes LIKE '%"dhcpv6-stateless"%')"""
)


def upgrade() -> None:
    for name, condition, columns in (
        ("ix_subnet_for_some_ports", _FOR_SOME, ["network_id", "ip_version", "id"]),
        ("ix_subnet_for_any_port", f"NOT {_FOR_SOME}", ["network_id", "ip_version", "id"]),
    ):
        where = sa.text(condition)
        op.create_index(name, "subnet", columns, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_subnet_pools_beside", "subnet", ["network_id", "ip_version", "subnetpool_id"])
