"""Security groups: who may do what with them, the default one of each project, and what rules new ones begin with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, func, or_, select, union_all

from alcor.model import security_rules
from alcor.model.context import Context
from alcor.model.errors import conflict
from alcor.model.identifiers import id_bytes, new_id
from alcor.model.records import SecurityGroupDeleted
from alcor.model.resources.security_group import DEFAULT_NAME, SECURITY_GROUP, SECURITY_GROUP_RULE
from alcor.services import quota
from alcor.services.access import Access, visible_security_groups
from alcor.services.manager import Manager, Prelude, Values, stamp
from alcor.services.plain import Change, Held, Plain, plain_manager
from alcor.services.remembered import Remembered
from alcor.services.rows import Rows, View, missing
from alcor.services.security import default_statefulness
from alcor.services.security.group_records import tell_of_groups
from alcor.services.sharing import sharing
from alcor.store import bulk, sql
from alcor.store.tables import (
    default_security_group_rule,
    log,
    port_security_group,
    security_group,
    security_group_rule,
    security_group_size,
)
from alcor.store.transaction import Transaction

OBJECT_TYPE = "security_group"
"""What entries of what is shared call a group."""

ACCESS = Access(SECURITY_GROUP, security_group, visible_security_groups)
ROWS = Rows(SECURITY_GROUP, security_group)
RULE_ROWS = Rows(SECURITY_GROUP_RULE, security_group_rule)

_defaults = sql.among(
    select(security_group.c.project_id, security_group.c.id).where(security_group.c.is_default.is_(True)),
    security_group.c.project_id,
)
_rules = sql.among(
    select(security_group_rule).order_by(security_group_rule.c.security_group_id, security_group_rule.c.id),
    security_group_rule.c.security_group_id,
)
_NAMING = select(security_group_rule.c.security_group_id).where(
    security_group_rule.c.remote_group_id == bindparam("group_id")
)
_REMEMBERED_RULES = Remembered(lambda row, _: RULE_ROWS.view(row), most=50_000)
_TEMPLATES = select(default_security_group_rule)
_OF_GROUP = port_security_group.c.security_group_id == bindparam("group_id")
_first = select(func.min(port_security_group.c.guest).label("project_id")).where(
    _OF_GROUP, port_security_group.c.guest.is_not(None)
)
_guests = _first.cte("guests", recursive=True)
_guests = _guests.union_all(
    select(
        select(func.min(port_security_group.c.guest))
        .where(_OF_GROUP, port_security_group.c.guest > _guests.c.project_id)
        .scalar_subquery()
    ).where(_guests.c.project_id.is_not(None))
)
_its_own = exists().where(_OF_GROUP, port_security_group.c.guest.is_(None))
_USERS = union_all(
    select(_guests.c.project_id).where(_guests.c.project_id.is_not(None)),
    select(security_group.c.project_id).where(security_group.c.id == bindparam("group_id"), _its_own),
)
"""The projects of a group's members: from each guest to the next in an index, whatever number of ports they have."""


def users_of(connection: Connection, group_id: str) -> set[str]:
    """The projects that have members of the group."""
    return set(connection.execute(_USERS, {"group_id": group_id}).scalars())


def defaults_of(connection: Connection, project_ids: Iterable[str]) -> dict[str, str]:
    """The ids of the default groups of these projects, where they have one."""
    rows = _defaults(connection, sorted(set(project_ids)))
    return {row.project_id: row.id for row in rows}


def defaults_read(connection: Connection, project_ids: Iterable[str]) -> sql.Read:
    """What finding the default groups of these projects reads."""
    return _defaults.read(connection, sorted(set(project_ids)))


def ensure_defaults(transaction: Transaction, project_ids: Iterable[str]) -> Mapping[str, str]:
    """The ids of the default groups of these projects, each with one from now on."""
    wanted = set(project_ids)
    if not wanted:
        return {}
    found = defaults_of(transaction.connection, wanted)
    missing_defaults = sorted(wanted - found.keys())
    for project_id in missing_defaults:
        values = stamp(transaction, {"project_id": project_id})
        row = ROWS.row(
            values
            | {
                "name": DEFAULT_NAME,
                "description": "Default security group",
                "stateful": True,
                "is_default": True,
                "tags": [],
            }
        )
        bulk.insert_rows(transaction.connection, security_group, [row])
        _add_template_rules(transaction, row)
        found[project_id] = row.id
    tell_of_groups(transaction, (found[project_id] for project_id in missing_defaults))
    return found


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    ensure_defaults(transaction, [values["project_id"]])
    if missing(values, "stateful"):
        values["stateful"] = default_statefulness.default_of(transaction.connection, values["project_id"])
    return values | {"is_default": False}


def _written(transaction: Transaction, row: Any, _values: Values) -> None:
    _add_template_rules(transaction, row)
    tell_of_groups(transaction, [row.id])


def _add_template_rules(transaction: Transaction, group: Any) -> None:
    rows = []
    for template in transaction.connection.execute(_TEMPLATES):
        if not (template.used_in_default_sg if group.is_default else template.used_in_non_default_sg):
            continue
        values = dict(template._mapping) | {"id": new_id(), "project_id": group.project_id, "description": ""}
        values |= {"created_at": transaction.now, "updated_at": transaction.now, "revision_number": 1}
        values |= {"security_group_id": group.id, "belongs_to_default_sg": group.is_default}
        if template.remote_group_id == security_rules.PARENT:
            values["remote_group_id"] = group.id
        values["normalized_cidr"] = security_rules.normalized(template.remote_ip_prefix)
        rows.append(RULE_ROWS.row(values))
    if not group.is_default:
        quota.require_room(transaction, "security_group_rule", group.project_id, len(rows))
    if rows:
        bulk.insert_rows(transaction.connection, security_group_rule, rows)


def _apply(transaction: Transaction, change: Change) -> Values:
    if change.row.is_default and "name" in change.values:
        raise conflict("SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.")
    changes_state = change.values.get("stateful", change.row.stateful) != change.row.stateful
    if changes_state and _has_members(transaction.connection, change.row.id):
        raise _in_use(change.row.id, "")
    return change.values


def _changed(transaction: Transaction, change: Change, changed: Any) -> None:
    if changed.stateful != change.row.stateful:
        tell_of_groups(transaction, [changed.id])


def _forget(transaction: Transaction, row: Row[Any], context: Context) -> None:
    if row.is_default and not context.is_admin:
        raise conflict("SecurityGroupCannotRemoveDefault", "Insufficient rights for removing default security group.")
    bulk.delete_by(transaction.connection, log, "resource_id", [row.id])
    bulk.delete_by(transaction.connection, security_group_size, "security_group_id", [row.id])
    sharing.forget(transaction.connection, OBJECT_TYPE, row.id)
    naming = set(transaction.connection.execute(_NAMING, {"group_id": row.id}).scalars())
    rules = security_group_rule.c
    transaction.connection.execute(
        delete(security_group_rule).where(or_(rules.security_group_id == row.id, rules.remote_group_id == row.id))
    )
    tell_of_groups(transaction, naming - {row.id})
    transaction.record(SecurityGroupDeleted(id_bytes(row.id)))


def _has_members(connection: Connection, group_id: str) -> bool:
    members = select(port_security_group.c.port_id).where(port_security_group.c.security_group_id == group_id).limit(1)
    return connection.execute(members).first() is not None


def _in_use(group_id: str, _holder: str) -> Any:
    return conflict("SecurityGroupInUse", f"Security Group {group_id} in use.")


def _computed(connection: Connection, rows: Sequence[Any], context: Context) -> Sequence[View]:
    ids = [row.id for row in rows]
    rules: dict[str, list[View]] = {}
    found = _rules(connection, ids)
    for row, view in zip(found, _REMEMBERED_RULES.views(found, [()] * len(found)), strict=True):
        rules.setdefault(row.security_group_id, []).append(view)
    shared = sharing.shared_with(connection, OBJECT_TYPE, ids, context)
    return [{"security_group_rules": rules.get(each, []), "shared": each in shared} for each in ids]


def _lacks_default(connection: Connection, context: Context, project_id: str) -> bool:
    return not defaults_of(connection, [project_id]) and context.may(
        "create_default_security_group", {"project_id": project_id}
    )


def _ensure_default(transaction: Transaction, project_id: str) -> None:
    ensure_defaults(transaction, [project_id])


DEFAULT_GROUP_FIRST = Prelude(_lacks_default, _ensure_default)
"""A project has its default group as soon as anybody looks."""

SECURITY_GROUPS: Manager = plain_manager(
    Plain(
        access=ACCESS,
        prepare=_prepare,
        written=_written,
        apply=_apply,
        changed=_changed,
        forget=_forget,
        computed=_computed,
        held_by=(Held(port_security_group.c.security_group_id, _in_use),),
        quota="security_group",
        prelude=DEFAULT_GROUP_FIRST,
        filters={"shared": sharing.shared_filter(security_group, OBJECT_TYPE)},
    )
)
