"""Network ACLs of VPCs: a subnet has one at most, and one at most is the default of subnets that have none."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select

from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict, not_found
from alcor.model.identifiers import id_bytes
from alcor.model.records import NetworkAclDeleted
from alcor.model.resources.network_acl import NETWORK_ACL
from alcor.services.access import Access, owned
from alcor.services.manager import Filter, Values
from alcor.services.networks import vpc
from alcor.services.networks.vpc import locked_network
from alcor.services.plain import Change, Plain, plain_manager
from alcor.services.rows import View
from alcor.services.security.acl_records import tell_of_acls, tell_of_subnets
from alcor.services.security.network_acl_rules import add_last_rules, forget_rules, rules_of
from alcor.services.security.network_acl_subnets import acls_of, set_subnets, subnet_without, subnets_of
from alcor.store import bulk
from alcor.store.tables import network_acl, network_acl_subnet, subnet
from alcor.store.transaction import Transaction

ACCESS = Access(NETWORK_ACL, network_acl, owned(network_acl))

_DEFAULT = select(network_acl.c.id).where(
    network_acl.c.vpc_id == bindparam("vpc_id"), network_acl.c.is_default.is_(True)
)


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    if locked_network(transaction, values["vpc_id"], context).project_id != values["project_id"]:
        raise not_found("network", values["vpc_id"])
    _check(transaction, values, values)
    return values


def _apply(transaction: Transaction, change: Change) -> Values:
    locked_network(transaction, change.row.vpc_id)
    _check(transaction, change.view, change.values)
    return change.values


def _check(transaction: Transaction, acl: View, given: Values) -> None:
    """Raises AlcorError unless the ACL may have the subnets that are given, and be the default if it is to be."""
    _check_subnets(transaction.connection, acl, given.get("associated_subnets", ()))
    if given.get("is_default"):
        default = transaction.connection.execute(_DEFAULT, {"vpc_id": acl["vpc_id"]}).scalar()
        if default not in (None, acl["id"]):
            raise conflict("DefaultNetworkAclExists", f"VPC {acl['vpc_id']} has a default network ACL: {default}.")


def _check_subnets(connection: Connection, acl: View, subnet_ids: Sequence[str]) -> None:
    columns = [subnet.c.id, subnet.c.project_id, subnet.c.network_id]
    rows = {row.id: row for row in bulk.select_by(connection, columns, subnet.c.id, subnet_ids)}
    others = acls_of(connection, subnet_ids)
    for subnet_id in subnet_ids:
        if subnet_id not in rows or rows[subnet_id].project_id != acl["project_id"]:
            raise not_found("subnet", subnet_id)
        if rows[subnet_id].network_id != acl["vpc_id"]:
            raise bad_request(
                f"Invalid input for associated_subnets. Reason: subnet {subnet_id} is not of VPC {acl['vpc_id']}."
            )
        if others.get(subnet_id, acl["id"]) != acl["id"]:
            raise conflict("SubnetHasNetworkAcl", f"Subnet {subnet_id} has network ACL {others[subnet_id]} already.")


def _written(transaction: Transaction, row: Any, values: Values) -> None:
    set_subnets(transaction.connection, row.id, values["associated_subnets"])
    add_last_rules(transaction, row)
    tell_of_acls(transaction, [row.id])
    tell_of_subnets(transaction, values["associated_subnets"], row.vpc_id if row.is_default else None)


def _changed(transaction: Transaction, change: Change, row: Any) -> None:
    others: set[str] = set()
    if "associated_subnets" in change.values:
        subnet_ids = change.values["associated_subnets"]
        others = set(subnet_ids).symmetric_difference(subnets_of(transaction.connection, [row.id]).get(row.id, ()))
        set_subnets(transaction.connection, row.id, subnet_ids)
    tell_of_subnets(transaction, others, row.vpc_id if row.is_default != change.row.is_default else None)


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    connection = transaction.connection
    held_by = subnets_of(connection, [row.id]).get(row.id)
    without = subnet_without(connection, row.vpc_id) if row.is_default else None
    if held_by or without:
        raise _in_use(row.id, held_by[0] if held_by else str(without))
    forget_rules(connection, row.id)
    transaction.record(NetworkAclDeleted(id_bytes(row.id), id_bytes(row.vpc_id)))


def _in_use(acl_id: str, subnet_id: str) -> AlcorError:
    return conflict("NetworkAclInUse", f"Network ACL {acl_id} is in use: it holds for subnet {subnet_id}.")


def _computed(connection: Connection, rows: Sequence[Any], _context: Context) -> Sequence[View]:
    acl_ids = [row.id for row in rows]
    subnets, rules = subnets_of(connection, acl_ids), rules_of(connection, acl_ids)
    return [
        {"associated_subnets": subnets.get(acl_id, []), "network_acl_rules": rules.get(acl_id, [])}
        for acl_id in acl_ids
    ]


def _with_any_of(_context: Context, subnet_ids: Sequence[Any]) -> ColumnElement[bool]:
    having = select(network_acl_subnet.c.network_acl_id).where(network_acl_subnet.c.subnet_id.in_(subnet_ids))
    return network_acl.c.id.in_(having)


NETWORK_ACLS = plain_manager(
    Plain(
        access=ACCESS,
        references={"vpc_id": vpc.ACCESS},
        prepare=_prepare,
        apply=_apply,
        written=_written,
        changed=_changed,
        forget=_forget,
        computed=_computed,
        filters={"associated_subnets": Filter(_with_any_of)},
    )
)
