"""Network ACLs as the change log and a snapshot say them, and subnets with theirs, read from the tables.

The connection must be in one consistent snapshot (Store.read), or in the transaction that writes.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from alcor.model.identifiers import id_bytes
from alcor.model.records import NetworkAclRecord, NetworkAclRule, SubnetRecord
from alcor.model.resources.network_acl import ALLOW, ICMP, ICMPV6, IPV4, IPV6, TCP, UDP
from alcor.store import sql
from alcor.store.record_rows import subnet_record
from alcor.store.tables import network_acl, network_acl_rule, network_acl_subnet, subnet

_AT_ONCE = 500
_NUMBERS = {TCP: 6, UDP: 17, ICMP: 1, ICMPV6: 58}
_ONLY_IN = {ICMP: IPV4, ICMPV6: IPV6}
_EVERYWHERE = {IPV4: "0.0.0.0/0", IPV6: "::/0"}

_default = network_acl.alias()
SUBNETS_WITH_ACLS = (
    select(subnet, func.coalesce(network_acl_subnet.c.network_acl_id, _default.c.id).label("network_acl_id"))
    .outerjoin(network_acl_subnet, network_acl_subnet.c.subnet_id == subnet.c.id)
    .outerjoin(_default, (_default.c.vpc_id == subnet.c.network_id) & _default.c.is_default.is_(True))
)
"""Subnets, each with the id of the network ACL that holds for it: its own, else the default of its VPC, if any."""

_some_subnets = sql.among(SUBNETS_WITH_ACLS, subnet.c.id)
_WITHOUT_OWN = SUBNETS_WITH_ACLS.where(
    subnet.c.network_id == bindparam("vpc_id"), network_acl_subnet.c.network_acl_id.is_(None)
)
_acls = select(network_acl.c.id, network_acl.c.vpc_id).order_by(network_acl.c.id)
_ACLS = _acls.where(network_acl.c.id > bindparam("after")).limit(_AT_ONCE)
_some_acls = sql.among(_acls, network_acl.c.id)
_acls_of_vpcs = sql.among(_acls, network_acl.c.vpc_id)
_rules = sql.among(
    select(network_acl_rule).order_by(
        network_acl_rule.c.network_acl_id,
        network_acl_rule.c.direction,
        network_acl_rule.c.number,
        network_acl_rule.c.ether_type,
    ),
    network_acl_rule.c.network_acl_id,
)


def read_network_acls(connection: Connection) -> Iterator[NetworkAclRecord]:
    """All network ACLs."""
    after = ""
    while acls := connection.execute(_ACLS, {"after": after}).all():
        yield from _records(connection, acls)
        after = acls[-1].id


def network_acls_of_vpcs(connection: Connection, vpc_ids: Sequence[str]) -> Iterator[NetworkAclRecord]:
    """Those of these VPCs."""
    return _records(connection, _acls_of_vpcs(connection, vpc_ids))


def network_acl_records(connection: Connection, acl_ids: Iterable[str]) -> list[NetworkAclRecord]:
    """Those of these network ACLs that there are, as they are now."""
    return list(_records(connection, _some_acls(connection, sorted(set(acl_ids)))))


def subnet_records(connection: Connection, subnet_ids: Iterable[str]) -> list[SubnetRecord]:
    """Those of these subnets that there are, as they are now."""
    return [subnet_record(row, row.network_acl_id) for row in _some_subnets(connection, sorted(set(subnet_ids)))]


def subnets_without_own(connection: Connection, vpc_id: str) -> list[SubnetRecord]:
    """The subnets of a VPC that have no network ACL of their own, as they are now."""
    rows = connection.execute(_WITHOUT_OWN, {"vpc_id": vpc_id})
    return [subnet_record(row, row.network_acl_id) for row in rows]


def _records(connection: Connection, acls: Iterable[Any]) -> Iterator[NetworkAclRecord]:
    found = list(acls)
    rules: dict[str, list[NetworkAclRule]] = {}
    for row in _rules(connection, [acl.id for acl in found]) if found else ():
        rules.setdefault(row.network_acl_id, []).extend(network_acl_rules(row))
    for acl in found:
        yield NetworkAclRecord(id_bytes(acl.id), id_bytes(acl.vpc_id), tuple(rules.get(acl.id, ())))


def network_acl_rules(row: Any) -> Iterator[NetworkAclRule]:
    """What a row of ``network_acl_rule`` means: a rule for each IP version that it is about."""
    for version in _versions(row):
        yield NetworkAclRule(
            number=row.number,
            ingress=row.direction == "ingress",
            allow=row.action == ALLOW,
            ipv6=version == IPV6,
            prefix=row.ip_prefix or _EVERYWHERE[version],
            protocol=_NUMBERS.get(row.protocol),
            port_range_min=row.port_range_min,
            port_range_max=row.port_range_max,
            icmp_type=row.icmp_type,
            icmp_code=row.icmp_code,
        )


def _versions(row: Any) -> tuple[str, ...]:
    if row.ip_prefix is not None:
        return (IPV6,) if ipaddress.ip_network(row.ip_prefix).version == 6 else (IPV4,)
    said = row.ether_type or _ONLY_IN.get(row.protocol)
    return (IPV4, IPV6) if said is None else (said,)
