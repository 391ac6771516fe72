"""Numbers of networks that are called Geneve or GRE"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"

_LAST, _WIDTH = 2**24 - 1, 3


def upgrade() -> None:
    pool = sa.table("number_pool", sa.column("id", sa.String), sa.column("cursor", sa.LargeBinary))
    free = sa.table(
        "free_range",
        sa.column("pool_id", sa.String),
        sa.column("first", sa.LargeBinary),
        sa.column("last", sa.LargeBinary),
    )
    for name in ("geneve", "gre"):
        op.bulk_insert(pool, [{"id": name, "cursor": bytes(_WIDTH)}])
        whole = {"first": (1).to_bytes(_WIDTH), "last": _LAST.to_bytes(_WIDTH)}
        op.bulk_insert(free, [{"pool_id": name, **whole}])
