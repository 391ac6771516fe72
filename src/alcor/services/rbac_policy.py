"""RBAC policies: what projects share with others, of every type that can be shared."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.context import Context
from alcor.model.errors import bad_request, conflict, invalid_input
from alcor.model.resources.rbac_policy import RBAC_POLICY
from alcor.services.access import EVERYBODY, EXTERNAL, Access, owned
from alcor.services.manager import Manager, Values
from alcor.services.plain import Change, Plain, locked_row, plain_manager
from alcor.services.shareable import SHAREABLE, Shareable
from alcor.services.sharing import sharing
from alcor.store import bulk
from alcor.store.tables import rbac_policy
from alcor.store.transaction import Transaction

ACCESS = Access(RBAC_POLICY, rbac_policy, owned(rbac_policy))

_SAME = select(rbac_policy.c.id).where(
    rbac_policy.c.object_id == bindparam("object_id"),
    rbac_policy.c.object_type == bindparam("object_type"),
    rbac_policy.c.action == bindparam("action"),
    rbac_policy.c.target_project == bindparam("target"),
)


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    object_type, action = values["object_type"], values["action"]
    if object_type not in SHAREABLE:
        raise invalid_input(f"'{object_type}' is not a valid RBAC object type")
    shareable = SHAREABLE[object_type]
    if action not in shareable.actions:
        raise bad_request(
            f"Invalid action '{action}' for object type '{object_type}'. Valid actions: {tuple(shareable.actions)}",
            "InvalidActionForType",
        )
    shared = locked_row(transaction, shareable.access, values["object_id"], context)
    _check_owner(shared, context)
    _check_target(transaction.connection, shareable, shared, values["target_tenant"])
    _check_new(transaction.connection, values, values["target_tenant"])
    return values


def _check_owner(shared: Row[Any], context: Context) -> None:
    if shared.project_id != context.project_id and not context.is_admin:
        raise invalid_input("Only admins can manipulate policies on objects they do not own")


def _check_target(connection: Connection, shareable: Shareable, shared: Row[Any], target: str) -> None:
    if shareable.check is not None:
        shareable.check(connection, shared, target)


def _check_new(connection: Connection, policy: Mapping[str, Any], target: str) -> None:
    same = {name: policy[name] for name in ("object_id", "object_type", "action")} | {"target": target}
    if connection.execute(_SAME, same).first() is not None:
        raise conflict("DuplicateRbacPolicy", "An RBAC policy already exists with those values.")


def _written(transaction: Transaction, row: Any, _values: Values) -> None:
    _tell(transaction, row)


def _apply(transaction: Transaction, change: Change) -> Values:
    old, new = change.row.target_project, change.values.get("target_tenant", change.row.target_project)
    shared = locked_row(transaction, SHAREABLE[change.row.object_type].access, change.row.object_id)
    _check_owner(shared, change.context)
    if new != old:
        _check_target(transaction.connection, SHAREABLE[change.row.object_type], shared, new)
        _check_new(transaction.connection, change.view, new)
        if new != EVERYBODY:
            instead = new if change.row.action == EXTERNAL else ""  # nowhere else does Neutron count it
            _check_unused(transaction.connection, change.row, shared, instead)
    return change.values


def _changed(transaction: Transaction, _change: Change, row: Any) -> None:
    _tell(transaction, row)


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    shared = locked_row(transaction, SHAREABLE[row.object_type].access, row.object_id)
    _check_unused(transaction.connection, row, shared)
    bulk.delete_by(transaction.connection, rbac_policy, "id", [row.id])  # before the resource is told what is left
    _tell(transaction, row)


def _check_unused(connection: Connection, policy: Row[Any], shared: Row[Any], instead: str = "") -> None:
    users_of = SHAREABLE[policy.object_type].actions[policy.action]
    entry = sharing.Entry(policy.object_type, policy.object_id, policy.action, policy.target_project)
    sharing.check_unused(connection, entry, shared.project_id, users_of, instead)


def _tell(transaction: Transaction, policy: Any) -> None:
    shareable = SHAREABLE[policy.object_type]
    if shareable.changed is not None:
        shareable.changed(transaction, policy.object_id)


RBAC_POLICIES: Manager = plain_manager(
    Plain(
        access=ACCESS,
        prepare=_prepare,
        written=_written,
        apply=_apply,
        changed=_changed,
        forget=_forget,
        quota="rbac_policy",
    )
)
