"""How many resources of each limited kind each project has, counted by the database as rows come and go"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"

_COUNTED = {
    "network": "network",
    "subnet": "subnet",
    "port": "port",
    "router": "router",
    "floatingip": "floating_ip",
    "trunk": "trunk",
    "security_group": "security_group",
    "security_group_rule": "security_group_rule",
    "rbac_policy": "rbac_policy",
    "subnetpool": "subnetpool",
}

_ADD = (
    "INSERT INTO quota_usage (project_id, resource, used) {rows} "
    "ON CONFLICT (project_id, resource) DO UPDATE SET used = quota_usage.used + excluded.used"
)
_COUNT = "SELECT project_id, {resource}, count(*) FROM {rows} GROUP BY project_id"

# PostgreSQL counts once a statement, which matters where a thousand ports come at once.
_ADDED = _ADD.format(rows=_COUNT.format(resource="TG_ARGV[0]", rows="changed"))
_TAKEN = (
    "UPDATE quota_usage SET used = used - less.number "
    "FROM (SELECT project_id, count(*) AS number FROM changed GROUP BY project_id) AS less "
    "WHERE quota_usage.project_id = less.project_id AND resource = TG_ARGV[0]"
)
_FUNCTION = "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NULL; END $$"
_ON_POSTGRESQL = (
    "CREATE TRIGGER quota_usage_more AFTER INSERT ON {table} REFERENCING NEW TABLE AS changed "
    "FOR EACH STATEMENT EXECUTE FUNCTION quota_usage_more('{resource}')",
    "CREATE TRIGGER quota_usage_less AFTER DELETE ON {table} REFERENCING OLD TABLE AS changed "
    "FOR EACH STATEMENT EXECUTE FUNCTION quota_usage_less('{resource}')",
)
_ON_SQLITE = (
    "CREATE TRIGGER quota_usage_more_{table} AFTER INSERT ON {table} BEGIN "
    + _ADD.format(rows="VALUES (NEW.project_id, '{resource}', 1)")
    + "; END",
    "CREATE TRIGGER quota_usage_less_{table} AFTER DELETE ON {table} BEGIN "
    "UPDATE quota_usage SET used = used - 1 WHERE project_id = OLD.project_id AND resource = '{resource}'; END",
)


def upgrade() -> None:
    op.create_table(
        "quota_usage",
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "resource", name="pk_quota_usage"),
    )
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        op.execute(_FUNCTION.format(name="quota_usage_more", statement=_ADDED))
        op.execute(_FUNCTION.format(name="quota_usage_less", statement=_TAKEN))
    for resource, table in _COUNTED.items():
        counted = _COUNT.format(resource=f"'{resource}'", rows=table)
        op.execute(f"INSERT INTO quota_usage (project_id, resource, used) {counted}")
        for trigger in _ON_POSTGRESQL if on_postgresql else _ON_SQLITE:
            op.execute(trigger.format(table=table, resource=resource))
