"""The templates of rules that every installation begins with have Neutron's descriptions: clients know them by those"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_DESCRIBE = sa.text(
    "UPDATE default_security_group_rule SET description = :description "
    "WHERE description = 'Default rule' AND direction = :direction"
)


def upgrade() -> None:
    for direction in ("egress", "ingress"):
        description = f"Legacy default SG rule for {direction} traffic"
        op.get_bind().execute(_DESCRIBE, {"direction": direction, "description": description})
