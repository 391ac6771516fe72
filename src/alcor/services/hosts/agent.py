"""Nodes as Neutron's agents: alive while a controller that gives signs of life serves their host.

One that was deleted is there no more until its host connects again.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, exists, false, func, not_, or_, select

from alcor.model.context import Context
from alcor.model.node_health import NodeHealth
from alcor.model.resources.agent import AGENT
from alcor.services.access import Access, Project
from alcor.services.hosts import node_health
from alcor.services.manager import CREATE, OPERATIONS, Delete, Filter, check_expected, each
from alcor.services.plain import Plain, locked_row, plain_manager
from alcor.services.rows import View
from alcor.store import bulk, sql
from alcor.store.tables import agent, controller, host_session, node
from alcor.store.transaction import Transaction

_PRESENT = {"is_deleted": False}
_ANY_DELETED = sql.statement("SELECT 1 FROM agent WHERE is_deleted LIMIT 1")
_BACK = (
    agent.update()
    .where(agent.c.host.in_(bindparam("hosts", expanding=True)), agent.c.is_deleted.is_(True))
    .values(is_deleted=False)
)


def _nobody(_project: Project) -> ColumnElement[bool]:
    return false()


ACCESS = Access(AGENT, agent, _nobody)


def register(transaction: Transaction, zones: dict[str, str]) -> None:
    """New nodes are agents, too (id → availability zone)."""
    now = transaction.now
    rows = [
        (str(uuid5(NAMESPACE_URL, f"alcor:agent:{host}")), host, zone, True, "", False, 1, now, now, "{}")
        for host, zone in zones.items()
    ]
    bulk.insert_rows(transaction.connection, agent, rows)


def move(connection: Connection, host: str, zone: str) -> None:
    """The node is in another availability zone."""
    bulk.update_rows(connection, agent, "host", ("availability_zone",), [(zone, host)])


def forget(connection: Connection, host: str) -> None:
    """The node is gone."""
    bulk.delete_by(connection, agent, "host", [host])


def bring_back(connection: Connection, hosts: Iterable[str]) -> None:
    """These hosts connected: their agents are there again that were deleted."""
    if connection.execute(_ANY_DELETED).first() is not None:
        connection.execute(_BACK, {"hosts": sorted(hosts)})


def _delete(transaction: Transaction, delete: Delete) -> None:
    row = locked_row(transaction, ACCESS, delete.id, delete.context)
    check_expected(transaction, ACCESS, row, delete)
    bulk.update_rows(transaction.connection, agent, "id", ("is_deleted",), [(True, row.id)])


def _computed(connection: Connection, rows: Sequence[Any], _context: Context) -> Sequence[View]:
    hosts = [row.host for row in rows]
    sessions = node_health.sessions(connection, hosts)
    healths = node_health.healths(connection, hosts)
    nodes = {row.id: row for row in bulk.select_by(connection, list(node.c), node.c.id, hosts)}
    since = int(time.time()) - node_health.SILENT_AFTER
    heard = {host: its.heartbeat_at for host, its in sessions.items()}
    return [_state(nodes[row.host], heard.get(row.host), since, healths[row.host]) for row in rows]


def _state(of_node: Any, heard_at: int | None, since: int, health: NodeHealth) -> View:
    """``heard_at``: when the controller that serves the node gave its last sign of life; None while none does."""
    return {
        "created_at": _text(of_node.created_at),
        "started_at": _text(of_node.created_at),
        "heartbeat_timestamp": _text(of_node.updated_at if heard_at is None else heard_at),
        "alive": heard_at is not None and heard_at >= since,
        "configurations": {
            "bridge_mappings": {},
            "data_plane": health.data_plane,
            "message_queue": {
                "group_topic": of_node.group_topic,
                "unicast_topic": of_node.unicast_topic,
                "key": of_node.group_key,
            },
            "datapath_type": "system",
            "in_distributed_mode": True,
            "state": health.state.value,
            "state_reasons": list(health.reasons),
            "tunnel_types": ["vxlan"],
            "tunneling_ip": of_node.local_ip,
        },
    }


def _text(seconds: int) -> str:
    """A time as Neutron shows it of agents."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


_BEGAN = select(node.c.created_at).where(node.c.id == agent.c.host).scalar_subquery()
_HEARD = func.coalesce(
    select(controller.c.heartbeat_at)
    .where(host_session.c.host_id == agent.c.host, controller.c.id == host_session.c.controller_id)
    .scalar_subquery(),
    select(node.c.updated_at).where(node.c.id == agent.c.host).scalar_subquery(),
)


def _is_served() -> ColumnElement[bool]:
    return exists().where(
        and_(
            host_session.c.host_id == agent.c.host,
            controller.c.id == host_session.c.controller_id,
            controller.c.heartbeat_at >= int(time.time()) - node_health.SILENT_AFTER,
        )
    )


def _alive(_context: Context, values: Sequence[Any]) -> ColumnElement[bool]:
    served = _is_served()
    return or_(*(served if value else not_(served) for value in values))


AGENTS = msgspec.structs.replace(
    plain_manager(
        Plain(
            access=ACCESS,
            computed=_computed,
            filters={"alive": Filter(_alive)},
            orders={
                "created_at": lambda: _BEGAN,
                "started_at": lambda: _BEGAN,
                "heartbeat_timestamp": lambda: _HEARD,
                "alive": lambda: case((_is_served(), 1), else_=0),
            },
            only=_PRESENT,
            operations=OPERATIONS - {CREATE},
        )
    ),
    delete=each(_delete),
)
