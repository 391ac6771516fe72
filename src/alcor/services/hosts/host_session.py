"""Which controller each host is connected to, so that exactly the ports of lost hosts go DOWN.

Every stream of a host is a session, claimed by the controller that serves it. A controller that loses a session may
set the host's ports DOWN only while that session is still the host's latest: a host that has found another controller
is not lost. Controllers give signs of life; the sessions of a controller that stopped doing so are given up by any
other.
"""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, bindparam

from alcor.services.ports.port_status import set_down_on_host
from alcor.store import sql
from alcor.store.transaction import Transaction


class HostSession(msgspec.Struct, frozen=True):
    """One stream of one host."""

    host_id: str
    session_id: bytes  # 16 random bytes
    relay: str = ""  # the host that leads it to the controller


class Served(msgspec.Struct, frozen=True):
    """When a host's controller gave its last sign of life (seconds since the epoch), and the host that leads there."""

    heartbeat_at: int
    relay: str = ""


class ServingController(msgspec.Struct, frozen=True):
    """A controller, when it last gave a sign of life (seconds since the epoch), and how many hosts it serves.

    ``ncm_address`` is where hosts ask it; empty where they do not, or where all controllers answer alike.
    """

    id: str
    heartbeat_at: int
    hosts: int
    ncm_address: str = ""


_CLAIM = sql.statement(
    "INSERT INTO host_session (host_id, session_id, controller_id, relay) "
    "VALUES (:host_id, :session_id, :controller_id, :relay) ON CONFLICT (host_id) DO UPDATE "
    "SET session_id = excluded.session_id, controller_id = excluded.controller_id, relay = excluded.relay"
)
_GIVE_UP = sql.statement("DELETE FROM host_session WHERE host_id = :host_id AND session_id = :session_id")
_HEARTBEAT = sql.statement(
    "INSERT INTO controller (id, heartbeat_at) VALUES (:id, :now) "
    "ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at"
)
_FORGET_CONTROLLERS = sql.statement(
    "DELETE FROM controller WHERE heartbeat_at < :silent_since "
    "AND NOT EXISTS (SELECT 1 FROM host_session WHERE host_session.controller_id = controller.id)"
)
_FIRST_HEARTBEAT = sql.statement(
    "INSERT INTO controller (id, heartbeat_at) VALUES (:id, :now) ON CONFLICT (id) DO NOTHING"
)
_SILENT = sql.statement("SELECT id FROM controller WHERE heartbeat_at < :silent_since ORDER BY id")
_OF_CONTROLLER = sql.statement(
    "SELECT host_id, session_id FROM host_session WHERE controller_id = :controller_id LIMIT :limit"
)
_UNCONNECTED = sql.statement(
    # The last condition is one look into an index for each node left, whatever else the planner thinks of.
    "SELECT node.id FROM node WHERE NOT EXISTS (SELECT 1 FROM host_session WHERE host_session.host_id = node.id) "
    "AND (SELECT port.host_id FROM port WHERE port.host_id = node.id LIMIT 1) IS NOT NULL ORDER BY node.id LIMIT :limit"
)
_CONTROLLERS = sql.statement(
    "SELECT id, heartbeat_at, ncm_address, "
    "(SELECT COUNT(*) FROM host_session WHERE controller_id = controller.id) AS hosts "
    "FROM controller ORDER BY heartbeat_at DESC, id LIMIT :limit"
)
_SERVED = sql.statement(
    "SELECT host_session.host_id, host_session.relay, controller.heartbeat_at FROM host_session "
    "JOIN controller ON controller.id = host_session.controller_id WHERE host_session.host_id IN :hosts"
).bindparams(bindparam("hosts", expanding=True))
_LATEST = sql.statement("SELECT host_id, session_id FROM host_session WHERE host_id IN :hosts").bindparams(
    bindparam("hosts", expanding=True)
)
_CONTROLLER_OF = sql.statement("SELECT controller_id FROM host_session WHERE host_id = :host_id")


def claim(transaction: Transaction, controller_id: str, sessions: Iterable[HostSession]) -> None:
    """Make these the latest sessions of their hosts."""
    rows = [
        {
            "host_id": session.host_id,
            "session_id": session.session_id,
            "controller_id": controller_id,
            "relay": session.relay,
        }
        for session in sorted(sessions, key=lambda session: session.host_id)
    ]
    if rows:
        # A controller with sessions is always there, so that sessions can be looked for by silent controllers.
        transaction.connection.execute(_FIRST_HEARTBEAT, {"id": controller_id, "now": transaction.now})
        transaction.connection.execute(_CLAIM, rows)


def give_up(transaction: Transaction, sessions: Iterable[HostSession]) -> list[str]:
    """End sessions; the ports of hosts of which one was the latest go DOWN. Returns these hosts."""
    lost = []
    for session in sorted(sessions, key=lambda session: session.host_id):
        row = {"host_id": session.host_id, "session_id": session.session_id}
        if transaction.connection.execute(_GIVE_UP, row).rowcount:
            set_down_on_host(transaction, session.host_id)
            lost.append(session.host_id)
    return lost


def heartbeat(transaction: Transaction, controller_id: str, silent_after: int) -> None:
    """Say that this controller lives, and forget controllers silent for so many seconds that serve nobody."""
    transaction.connection.execute(_HEARTBEAT, {"id": controller_id, "now": transaction.now})
    transaction.connection.execute(_FORGET_CONTROLLERS, {"silent_since": transaction.now - silent_after})


def abandoned(connection: Connection, silent_since: int, limit: int) -> Sequence[HostSession]:
    """Sessions of controllers that have given no sign of life since then (seconds since the epoch).

    While there are no such controllers the cost does not depend on how many hosts there are.
    """
    found: list[HostSession] = []
    for controller in connection.execute(_SILENT, {"silent_since": silent_since}).all():
        rows = connection.execute(_OF_CONTROLLER, {"controller_id": controller.id, "limit": limit - len(found)})
        found.extend(HostSession(row.host_id, bytes(row.session_id)) for row in rows)
    return found


def unconnected(connection: Connection, limit: int) -> Sequence[str]:
    """Nodes with ports that no controller serves, so many at most, in the order of their ids."""
    return [row.id for row in connection.execute(_UNCONNECTED, {"limit": limit})]


def controllers(connection: Connection, limit: int) -> Sequence[ServingController]:
    """The controllers on this database, those heard of last first."""
    rows = connection.execute(_CONTROLLERS, {"limit": limit})
    return [ServingController(row.id, row.heartbeat_at, row.hosts, row.ncm_address or "") for row in rows]


def controller_of(connection: Connection, host_id: str) -> str | None:
    """The controller that serves the host, or None."""
    found: str | None = connection.execute(_CONTROLLER_OF, {"host_id": host_id}).scalar()
    return found


def latest(connection: Connection, hosts: Sequence[str]) -> dict[str, bytes]:
    """The latest sessions of these hosts, by their ids; of those that are served."""
    return {row.host_id: bytes(row.session_id) for row in connection.execute(_LATEST, {"hosts": hosts})}


def served(connection: Connection, hosts: Sequence[str]) -> dict[str, Served]:
    """How these hosts are served, those that are."""
    rows = connection.execute(_SERVED, {"hosts": hosts})
    return {row.host_id: Served(row.heartbeat_at, row.relay) for row in rows}
