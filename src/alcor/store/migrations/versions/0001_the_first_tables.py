"""The first tables"""

import os

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import standard_columns

revision = "0001"
down_revision = None

_POOLS = (
    ("vni", 1, 2**24 - 1, 3),
    ("mac", 0xFA163E000001, 0xFA163EFFFFFE, 6),
    ("host_index", 1, 2**32 - 1, 4),
)
"""Pools every installation has: (id, first, last, bytes a number takes)."""


def upgrade() -> None:
    op.create_table(
        "change_log",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_change_log")),
    )
    op.create_table(
        "change_log_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("log_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_log_head")),
    )
    op.create_table(
        "free_range",
        sa.Column("pool_id", sa.String(length=64), nullable=False),
        sa.Column("first", sa.LargeBinary(length=16), nullable=False),
        sa.Column("last", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("pool_id", "last", name=op.f("pk_free_range")),
    )
    op.create_table(
        "network",
        *standard_columns(),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("external", sa.Boolean(), nullable=False),
        sa.Column("mtu", sa.Integer(), nullable=False),
        sa.Column("network_type", sa.String(length=32), nullable=False),
        sa.Column("physical_network", sa.String(length=64), nullable=True),
        sa.Column("segmentation_id", sa.BigInteger(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network")),
        sa.UniqueConstraint("segmentation_id", name=op.f("uq_network_segmentation_id")),
    )
    op.create_index("ix_network_project_id", "network", ["project_id", "id"], unique=False)

    op.create_table(
        "node",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("host_index", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("local_ip", sa.String(length=64), nullable=False),
        sa.Column("revision_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
        sa.UniqueConstraint("host_index", name=op.f("uq_node_host_index")),
        sa.UniqueConstraint("local_ip", name=op.f("uq_node_local_ip")),
    )
    op.create_table(
        "number_pool",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_pool")),
    )
    op.create_table(
        "port",
        *standard_columns(),
        sa.Column("network_id", sa.String(length=36), nullable=False),
        sa.Column("mac_address", sa.BigInteger(), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("device_id", sa.String(length=255), nullable=False),
        sa.Column("device_owner", sa.String(length=255), nullable=False),
        sa.Column("host_id", sa.String(length=255), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], name=op.f("fk_port_network_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_port")),
        sa.UniqueConstraint("mac_address", "network_id", name=op.f("uq_port_mac_address_network_id")),
    )
    op.create_index("ix_port_device_id", "port", ["device_id"], unique=False)
    op.create_index("ix_port_host_id", "port", ["host_id"], unique=False)
    op.create_index("ix_port_network_id", "port", ["network_id", "id"], unique=False)
    op.create_index("ix_port_project_id", "port", ["project_id", "id"], unique=False)

    op.create_table(
        "subnet",
        *standard_columns(),
        sa.Column("network_id", sa.String(length=36), nullable=False),
        sa.Column("ip_version", sa.Integer(), nullable=False),
        sa.Column("cidr", sa.String(length=64), nullable=False),
        sa.Column("gateway_ip", sa.String(length=64), nullable=True),
        sa.Column("enable_dhcp", sa.Boolean(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], name=op.f("fk_subnet_network_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subnet")),
    )
    op.create_index("ix_subnet_network_id", "subnet", ["network_id", "id"], unique=False)
    op.create_index("ix_subnet_project_id", "subnet", ["project_id", "id"], unique=False)

    op.create_table(
        "ip_allocation",
        sa.Column("subnet_id", sa.String(length=36), nullable=False),
        sa.Column("ip_address", sa.LargeBinary(length=16), nullable=False),
        sa.Column("port_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["port_id"], ["port.id"], name=op.f("fk_ip_allocation_port_id")),
        sa.ForeignKeyConstraint(["subnet_id"], ["subnet.id"], name=op.f("fk_ip_allocation_subnet_id")),
        sa.PrimaryKeyConstraint("subnet_id", "ip_address", name=op.f("pk_ip_allocation")),
    )
    op.create_index("ix_ip_allocation_ip_address", "ip_allocation", ["ip_address"], unique=False)
    op.create_index("ix_ip_allocation_port_id", "ip_allocation", ["port_id"], unique=False)

    _seed()


def _seed() -> None:
    head = sa.table(
        "change_log_head", sa.column("id"), sa.column("log_id", sa.LargeBinary), sa.column("position", sa.BigInteger)
    )
    pool = sa.table("number_pool", sa.column("id", sa.String), sa.column("cursor", sa.LargeBinary))
    free = sa.table(
        "free_range",
        sa.column("pool_id", sa.String),
        sa.column("first", sa.LargeBinary),
        sa.column("last", sa.LargeBinary),
    )
    op.bulk_insert(head, [{"id": 1, "log_id": os.urandom(16), "position": 0}])
    for name, first, last, width in _POOLS:
        op.bulk_insert(pool, [{"id": name, "cursor": bytes(width)}])
        op.bulk_insert(free, [{"pool_id": name, "first": first.to_bytes(width), "last": last.to_bytes(width)}])
