"""Entries of what is shared say with whom networks are, and a column which external one is the default"""

import json
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

_ENTRY = sa.text(
    "INSERT INTO rbac_policy (id, project_id, object_type, object_id, action, target_project, revision_number, "
    "created_at, updated_at, attributes) VALUES (:id, :project_id, 'network', :network_id, :action, '*', 1, :at, :at, "
    "'{}')"
)
_WITH_DEFAULT = sa.text("SELECT id, attributes FROM network WHERE attributes LIKE '%is_default%'")
_DEFAULT = sa.text("UPDATE network SET is_default = :is_default, attributes = :attributes WHERE id = :id")


def upgrade() -> None:
    connection = op.get_bind()
    for column, action in (("shared", "access_as_shared"), ("external", "access_as_external")):
        rows = connection.execute(sa.text(f"SELECT id, project_id, updated_at FROM network WHERE {column}"))
        entries = [
            {"id": str(uuid.uuid4()), "project_id": each.project_id, "network_id": each.id, "action": action,
             "at": each.updated_at}
            for each in rows
        ]  # fmt: skip
        if entries:
            connection.execute(_ENTRY, entries)
    op.add_column("network", sa.Column("is_default", sa.Boolean, nullable=False, server_default=sa.false()))
    op.drop_column("network", "shared")
    for row in connection.execute(_WITH_DEFAULT).all():
        attributes = json.loads(row.attributes)
        is_default = bool(attributes.pop("is_default", False))
        values = {"id": row.id, "is_default": is_default, "attributes": json.dumps(attributes)}
        connection.execute(_DEFAULT, values)
