"""The rules of QoS policies: no two of a policy may contradict each other."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from alcor.model.context import Context
from alcor.model.errors import AlcorError, conflict
from alcor.model.resource import Resource
from alcor.model.resources.qos import ALIASES, RULE_TYPES, RULES, RuleType
from alcor.services.access import Access, Project
from alcor.services.manager import CREATE, LIST, OPERATIONS, Manager, Parent, Values
from alcor.services.plain import Change, Plain, locked_row, plain_manager
from alcor.services.qos.qos_policy import ACCESS as POLICY_ACCESS
from alcor.services.qos.qos_policy import rules_of
from alcor.services.rows import View
from alcor.store.tables import network, port, qos_attachment, qos_policy, qos_rule
from alcor.store.transaction import Transaction

_DSCP_MARKING = "dscp_marking"
_MINIMUM_PACKET_RATE = "minimum_packet_rate"
_BLANK: Values = {"direction": None, "rate": None, "burst": None, "dscp_mark": None}

_OWNER = select(qos_policy.c.project_id).where(qos_policy.c.id == bindparam("id"))
_WITH_POLICY = select(qos_attachment.c.object_id).where(qos_attachment.c.policy_id == bindparam("policy_id"))
_GUEST = (
    select(port.c.id)
    .where(
        port.c.device_owner.startswith("compute:"),
        or_(
            port.c.id.in_(_WITH_POLICY),
            port.c.network_id.in_(select(network.c.id).where(network.c.id.in_(_WITH_POLICY)))
            & port.c.id.not_in(select(qos_attachment.c.object_id)),
        ),
    )
    .limit(1)
)


def _owner(connection: Connection, values: Mapping[str, Any]) -> str:
    return str(connection.execute(_OWNER, {"id": values["qos_policy_id"]}).scalar() or "")


def _access(resource: Resource) -> Access:
    def visible(project: Project) -> Any:
        seen = select(qos_policy.c.id).where(POLICY_ACCESS.visible(project))
        return qos_rule.c.qos_policy_id.in_(seen)

    return Access(resource, qos_rule, visible, _owner)


def _check(transaction: Transaction, kind: RuleType, policy_id: str, rule: Values, given: Values) -> None:
    """Raises AlcorError (409) when the policy has a rule that the new or changed one contradicts, or repeats."""
    others = [
        each for each in rules_of(transaction.connection, [policy_id]).get(policy_id, []) if each["id"] != rule["id"]
    ]
    for other in others:
        _check_rates(other, given, policy_id)
    if kind.name == _MINIMUM_PACKET_RATE:
        _check_directions(others, rule, policy_id)
    for other in others:
        if other["type"] == kind.name and other.get("direction") == rule.get("direction"):
            raise conflict(
                "QoSRulesConflict",
                f"Rule {kind.name} conflicts with rule {other['id']} which already exists in QoS Policy {policy_id}.",
            )


def _check_rates(other: View, given: Values, policy_id: str) -> None:
    """What is promised can be no more than what is allowed."""
    if other["type"] == _DSCP_MARKING or ("direction" in given and other["direction"] != given["direction"]):
        return
    if other["type"] == "minimum_bandwidth" and other["min_kbps"] > given.get("max_kbps", other["min_kbps"]):
        raise _contradicts(given["max_kbps"], policy_id, other, other["min_kbps"])
    if other["type"] == "bandwidth_limit" and other["max_kbps"] < given.get("min_kbps", other["max_kbps"]):
        raise _contradicts(given["min_kbps"], policy_id, other, other["max_kbps"])


def _check_directions(others: Sequence[View], rule: Values, policy_id: str) -> None:
    """Packet rates are promised either for each direction or for both together."""
    for other in others:
        directions = {other.get("direction"), rule["direction"]}
        if other["type"] == _MINIMUM_PACKET_RATE and "any" in directions and len(directions) > 1:
            raise _contradicts(rule["direction"], policy_id, other, other["direction"])


def _contradicts(value: Any, policy_id: str, other: View, its: Any) -> AlcorError:
    return conflict(
        "QoSRuleParameterConflict",
        f"Unable to add the rule with value {value} to the policy {policy_id} as the existing rule of type "
        f"{other['type']} has value {its}.",
    )


def _check_unpromised(transaction: Transaction, kind: RuleType, policy_id: str, context: Context) -> None:
    """What is promised to guests cannot change under them: raises AlcorError (501)."""
    connection = transaction.connection
    locked_row(transaction, POLICY_ACCESS, policy_id, context)
    if kind.promises and connection.execute(_GUEST, {"policy_id": policy_id}).first() is not None:
        raise AlcorError(
            501,
            "HTTPNotImplemented",
            "Cannot update QoS policies/rules backed by resources tracked in Placement",
        )


def _manager(kind: RuleType, resource: Resource, *, alias: bool) -> Manager:
    def prepare(transaction: Transaction, values: Values, context: Context) -> Values:
        _check_unpromised(transaction, kind, values["qos_policy_id"], context)
        _check(transaction, kind, values["qos_policy_id"], values, values)
        return _BLANK | values

    def apply(transaction: Transaction, change: Change) -> Values:
        policy_id = change.row.qos_policy_id
        _check_unpromised(transaction, kind, policy_id, change.context)
        _check(transaction, kind, policy_id, change.view | change.values, change.values)
        return change.values

    def forget(transaction: Transaction, row: Any, context: Context) -> None:
        _check_unpromised(transaction, kind, row.qos_policy_id, context)

    collection = f"{kind.name}_rules"
    return plain_manager(
        Plain(
            access=_access(resource),
            revises={"qos_policy_id": qos_policy},
            prepare=prepare,
            apply=apply,
            forget=forget,
            parent=None if alias else Parent(POLICY_ACCESS, "qos/policies", "qos_policy_id", refused_first=True),
            path=f"qos/alias-{collection.replace('_', '-')}" if alias else collection,
            only={"type": kind.name},
            operations=OPERATIONS - {LIST, CREATE} if alias else OPERATIONS,
        )
    )


QOS_RULES = tuple(
    _manager(kind, resources[kind.name], alias=alias)
    for alias, resources in ((False, RULES), (True, ALIASES))
    for kind in RULE_TYPES
)
"""The managers of the rules of each type, as parts of policies and by their id alone."""
