"""How many ports of each security group are bound, and whether what changes of it is published for all its hosts"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.create_table(
        "security_group_size",
        sa.Column("security_group_id", sa.String(length=36), nullable=False),
        sa.Column("bound_ports", sa.Integer(), nullable=False),
        sa.Column("queued", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("security_group_id", name=op.f("pk_security_group_size")),
    )
    op.execute(
        "INSERT INTO security_group_size (security_group_id, bound_ports, queued) "
        "SELECT security_group_id, count(*), false FROM port_security_group JOIN port ON port.id = port_id "
        "WHERE port.host_id <> '' GROUP BY security_group_id"
    )
