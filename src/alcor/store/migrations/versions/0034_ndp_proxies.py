"""NDP proxies"""

import sqlalchemy as sa
from alembic import op

from alcor.store.migrations.columns import standard_columns

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "ndp_proxy",
        *standard_columns(1024),
        sa.Column("router_id", sa.String(36), nullable=False),
        sa.Column("port_id", sa.String(36), nullable=False),
        sa.Column("ip_address", sa.String(64), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ndp_proxy"),
    )
    op.create_index("ix_ndp_proxy_project_id", "ndp_proxy", ["project_id", "id"])
    op.create_index("ix_ndp_proxy_router_id", "ndp_proxy", ["router_id", "ip_address"])
    op.create_index("ix_ndp_proxy_port_id", "ndp_proxy", ["port_id"])
