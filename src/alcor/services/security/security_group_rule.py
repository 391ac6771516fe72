"""Rules of security groups, and the templates of the rules that new groups begin with."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, select

from alcor.model import security_rules
from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict
from alcor.model.resources.security_group import DEFAULT_SECURITY_GROUP_RULE, SECURITY_GROUP_RULE
from alcor.services.access import Access, Project, everybody, row_values
from alcor.services.manager import Create, Delete, Manager, Values
from alcor.services.plain import Plain, plain_manager
from alcor.services.rows import View
from alcor.services.security import security_group as groups
from alcor.services.security.address_group import ACCESS as ADDRESS_GROUP_ACCESS
from alcor.services.security.group_records import tell_of_groups
from alcor.store import bulk
from alcor.store.tables import default_security_group_rule, security_group, security_group_rule
from alcor.store.transaction import Transaction


def _visible(project: Project) -> ColumnElement[bool]:
    """Rules of the groups of the caller's project, whoever made them."""
    own = select(security_group.c.id).where(security_group.c.project_id == project)
    return security_group_rule.c.security_group_id.in_(own)


ACCESS = Access(SECURITY_GROUP_RULE, security_group_rule, _visible)


def _prepare(transaction: Transaction, values: Values, _context: Context) -> Values:
    connection = transaction.connection
    rule = security_rules.without_whole_range(values)
    security_rules.check_rule(rule)
    for other in connection.execute(select(security_group_rule).where(*_alike(rule))):
        if security_rules.identity(row_values(other)) == security_rules.identity(rule):
            raise conflict("SecurityGroupRuleExists", f"Security group rule already exists. Rule id is {other.id}.")
    group_id = rule["security_group_id"]
    is_default = connection.execute(
        select(security_group.c.is_default).where(security_group.c.id == group_id)
    ).scalar_one()
    normalized = security_rules.normalized(rule["remote_ip_prefix"])
    return rule | {"normalized_cidr": normalized, "belongs_to_default_sg": is_default}


def _alike(rule: Values) -> list[ColumnElement[bool]]:
    """The conditions for rules that may let the same through as this one."""
    columns, prefix = security_group_rule.c, rule["remote_ip_prefix"]
    said = [columns[name].is_not_distinct_from(rule.get(name)) for name in security_rules.SAID_ALIKE]
    if security_rules.is_everywhere(prefix):
        return said
    return [*said, columns.remote_ip_prefix == prefix]


_ONE_BY_ONE = plain_manager(
    Plain(
        access=ACCESS,
        references={
            "security_group_id": groups.ACCESS,
            "remote_group_id": groups.ACCESS,
            "remote_address_group_id": ADDRESS_GROUP_ACCESS,
        },
        revises={"security_group_id": security_group},
        prepare=_prepare,
        quota="security_group_rule",
        prelude=groups.DEFAULT_GROUP_FIRST,
    )
)


def _create(transaction: Transaction, requests: Sequence[Create]) -> Sequence[list[View] | Exception]:
    refused = [_refusal(request.items) for request in requests]
    allowed = [request for request, error in zip(requests, refused, strict=True) if error is None]
    made = _ONE_BY_ONE.create(transaction, allowed) if allowed else ()
    views = [view for outcome in made if isinstance(outcome, list) for view in outcome]
    tell_of_groups(transaction, (view["security_group_id"] for view in views))
    results = iter(made)
    return [next(results) if error is None else error for error in refused]


def _delete(transaction: Transaction, requests: Sequence[Delete]) -> Sequence[Exception | None]:
    rules = security_group_rule.c
    ids = [request.id for request in requests]
    rows = bulk.select_by(transaction.connection, [rules.id, rules.security_group_id], rules.id, ids)
    outcomes = _ONE_BY_ONE.delete(transaction, requests)
    gone = {request.id for request, outcome in zip(requests, outcomes, strict=True) if outcome is None}
    tell_of_groups(transaction, (row.security_group_id for row in rows if row.id in gone))
    return outcomes


def _refusal(rules: Sequence[Values]) -> AlcorError | None:
    """What is wrong with rules that are to be created together."""
    if len({rule["security_group_id"] for rule in rules}) > 1:
        return bad_request(
            "Only allowed to update rules for one security profile at a time", "SecurityGroupNotSingleGroupRules"
        )
    if len({rule.get("project_id") for rule in rules}) > 1:
        return bad_request(
            "Multiple project_ids in bulk security group rule create not allowed", "SecurityGroupRulesNotSingleProject"
        )
    if security_rules.repeated(rules):
        return conflict("DuplicateSecurityGroupRuleInPost", "Duplicate Security Group Rule in POST.")
    return None


SECURITY_GROUP_RULES: Manager = msgspec.structs.replace(_ONE_BY_ONE, create=_create, delete=_delete)


def _prepare_template(transaction: Transaction, values: Values, _context: Context) -> Values:
    security_rules.check_rule(values)
    for other in transaction.connection.execute(select(default_security_group_rule)):
        used_alike = any(values[name] and getattr(other, name) for name in _USES)
        if used_alike and security_rules.identity(row_values(other)) == security_rules.identity(values):
            raise conflict(
                "DefaultSecurityGroupRuleExists",
                f"Default Security group rule already exists. Rule id is {other.id}.",
            )
    return values


_USES = ("used_in_default_sg", "used_in_non_default_sg")

DEFAULT_SECURITY_GROUP_RULES: Manager = plain_manager(
    Plain(access=Access(DEFAULT_SECURITY_GROUP_RULE, default_security_group_rule, everybody), prepare=_prepare_template)
)
