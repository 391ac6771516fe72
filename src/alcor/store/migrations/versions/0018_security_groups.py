"""Security groups, their rules and members, templates of rules, and address groups"""

import time
import uuid

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import revision_columns, standard_columns

revision = "0018"
down_revision = "0017"


def _rule_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("ethertype", sa.String(8), nullable=False),
        sa.Column("protocol", sa.String(16), nullable=True),
        sa.Column("port_range_min", sa.Integer, nullable=True),
        sa.Column("port_range_max", sa.Integer, nullable=True),
        sa.Column("remote_group_id", sa.String(36), nullable=True),
        sa.Column("remote_address_group_id", sa.String(36), nullable=True),
        sa.Column("remote_ip_prefix", sa.String(64), nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "security_group",
        *standard_columns(),
        sa.Column("stateful", sa.Boolean, nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_group")),
    )
    op.create_index("ix_security_group_project_id", "security_group", ["project_id", "id"])
    op.create_table(
        "security_group_rule",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        *revision_columns(),
        sa.Column("security_group_id", sa.String(36), nullable=False),
        *_rule_columns(),
        sa.Column("normalized_cidr", sa.String(64), nullable=True),
        sa.Column("belongs_to_default_sg", sa.Boolean, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["security_group_id"], ["security_group.id"], name=op.f("fk_security_group_rule_security_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_group_rule")),
    )
    op.create_index("ix_security_group_rule_project_id", "security_group_rule", ["project_id", "id"])
    op.create_index("ix_security_group_rule_security_group_id", "security_group_rule", ["security_group_id", "id"])
    op.create_index("ix_security_group_rule_remote_group_id", "security_group_rule", ["remote_group_id"])
    op.create_index(
        "ix_security_group_rule_remote_address_group_id", "security_group_rule", ["remote_address_group_id"]
    )
    templates = op.create_table(
        "default_security_group_rule",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        *revision_columns(),
        *_rule_columns(),
        sa.Column("used_in_default_sg", sa.Boolean, nullable=False),
        sa.Column("used_in_non_default_sg", sa.Boolean, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_default_security_group_rule")),
    )
    op.create_table(
        "port_security_group",
        sa.Column("port_id", sa.String(36), nullable=False),
        sa.Column("security_group_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("port_id", "security_group_id", name=op.f("pk_port_security_group")),
    )
    op.create_index("ix_port_security_group_security_group_id", "port_security_group", ["security_group_id", "port_id"])
    op.create_table(
        "address_group",
        *standard_columns(),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_group")),
    )
    op.create_index("ix_address_group_project_id", "address_group", ["project_id", "id"])
    op.bulk_insert(
        templates,
        [
            _template(direction, ethertype, remote_group_id)
            for ethertype in ("IPv4", "IPv6")
            for direction, remote_group_id in (("egress", None), ("ingress", "PARENT"))
        ],
    )


def _template(direction: str, ethertype: str, remote_group_id: str | None) -> dict[str, object]:
    """What Neutron's groups begin with: all may leave; members of the default group may reach each other."""
    now = int(time.time())
    return {
        "id": str(uuid.uuid4()),
        "description": "Default rule",
        "revision_number": 1,
        "created_at": now,
        "updated_at": now,
        "direction": direction,
        "ethertype": ethertype,
        "remote_group_id": remote_group_id,
        "used_in_default_sg": True,
        "used_in_non_default_sg": remote_group_id is None,
        "attributes": "{}",
    }
