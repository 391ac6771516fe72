"""Security groups and address groups as the change log and a snapshot say them, read from the tables.

The connection must be in one consistent snapshot (Store.read), or in the transaction that writes.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.identifiers import id_bytes
from alcor.model.records import AddressGroupRecord, SecurityGroupRecord, SecurityRule
from alcor.model.security_rules import IPV6, protocol_number
from alcor.store import sql
from alcor.store.tables import (
    address_group,
    port_security_group,
    security_group,
    security_group_rule,
    security_group_size,
)

_AT_ONCE = 500
_group = select(security_group.c.id, security_group.c.stateful, security_group_size.c.queued).outerjoin_from(
    security_group, security_group_size, security_group_size.c.security_group_id == security_group.c.id
)
_GROUPS = _group.where(security_group.c.id > bindparam("after")).order_by(security_group.c.id).limit(_AT_ONCE)
_some_groups = sql.among(_group.order_by(security_group.c.id), security_group.c.id)
_rules = sql.among(
    select(
        security_group_rule.c.id,
        security_group_rule.c.security_group_id,
        security_group_rule.c.direction,
        security_group_rule.c.ethertype,
        security_group_rule.c.protocol,
        security_group_rule.c.port_range_min,
        security_group_rule.c.port_range_max,
        security_group_rule.c.normalized_cidr,
        security_group_rule.c.remote_group_id,
        security_group_rule.c.remote_address_group_id,
    ).order_by(security_group_rule.c.security_group_id, security_group_rule.c.id),
    security_group_rule.c.security_group_id,
)
_groups_of_ports = sql.among(
    select(port_security_group.c.port_id, port_security_group.c.security_group_id).order_by(
        port_security_group.c.port_id, port_security_group.c.security_group_id
    ),
    port_security_group.c.port_id,
)
_ADDRESS_GROUPS = (
    select(address_group.c.id, address_group.c.attributes)
    .where(address_group.c.id > bindparam("after"))
    .order_by(address_group.c.id)
    .limit(_AT_ONCE)
)


def read_security_groups(connection: Connection) -> Iterator[SecurityGroupRecord | AddressGroupRecord]:
    """All security groups and address groups."""
    after = ""
    while groups := connection.execute(_GROUPS, {"after": after}).all():
        yield from _records(connection, groups)
        after = groups[-1].id
    after = ""
    while rows := connection.execute(_ADDRESS_GROUPS, {"after": after}).all():
        yield from map(address_group_record, rows)
        after = rows[-1].id


def security_group_records(connection: Connection, group_ids: Iterable[str]) -> list[SecurityGroupRecord]:
    """Those of these security groups that there are, as they are now."""
    return list(_records(connection, _some_groups(connection, sorted(set(group_ids)))))


def rules_of_groups(connection: Connection, group_ids: Sequence[str]) -> dict[str, list[tuple[str, SecurityRule]]]:
    """The rules of these security groups, each with its id, of those that have any."""
    found: dict[str, list[tuple[str, SecurityRule]]] = {}
    for row in _rules(connection, group_ids):
        found.setdefault(row.security_group_id, []).append((row.id, _rule(row)))
    return found


def groups_of_ports(connection: Connection, port_ids: Sequence[str]) -> dict[str, list[str]]:
    """The ids of the security groups of these ports, of those that are in any."""
    found: dict[str, list[str]] = {}
    for port_id, group_id in _groups_of_ports(connection, port_ids):
        found.setdefault(port_id, []).append(group_id)
    return found


def address_group_record(row: Any) -> AddressGroupRecord:
    """The record of a row of ``address_group``."""
    return AddressGroupRecord(id_bytes(row.id), tuple(json.loads(row.attributes).get("addresses", ())))


def _records(connection: Connection, groups: Iterable[Any]) -> Iterator[SecurityGroupRecord]:
    found = list(groups)
    rules = rules_of_groups(connection, [group.id for group in found])
    for group in found:
        own = tuple([rule for _, rule in rules.get(group.id, ())])
        yield SecurityGroupRecord(id_bytes(group.id), bool(group.stateful), own, bool(group.queued))


def _rule(row: Row[Any]) -> SecurityRule:
    return SecurityRule(
        ingress=row.direction == "ingress",
        ipv6=row.ethertype == IPV6,
        protocol=protocol_number(row.protocol, row.ethertype),
        port_range_min=row.port_range_min,
        port_range_max=row.port_range_max,
        remote_prefix=row.normalized_cidr or "",
        remote_group=id_bytes(row.remote_group_id) if row.remote_group_id else b"",
        remote_address_group=id_bytes(row.remote_address_group_id) if row.remote_address_group_id else b"",
    )
