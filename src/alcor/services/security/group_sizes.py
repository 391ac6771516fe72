"""How many ports of each security group are bound to hosts, and whether what changes of it is published for that.

It is decided as for VPCs (services.ports.bound_ports), with the same margin.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from alcor.model.programming import is_queued
from alcor.services.security.group_records import tell_of_groups
from alcor.store import sql
from alcor.store.transaction import Transaction
from alcor.store.wire import Rows

_ADD = sql.DriverStatement(
    "INSERT INTO security_group_size (security_group_id, bound_ports, queued) VALUES (:group_id, :more, false) "
    "ON CONFLICT (security_group_id) DO UPDATE SET bound_ports = security_group_size.bound_ports + :more "
    "RETURNING bound_ports, queued"
)
_SET_QUEUED = sql.statement("UPDATE security_group_size SET queued = :queued WHERE security_group_id = :group_id")


def additions(connection: Connection, more: Mapping[str, int]) -> dict[str, sql.Read]:
    """What says of groups that so many ports more are bound, or fewer, and finds their sizes then."""
    return {
        group_id: _ADD.read(connection, {"group_id": group_id, "more": number})
        for group_id, number in sorted(more.items())
        if number
    }


def tell_of_sizes(transaction: Transaction, sizes: Sequence[tuple[str, Rows]]) -> None:
    """Tell hosts of groups that pass a limit by what was found of their sizes."""
    passing = []
    for group_id, ((bound_ports, was_queued),) in sizes:
        queued = is_queued(bound_ports, bool(was_queued), transaction.choices.queue_groups_above)
        if queued is not bool(was_queued):
            transaction.connection.execute(_SET_QUEUED, {"group_id": group_id, "queued": queued})
            passing.append(group_id)
    tell_of_groups(transaction, passing)
