"""Whether ports work, as their hosts report it.

A status is written only while the port is still bound to the host that reported it; what a host says of a port that
has moved on is ignored. Statuses are not goal state: they leave no change-log entry and no new revision number.
"""

import operator
from collections.abc import Iterable

import msgspec

from alcor.store import sql
from alcor.store.transaction import Transaction

ACTIVE = "ACTIVE"
DOWN = "DOWN"


class PortStatus(msgspec.Struct, frozen=True):
    """A host's word on one of its ports."""

    port_id: str
    host_id: str
    status: str


_SET_STATUS = {
    dialect: "UPDATE port SET status = {0} WHERE id = {0} AND host_id = {0} AND status <> {0}".format(sql.mark(dialect))
    for dialect in ("sqlite", "postgresql")
}
_SET_DOWN_ON_HOST = sql.statement("UPDATE port SET status = 'DOWN' WHERE host_id = :host_id AND status = 'ACTIVE'")


def set_statuses(transaction: Transaction, statuses: Iterable[PortStatus]) -> None:
    """Write what hosts report of their ports. Writing it again changes nothing."""
    rows = [(said.status, said.port_id, said.host_id, said.status) for said in statuses]
    rows.sort(key=operator.itemgetter(1))  # so that several controllers lock rows in the same order
    if rows:
        connection = transaction.connection
        connection.exec_driver_sql(_SET_STATUS[connection.dialect.name], rows)


def set_down_on_host(transaction: Transaction, host_id: str) -> None:
    """Every port of a lost host is DOWN."""
    transaction.connection.execute(_SET_DOWN_ON_HOST, {"host_id": host_id})
