"""What hosts are told of security groups: each whole, whenever a rule of it comes or goes."""

from collections.abc import Iterable

from alcor.store.security_records import security_group_records
from alcor.store.transaction import Transaction


def tell_of_groups(transaction: Transaction, group_ids: Iterable[str]) -> None:
    """Leave records of those of these groups that there are, as they are now."""
    wanted = set(group_ids)
    if wanted:
        transaction.record(*security_group_records(transaction.connection, wanted))
