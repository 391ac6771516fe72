"""Which members of a security group are ports of other projects"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"

_OF_ANOTHER = (
    "FROM port JOIN security_group ON security_group.id = port_security_group.security_group_id "
    "WHERE port.id = port_security_group.port_id AND port.project_id <> security_group.project_id"
)


def upgrade() -> None:
    op.add_column("port_security_group", sa.Column("guest", sa.String(255), nullable=True))
    op.get_bind().execute(
        sa.text(
            f"UPDATE port_security_group SET guest = (SELECT port.project_id {_OF_ANOTHER}) "
            f"WHERE EXISTS (SELECT 1 {_OF_ANOTHER})"
        )
    )
    where = sa.text("guest IS NOT NULL")
    op.create_index(
        "ix_port_security_group_guest",
        "port_security_group",
        ["security_group_id", "guest"],
        sqlite_where=where,
        postgresql_where=where,
    )
