"""Rules of network ACLs, one by one: each number once in a direction, and nothing that contradicts itself."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict, not_found
from alcor.model.resources.network_acl import ICMP, ICMPV6, IPV4, IPV6, LAST_NUMBER, NETWORK_ACL_RULE, TCP, UDP
from alcor.services.access import Access, owned
from alcor.services.manager import Create, Delete, Manager, Update, Values
from alcor.services.plain import Change, Plain, locked_row, plain_manager
from alcor.services.rows import View
from alcor.services.security import network_acl
from alcor.services.security.acl_records import tell_of_acls
from alcor.store import bulk, tables
from alcor.store.network_acl_records import network_acl_rules
from alcor.store.tables import network_acl_rule
from alcor.store.transaction import Transaction

ACCESS = Access(NETWORK_ACL_RULE, network_acl_rule, owned(network_acl_rule))

_NUMBERED = select(network_acl_rule.c.id).where(
    network_acl_rule.c.network_acl_id == bindparam("network_acl_id"),
    network_acl_rule.c.direction == bindparam("direction"),
    network_acl_rule.c.number == bindparam("number"),
)
_OF_PROTOCOLS = {
    "port_range_min": (TCP, UDP),
    "port_range_max": (TCP, UDP),
    "icmp_type": (ICMP, ICMPV6),
    "icmp_code": (ICMP, ICMPV6),
}
_ONLY_IN = {ICMP: IPV4, ICMPV6: IPV6}


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    acl_id = values["network_acl_id"]
    if locked_row(transaction, network_acl.ACCESS, acl_id, context).project_id != values["project_id"]:
        raise not_found("network_acl", acl_id)
    _check(transaction.connection, values)
    return values


def _apply(transaction: Transaction, change: Change) -> Values:
    _check_not_last(change.row)
    locked_row(transaction, network_acl.ACCESS, change.row.network_acl_id)
    values = change.values | _no_longer_said(change)
    _check(transaction.connection, change.view | values)
    return values


def _no_longer_said(change: Change) -> Values:
    """What goes by itself when a rule comes to be about a protocol that has no such thing."""
    protocol = change.values.get("protocol", change.view["protocol"])
    return {
        name: None
        for name, protocols in _OF_PROTOCOLS.items()
        if protocol not in protocols and name not in change.values
    }


def _forget(_transaction: Transaction, row: Row[Any], _context: Context) -> None:
    _check_not_last(row)


def _check_not_last(row: Row[Any]) -> None:
    if row.number == LAST_NUMBER:
        raise conflict(
            "DefaultNetworkAclRule", f"Network ACL rule {row.id} is one that every ACL ends with: it stays as it is."
        )


def _check(connection: Connection, rule: View) -> None:
    """Raises AlcorError: 400 for what no packet could match, 409 for a number that another rule has."""
    _check_version(rule)
    _check_ports(rule)
    _check_icmp(rule)
    numbered = {name: rule[name] for name in ("network_acl_id", "direction", "number")}
    if connection.execute(_NUMBERED, numbered).scalar() not in (None, rule["id"]):
        raise conflict(
            "RuleNumberOccupied",
            f"Network ACL {rule['network_acl_id']} has {rule['direction']} rule {rule['number']} already.",
        )


def _check_version(rule: View) -> None:
    prefix, said = rule["ip_prefix"], rule["ether_type"]
    of_prefix = None if prefix is None else (IPV4 if ipaddress.ip_network(prefix).version == 4 else IPV6)
    if of_prefix and said and of_prefix != said:
        raise _invalid("ip_prefix", f"'{prefix}' is not of the ether_type '{said}'")
    needed, protocol = of_prefix or said, rule["protocol"]
    if needed and _ONLY_IN.get(protocol, needed) != needed:
        raise _invalid("protocol", f"'{protocol}' is none of {needed}")


def _check_ports(rule: Mapping[str, Any]) -> None:
    first, last = rule["port_range_min"], rule["port_range_max"]
    _check_of_protocol(rule, "port_range_min", "port_range_max")
    if (first is None) != (last is None):
        raise _invalid("port_range_min and port_range_max", "they are given together, or neither")
    if first is not None and first > last:
        raise _invalid("port_range_min", f"'{first}' is above port_range_max, '{last}'")


def _check_icmp(rule: Mapping[str, Any]) -> None:
    _check_of_protocol(rule, "icmp_type", "icmp_code")
    if rule["icmp_code"] is not None and rule["icmp_type"] is None:
        raise _invalid("icmp_code", "it is a code of an icmp_type: give that, too")


def _check_of_protocol(rule: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if rule[name] is not None and rule["protocol"] not in _OF_PROTOCOLS[name]:
            raise _invalid(name, f"protocol '{rule['protocol']}' has none")


def _invalid(name: str, reason: str) -> AlcorError:
    return bad_request(f"Invalid input for {name}. Reason: {reason}.")


_ONE_BY_ONE = plain_manager(
    Plain(
        access=ACCESS,
        references={"network_acl_id": network_acl.ACCESS},
        revises={"network_acl_id": tables.network_acl},
        prepare=_prepare,
        apply=_apply,
        forget=_forget,
    )
)


def _create(transaction: Transaction, requests: Sequence[Create]) -> Sequence[list[View] | Exception]:
    made = _ONE_BY_ONE.create(transaction, requests)
    views = [view for outcome in made if isinstance(outcome, list) for view in outcome]
    tell_of_acls(transaction, (view["network_acl_id"] for view in views))
    return made


def _update(transaction: Transaction, requests: Sequence[Update]) -> Sequence[View | Exception]:
    before = _rows(transaction.connection, requests)
    outcomes = _ONE_BY_ONE.update(transaction, requests)
    after = _rows(transaction.connection, requests)
    tell_of_acls(
        transaction, (after[each].network_acl_id for each in after if _said(after[each]) != _said(before[each]))
    )
    return outcomes


def _delete(transaction: Transaction, requests: Sequence[Delete]) -> Sequence[Exception | None]:
    before = _rows(transaction.connection, requests)
    outcomes = _ONE_BY_ONE.delete(transaction, requests)
    tell_of_acls(transaction, (row.network_acl_id for row in before.values()))
    return outcomes


def _rows(connection: Connection, requests: Sequence[Update | Delete]) -> dict[str, Any]:
    columns = network_acl_rule.c
    return {
        row.id: row for row in bulk.select_by(connection, list(columns), columns.id, [each.id for each in requests])
    }


def _said(row: Any) -> list[Any]:
    return list(network_acl_rules(row))


NETWORK_ACL_RULES: Manager = msgspec.structs.replace(_ONE_BY_ONE, create=_create, update=_update, delete=_delete)
