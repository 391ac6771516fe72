"""IP and MAC addresses given out to no port, and ranges of MAC addresses"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_FIRST_RANGE = ("range0", 0xFA163E000001, 0xFA163EFFFFFE, "Active")


def upgrade() -> None:
    op.create_table(
        "ip_reservation",
        sa.Column("subnet_id", sa.String(36), nullable=False),
        sa.Column("ip_address", sa.LargeBinary(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(
            ["subnet_id"], ["subnet.id"], name=op.f("fk_ip_reservation_subnet_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subnet_id", "ip_address", name=op.f("pk_ip_reservation")),
    )
    mac_range = op.create_table(
        "mac_range",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mac_range")),
    )
    op.bulk_insert(mac_range, [dict(zip(("id", "first", "last", "state"), _FIRST_RANGE, strict=True))])
    op.create_table(
        "mac_reservation",
        sa.Column("mac_address", sa.BigInteger, nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("vpc_id", sa.String(255), nullable=False),
        sa.Column("port_id", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("mac_address", name=op.f("pk_mac_reservation")),
    )
