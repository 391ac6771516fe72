"""QoS policies: one of a project may be its default, which its new networks have that do not say another."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, union_all

from alcor.model.context import Context
from alcor.model.errors import AlcorError, conflict
from alcor.model.resources.qos import POLICY, RULE_TYPES
from alcor.services.access import EVERYBODY, SHARED, Access, shareable
from alcor.services.manager import Values
from alcor.services.plain import Change, Plain, plain_manager
from alcor.services.rows import View
from alcor.services.sharing import sharing
from alcor.store import bulk
from alcor.store.tables import floating_ip, network, port, qos_attachment, qos_policy, qos_rule, router
from alcor.store.transaction import Transaction

OBJECT_TYPE = "qos_policy"
"""What entries of what is shared call a policy."""

_shown_as_shared = sharing.shown_as_shared(OBJECT_TYPE)

ACCESS = Access(POLICY, qos_policy, shareable(qos_policy, OBJECT_TYPE), computed=_shown_as_shared)

_KINDS = {kind.name: kind for kind in RULE_TYPES}
_DEFAULTS = select(qos_policy.c.project_id, qos_policy.c.id).where(
    qos_policy.c.project_id.in_(bindparam("projects", expanding=True)), qos_policy.c.is_default.is_(True)
)
_RULES = (
    select(qos_rule)
    .where(qos_rule.c.qos_policy_id.in_(bindparam("policy_ids", expanding=True)))
    .order_by(qos_rule.c.qos_policy_id, qos_rule.c.created_at, qos_rule.c.id)
)
_ATTACHED = (
    select(qos_attachment.c.object_type, qos_attachment.c.object_id)
    .where(qos_attachment.c.policy_id == bindparam("policy_id"))
    .limit(1)
)
_USERS = union_all(
    *(
        select(table.c.project_id)
        .join(qos_attachment, qos_attachment.c.object_id == table.c.id)
        .where(qos_attachment.c.policy_id == bindparam("policy_id"))
        for table in (network, port, floating_ip, router)
    )
)


def default_policies(connection: Connection, project_ids: Iterable[str]) -> dict[str, str]:
    """The ids of the default policies of those of the projects that have one."""
    rows = connection.execute(_DEFAULTS, {"projects": sorted(set(project_ids))})
    return {row.project_id: row.id for row in rows}


def users_of(connection: Connection, policy_id: str) -> set[str]:
    """The projects that have something with the policy."""
    return set(connection.execute(_USERS, {"policy_id": policy_id}).scalars())


def rules_of(connection: Connection, policy_ids: Sequence[str]) -> dict[str, list[View]]:
    """The rules of policies, as the policies show them."""
    found: dict[str, list[View]] = {}
    for row in connection.execute(_RULES, {"policy_ids": policy_ids}) if policy_ids else ():
        kind = _KINDS[row.type]
        rule = {"id": row.id, "qos_policy_id": row.qos_policy_id, "type": row.type}
        rule |= {name: getattr(row, column) for name, column in kind.numbers.items()}
        if kind.directions:
            rule["direction"] = row.direction
        found.setdefault(row.qos_policy_id, []).append(rule)
    return found


def _computed(connection: Connection, rows: Sequence[Any], context: Context) -> Sequence[View]:
    rules = rules_of(connection, [row.id for row in rows])
    shared = _shown_as_shared(connection, rows, context)
    return [one | {"rules": rules.get(row.id, [])} for row, one in zip(rows, shared, strict=True)]


def _prepare(transaction: Transaction, values: Values, _context: Context) -> Values:
    if values["is_default"]:
        _check_no_other_default(transaction.connection, values["project_id"], values["id"])
    return values


def _written(transaction: Transaction, row: Any, values: Values) -> None:
    if values["shared"]:
        sharing.share(transaction, OBJECT_TYPE, [row])


def _apply(transaction: Transaction, change: Change) -> Values:
    connection, row, values = transaction.connection, change.row, change.values
    if values.get("is_default"):
        _check_no_other_default(connection, row.project_id, row.id)
    if "shared" in values:
        targets = sharing.targets(connection, OBJECT_TYPE, row.id)
        if values["shared"] and EVERYBODY not in targets:
            sharing.share(transaction, OBJECT_TYPE, [row])
        elif not values["shared"]:
            if EVERYBODY in targets:
                everybodys = sharing.Entry(OBJECT_TYPE, row.id, SHARED, EVERYBODY)
                sharing.check_unused(connection, everybodys, row.project_id, users_of)
            sharing.unshare(connection, OBJECT_TYPE, row.id)
    return values


def _check_no_other_default(connection: Connection, project_id: str, policy_id: str) -> None:
    if default_policies(connection, [project_id]).get(project_id, policy_id) != policy_id:
        raise conflict("QoSPolicyDefaultAlreadyExists", f"A default QoS policy exists for project {project_id}.")


def _forget(transaction: Transaction, row: Any, _context: Context) -> None:
    connection = transaction.connection
    attached = connection.execute(_ATTACHED, {"policy_id": row.id}).first()
    if attached is not None:
        raise _in_use(row.id, attached.object_type, attached.object_id)
    bulk.delete_by(connection, qos_rule, "qos_policy_id", [row.id])
    sharing.forget(connection, OBJECT_TYPE, row.id)


def _in_use(policy_id: str, object_type: str, object_id: str) -> AlcorError:
    return conflict("QosPolicyInUse", f"QoS Policy {policy_id} is used by {object_type} {object_id}.")


QOS_POLICIES = plain_manager(
    Plain(
        access=ACCESS,
        prepare=_prepare,
        written=_written,
        apply=_apply,
        forget=_forget,
        computed=_computed,
        path="qos/policies",
        passes_over_marker=True,
        filters={"shared": sharing.shared_filter(qos_policy, OBJECT_TYPE)},
    )
)
