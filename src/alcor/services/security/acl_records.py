"""What hosts are told of network ACLs: each whole, whenever a rule of it changes, and which holds for a subnet."""

from collections.abc import Iterable

from alcor.store.network_acl_records import network_acl_records, subnet_records, subnets_without_own
from alcor.store.transaction import Transaction


def tell_of_acls(transaction: Transaction, acl_ids: Iterable[str]) -> None:
    """Leave records of those of these ACLs that there are, as they are now."""
    wanted = set(acl_ids)
    if wanted:
        transaction.record(*network_acl_records(transaction.connection, wanted))


def tell_of_subnets(transaction: Transaction, subnet_ids: Iterable[str], default_of: str | None = None) -> None:
    """Leave records of subnets for which another ACL holds now: these, and those of a VPC whose default is another."""
    wanted = set(subnet_ids)
    records = subnet_records(transaction.connection, wanted) if wanted else []
    if default_of is not None:
        records += subnets_without_own(transaction.connection, default_of)
    transaction.record(*{record.id: record for record in records}.values())
