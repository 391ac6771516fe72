"""Metering labels and their rules. They are kept and checked; hosts do not count for them yet."""

import ipaddress
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_, select

from alcor.model.context import Context
from alcor.model.errors import bad_request, conflict
from alcor.model.resources.metering import METERING_LABEL, METERING_LABEL_RULE, PREFIXES
from alcor.services.access import Access, Project, owned
from alcor.services.manager import OPERATIONS, UPDATE, Values
from alcor.services.plain import Plain, plain_manager
from alcor.store import bulk
from alcor.store.tables import metering_label, metering_label_rule
from alcor.store.transaction import Transaction

_OVERLAPPING = select(metering_label_rule.c.remote_ip_prefix).where(
    metering_label_rule.c.metering_label_id == bindparam("label_id"),
    metering_label_rule.c.direction == bindparam("direction"),
    metering_label_rule.c.excluded == bindparam("excluded"),
    metering_label_rule.c.remote_ip_prefix.is_not(None),
)


def _visible(project: Project) -> ColumnElement[bool]:
    return or_(metering_label.c.project_id == project, metering_label.c.shared.is_(True))


ACCESS = Access(METERING_LABEL, metering_label, _visible)
RULE_ACCESS = Access(METERING_LABEL_RULE, metering_label_rule, owned(metering_label_rule))


def _forget_label(transaction: Transaction, row: Any, _context: Context) -> None:
    bulk.delete_by(transaction.connection, metering_label_rule, "metering_label_id", [row.id])


def _prepare_rule(transaction: Transaction, values: Values, _context: Context) -> Values:
    remote, *others = (values[name] for name in PREFIXES)
    if remote and any(others):
        raise bad_request(
            "Cannot use 'remote-ip-prefix' in conjunction with 'source-ip-prefix' or 'destination-ip-prefix'.",
            "Invalid",
        )
    if not remote and not any(others):
        raise bad_request(
            "You must define at least one of the following parameters 'remote_ip_prefix', or 'source_ip_prefix' or "
            "'destination_ip_prefix'.",
            "Invalid",
        )
    if remote:
        _check_no_overlap(transaction, values)
    return values


def _check_no_overlap(transaction: Transaction, values: Values) -> None:
    wanted = ipaddress.ip_network(values["remote_ip_prefix"])
    alike = {
        "label_id": values["metering_label_id"],
        "direction": values["direction"],
        "excluded": values["excluded"],
    }
    for prefix in transaction.connection.execute(_OVERLAPPING, alike).scalars():
        if ipaddress.ip_network(prefix).overlaps(wanted):
            raise conflict(
                "MeteringLabelRuleOverlaps",
                f"Metering label rule with remote_ip_prefix '{values['remote_ip_prefix']}' overlaps another.",
            )


METERING_LABELS = plain_manager(
    Plain(
        access=ACCESS,
        forget=_forget_label,
        path="metering/metering-labels",
        operations=OPERATIONS - {UPDATE},
    )
)
METERING_LABEL_RULES = plain_manager(
    Plain(
        access=RULE_ACCESS,
        references={"metering_label_id": ACCESS},
        prepare=_prepare_rule,
        path="metering/metering-label-rules",
        operations=OPERATIONS - {UPDATE},
    )
)
