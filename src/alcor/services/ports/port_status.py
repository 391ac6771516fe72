"""Whether ports work, as their hosts report it.

A status is written only while the port is still bound to the host that reported it, and what it came over is still the
host's latest session: what a host says of a port that has moved on is ignored, as is what a controller still has to
write of a host that has found another. So is that a port works where it speaks of an earlier stay: a port that left and
came back may not be ACTIVE because of a report that took longer than both. Each therefore says of which goal state it
speaks, and a port which its host must program anew remembers the change log's position before that.

A workload that is to migrate to a host is plugged in there while its port is still another's. Who waits for that is
told, once for each binding that was made for it.

Statuses are not goal state: they leave no change-log entry and no new revision number.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from alcor.services.ports.compute_events import PLUGGED, UNPLUGGED, telling_of
from alcor.store import sql
from alcor.store.transaction import Transaction

ACTIVE = "ACTIVE"
DOWN = "DOWN"
UNCLAIMED = "UNCLAIMED"
"""What a host says of a port that it does not have, and whose interface it has: its port is DOWN there."""


class PortStatus(msgspec.Struct, frozen=True):
    """A host's word on one of its ports: ACTIVE, DOWN or UNCLAIMED.

    ``session_id`` is that of the session it came over. ``revision`` is that of the goal state by which a port works;
    one that does not work is believed in any case.
    """

    port_id: str
    host_id: str
    session_id: bytes
    status: str
    revision: int = 0


_LATEST = "(SELECT session_id FROM host_session WHERE host_id = port.host_id)"


def _by_dialect(statement: str) -> dict[str, str]:
    return {dialect: statement.replace("?", sql.mark(dialect)) for dialect in ("sqlite", "postgresql")}


_BECOMES_ACTIVE = f"id = ? AND host_id = ? AND status <> 'ACTIVE' AND {_LATEST} = ? AND heard_after < ?"
_BECOMES_DOWN = f"id = ? AND host_id = ? AND status <> 'DOWN' AND {_LATEST} = ?"
_BINDING = "port_id = ? AND host = ? AND (SELECT session_id FROM host_session WHERE host_id = port_binding.host) = ?"
_PLUGGED_IN_AHEAD = f"{_BINDING} AND NOT plugged_in"
_SET_ACTIVE = _by_dialect(f"UPDATE port SET status = 'ACTIVE' WHERE {_BECOMES_ACTIVE}")
_SET_DOWN = _by_dialect(f"UPDATE port SET status = 'DOWN' WHERE {_BECOMES_DOWN}")
_TELL_PLUGGED = _by_dialect(telling_of(PLUGGED, _BECOMES_ACTIVE))
_TELL_UNPLUGGED = _by_dialect(telling_of(UNPLUGGED, _BECOMES_DOWN))
_TELL_PLUGGED_IN_AHEAD = _by_dialect(
    telling_of(PLUGGED, f"id IN (SELECT port_id FROM port_binding WHERE {_PLUGGED_IN_AHEAD})")
)
_SET_PLUGGED_IN = _by_dialect(f"UPDATE port_binding SET plugged_in = TRUE WHERE {_PLUGGED_IN_AHEAD}")
_SET_UNPLUGGED = _by_dialect(f"UPDATE port_binding SET plugged_in = FALSE WHERE {_BINDING} AND plugged_in")
_ON_HOST = "host_id = ? AND status = 'ACTIVE'"
_SET_DOWN_ON_HOST = _by_dialect(f"UPDATE port SET status = 'DOWN' WHERE {_ON_HOST}")
_TELL_UNPLUGGED_ON_HOST = _by_dialect(telling_of(UNPLUGGED, _ON_HOST))


def set_statuses(transaction: Transaction, statuses: Iterable[PortStatus]) -> None:
    """Write what hosts report of their ports. Writing it again changes nothing."""
    active, gone, unclaimed = [], [], []
    for said in statuses:
        if said.status == ACTIVE:
            active.append((said.port_id, said.host_id, said.session_id, said.revision))
        elif said.status == UNCLAIMED:
            unclaimed.append((said.port_id, said.host_id, said.session_id))
        else:
            gone.append((said.port_id, said.host_id, said.session_id))
    for tell, write, rows in (
        (_TELL_PLUGGED, _SET_ACTIVE, sorted(active)),
        (_TELL_UNPLUGGED, _SET_DOWN, sorted(gone + unclaimed)),
        (_TELL_PLUGGED_IN_AHEAD, _SET_PLUGGED_IN, sorted(unclaimed)),
    ):
        if rows:
            _tell_and_write(transaction, tell, write, rows)
    if gone:
        connection = transaction.connection
        connection.exec_driver_sql(_SET_UNPLUGGED[connection.dialect.name], sorted(gone))


def set_down_on_host(transaction: Transaction, host_id: str) -> None:
    """Every port of a lost host is DOWN."""
    _tell_and_write(transaction, _TELL_UNPLUGGED_ON_HOST, _SET_DOWN_ON_HOST, [(host_id,)])


def _tell_and_write(
    transaction: Transaction, tell: Mapping[str, str], write: Mapping[str, str], rows: list[tuple[Any, ...]]
) -> None:
    connection = transaction.connection
    dialect = connection.dialect.name
    if transaction.choices.tells_compute:
        connection.exec_driver_sql(tell[dialect], [(transaction.now, *row) for row in rows])
    connection.exec_driver_sql(write[dialect], rows)
