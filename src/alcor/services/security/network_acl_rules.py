"""The rules of network ACLs in their order, and those that each ACL begins with: the last ones, which deny."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from alcor.model.resources.network_acl import ALL, DENY, DIRECTIONS, IPV4, IPV6, LAST_NUMBER, NETWORK_ACL_RULE
from alcor.services.manager import stamp
from alcor.services.rows import Rows, View
from alcor.store import bulk
from alcor.store.tables import network_acl_rule
from alcor.store.transaction import Transaction

ROWS = Rows(NETWORK_ACL_RULE, network_acl_rule)

_EVERYTHING = ((IPV4, "0.0.0.0/0"), (IPV6, "::/0"))
_NOTHING_PARTICULAR = dict.fromkeys(("port_range_min", "port_range_max", "icmp_type", "icmp_code"))
_OF_ACLS = (
    select(network_acl_rule)
    .where(network_acl_rule.c.network_acl_id.in_(bindparam("acls", expanding=True)))
    .order_by(
        network_acl_rule.c.network_acl_id,
        network_acl_rule.c.direction,
        network_acl_rule.c.number,
        network_acl_rule.c.ether_type,
    )
)


def add_last_rules(transaction: Transaction, acl: Any) -> None:
    """Have a new ACL end with the rules that deny everything, in both directions and of both versions of IP."""
    rules = [
        {
            "project_id": acl.project_id,
            "network_acl_id": acl.id,
            "name": "",
            "description": "",
            "number": LAST_NUMBER,
            "direction": direction,
            "action": DENY,
            "protocol": ALL,
            "ether_type": ether_type,
            "ip_prefix": prefix,
            **_NOTHING_PARTICULAR,
        }
        for direction in DIRECTIONS
        for ether_type, prefix in _EVERYTHING
    ]
    rows = [ROWS.row(stamp(transaction, rule)) for rule in rules]
    bulk.insert_rows(transaction.connection, network_acl_rule, rows)


def rules_of(connection: Connection, acl_ids: Sequence[str]) -> dict[str, list[View]]:
    """The rules of each of these ACLs, in the order in which they are looked at in each direction."""
    found: dict[str, list[View]] = {}
    for row in connection.execute(_OF_ACLS, {"acls": acl_ids}):
        found.setdefault(row.network_acl_id, []).append(ROWS.view(row))
    return found


def forget_rules(connection: Connection, acl_id: str) -> None:
    """The rules of an ACL go with it."""
    bulk.delete_by(connection, network_acl_rule, "network_acl_id", [acl_id])
