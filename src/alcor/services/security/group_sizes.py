"""How many ports of each security group are bound to hosts, and whether what changes of it is published for that.

It is decided as for VPCs (services.ports.bound_ports), with the same margin.
"""

from collections.abc import Mapping

from alcor.model.programming import is_queued
from alcor.services.security.group_records import tell_of_groups
from alcor.store import sql
from alcor.store.transaction import Transaction

_ADD = sql.statement(
    "INSERT INTO security_group_size (security_group_id, bound_ports, queued) VALUES (:group_id, :more, false) "
    "ON CONFLICT (security_group_id) DO UPDATE SET bound_ports = security_group_size.bound_ports + :more "
    "RETURNING bound_ports, queued"
)
_SET_QUEUED = sql.statement("UPDATE security_group_size SET queued = :queued WHERE security_group_id = :group_id")


def add_bound_ports(transaction: Transaction, more: Mapping[str, int]) -> None:
    """So many ports more of each group are bound, or fewer; hosts are told of groups that pass a limit by it."""
    passing = []
    for group_id, number in sorted(more.items()):
        if number:
            size = transaction.connection.execute(_ADD, {"group_id": group_id, "more": number}).one()
            queued = is_queued(size.bound_ports, bool(size.queued), transaction.choices.queue_groups_above)
            if queued is not bool(size.queued):
                transaction.connection.execute(_SET_QUEUED, {"group_id": group_id, "queued": queued})
                passing.append(group_id)
    tell_of_groups(transaction, passing)
