"""How nodes do, kept where all controllers see it: of those of which there is something to tell, and at each change."""

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    false,
    not_,
    or_,
    select,
    union_all,
)

from alcor.model.node_health import WORKS, Judge, NodeHealth, NodeState, Said, Way
from alcor.services.hosts import host_session as sessions_of_hosts
from alcor.services.hosts.host_session import Served
from alcor.store import bulk, sql
from alcor.store.tables import controller, host_health, host_session, node, unreached_host
from alcor.store.transaction import Transaction

SILENT_AFTER = 75
"""Seconds without a sign of life of its controller after which a host is served by none (Neutron's agent_down_time)."""


class Told(msgspec.Struct, frozen=True):
    """What an agent told of its host."""

    data_plane: str = WORKS
    trouble: str = ""
    probed: int = 0
    unreached: Mapping[str, str] = {}  # host → what is wrong with the way to it

    def is_good(self) -> bool:
        """Whether nothing of it has to be kept."""
        return self.data_plane == WORKS and not self.trouble and not self.unreached


_AT_ONCE = 500
_PUT = sql.statement(
    "INSERT INTO host_health (host_id, data_plane, trouble, probed, since) "
    "VALUES (:host_id, :data_plane, :trouble, :probed, :since) "
    "ON CONFLICT (host_id) DO UPDATE SET data_plane = excluded.data_plane, trouble = excluded.trouble, "
    "probed = excluded.probed, since = CASE WHEN host_health.data_plane = excluded.data_plane "
    "AND host_health.trouble = excluded.trouble THEN host_health.since ELSE excluded.since END"
)
_PUT_WAY = sql.statement(
    "INSERT INTO unreached_host (host_id, peer_id, fault, since) VALUES (:host_id, :peer_id, :fault, :since) "
    "ON CONFLICT (host_id, peer_id) DO UPDATE SET fault = excluded.fault, since = excluded.since"
)
_REMOVE_WAY = sql.statement("DELETE FROM unreached_host WHERE host_id = :host_id AND peer_id = :peer_id")
_HOSTS: BindParameter[Any] = bindparam("hosts", expanding=True)
_WAYS = select(unreached_host).where(or_(unreached_host.c.host_id.in_(_HOSTS), unreached_host.c.peer_id.in_(_HOSTS)))


def put(transaction: Transaction, told: Mapping[str, Told]) -> None:
    """Keep what hosts told of themselves (by host). Keeping it again changes nothing, and not since when it is so."""
    connection = transaction.connection
    forget(connection, [host_id for host_id, health in told.items() if health.is_good()])
    kept = {host_id: health for host_id, health in sorted(told.items()) if not health.is_good()}
    if not kept:
        return
    rows = [
        {
            "host_id": host_id,
            "data_plane": health.data_plane,
            "trouble": health.trouble,
            "probed": health.probed,
            "since": transaction.now,
        }
        for host_id, health in kept.items()
    ]
    connection.execute(_PUT, rows)
    columns = [unreached_host.c.host_id, unreached_host.c.peer_id, unreached_host.c.fault]
    before = {
        (row.host_id, row.peer_id): row.fault
        for row in bulk.select_by(connection, columns, unreached_host.c.host_id, list(kept))
    }
    now = {(host_id, peer): fault for host_id, health in kept.items() for peer, fault in health.unreached.items()}
    if gone := [{"host_id": host_id, "peer_id": peer} for host_id, peer in sorted(before.keys() - now.keys())]:
        connection.execute(_REMOVE_WAY, gone)
    changed = [
        {"host_id": host_id, "peer_id": peer, "fault": fault, "since": transaction.now}
        for (host_id, peer), fault in sorted(now.items())
        if before.get((host_id, peer)) != fault
    ]
    if changed:
        connection.execute(_PUT_WAY, changed)


def forget(connection: Connection, hosts: Collection[str]) -> None:
    """Nothing is known of these hosts from themselves any more, or there is nothing to tell."""
    if hosts:
        bulk.delete_by(connection, host_health, "host_id", sorted(hosts))
        bulk.delete_by(connection, unreached_host, "host_id", sorted(hosts))


def forget_node(connection: Connection, host_id: str) -> None:
    """There is no such host any more."""
    forget(connection, [host_id])
    bulk.delete_by(connection, unreached_host, "peer_id", [host_id])


def sessions(connection: Connection, hosts: Iterable[str]) -> dict[str, Served]:
    """How these hosts are served, those that are or were until their controller fell silent."""
    found: dict[str, Served] = {}
    for part in _parts(hosts):
        found |= sessions_of_hosts.served(connection, part)
    return found


def served(connection: Connection, hosts: Iterable[str]) -> dict[str, str]:
    """Those of the hosts that a controller serves now, each with the host that leads it there ('' for none)."""
    since = int(time.time()) - SILENT_AFTER
    return {host_id: its.relay for host_id, its in sessions(connection, hosts).items() if its.heartbeat_at >= since}


def healths(connection: Connection, hosts: Collection[str]) -> dict[str, NodeHealth]:
    """How these nodes do. The cost is that of the nodes, and of what is wrong with them and their peers."""
    peers = {each for way in _ways(connection, hosts) for each in (way.host_id, way.peer_id)}
    ways = _ways(connection, peers)
    involved = {*hosts, *peers, *(way.host_id for way in ways)}
    rows = bulk.select_by(connection, list(host_health.c), host_health.c.host_id, sorted(involved))
    said = {row.host_id: Said(row.data_plane, row.trouble, row.probed, row.since) for row in rows}
    judge = Judge(served(connection, {*hosts, *peers}), said, ways)
    return {host_id: judge.health(host_id) for host_id in hosts}


def may_be_in(states: Collection[NodeState]) -> ColumnElement[bool]:
    """What nodes in these states fulfil, and few others: who is at fault is not asked here."""
    served = exists().where(
        host_session.c.host_id == node.c.id,
        controller.c.id == host_session.c.controller_id,
        controller.c.heartbeat_at >= int(time.time()) - SILENT_AFTER,
    )
    told_of = node.c.id.in_(
        union_all(
            select(host_health.c.host_id),
            select(unreached_host.c.host_id),
            select(unreached_host.c.peer_id),
            select(host_session.c.host_id).where(host_session.c.relay != ""),
        )
    )
    conditions = {NodeState.UP: served, NodeState.DEGRADED: and_(told_of, served), NodeState.DOWN: not_(served)}
    return or_(false(), *(conditions[state] for state in states))


def _ways(connection: Connection, hosts: Iterable[str]) -> set[Way]:
    return {
        Way(row.host_id, row.peer_id, row.fault, row.since)
        for part in _parts(hosts)
        for row in connection.execute(_WAYS, {"hosts": part})
    }


def _parts(hosts: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(set(hosts))
    return (ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE))
