"""How many ports of each VPC are bound to a host, and whether it is on demand

The records of VPCs say from now on what was decided, in the place where they said what was set. So the entries of the
change log go: a reader that had not read them yet finds them trimmed, and reads the tables.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ABOVE = 1000
"""The limit for VPCs whose setting is "auto"; one of another limit is found at the next change of the VPC's ports."""

_COUNT = (
    "UPDATE network SET bound_ports = "
    "(SELECT count(*) FROM port WHERE port.network_id = network.id AND port.host_id <> '')"
)
_PERHAPS_ON_DEMAND = (
    "SELECT id, bound_ports, attributes FROM network WHERE bound_ports > :above OR attributes LIKE '%\"programming\"%'"
)
_ON_DEMAND = "UPDATE network SET on_demand = :on_demand WHERE id = :id"


def upgrade() -> None:
    op.add_column("network", sa.Column("bound_ports", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("network", sa.Column("on_demand", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(_COUNT)
    connection = op.get_bind()
    on_demand = []
    for row in connection.execute(sa.text(_PERHAPS_ON_DEMAND), {"above": _ABOVE}):
        setting = json.loads(row.attributes).get("programming", "auto")
        if setting == "on_demand" or (setting == "auto" and row.bound_ports > _ABOVE):
            on_demand.append({"id": row.id, "on_demand": True})
    if on_demand:
        connection.execute(sa.text(_ON_DEMAND), on_demand)
    op.execute("DELETE FROM change_log")
