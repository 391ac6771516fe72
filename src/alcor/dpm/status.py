"""What operators see of the southbound side of one controller: how far it is, and what blocks it.

The cost does not depend on the number of ports: what is looked at on the event loop are the hosts that owe an
acknowledgement, and what is answered is the oldest of each kind, so many at most.
"""

import time
from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from alcor.dpm.manager import DataPlaneManager
from alcor.model.identifiers import id_text
from alcor.services.hosts import host_session
from alcor.services.hosts.host_session import ServingController
from alcor.store import change_log
from alcor.store.store import Store

MOST = 1000
"""Of each kind, in one answer."""


class ChangeLogStatus(msgspec.Struct, frozen=True):
    """How far compiling is: positions, entries not compiled, and how long the oldest of these is known."""

    head: int
    compiled: int
    lag_entries: int
    lag_seconds: float


class PendingHost(msgspec.Struct, frozen=True):
    """A host that has not acknowledged all it was given."""

    host_id: str
    seconds: float  # that the oldest of it has waited
    acknowledged_revision: int
    sent_revision: int
    unacknowledged: int  # goal states sent and not acknowledged
    waiting: str  # to be sent: nothing, delta or snapshot
    waiting_items: int


class PendingStatus(msgspec.Struct, frozen=True):
    """How many hosts are pending, and the longest of them."""

    count: int
    oldest_seconds: float
    hosts: list[PendingHost]


class FailedPort(msgspec.Struct, frozen=True):
    """A port that its host could not program, and tries again ever less often."""

    host_id: str
    port_id: str
    reason: str
    since: int  # seconds since the epoch
    attempts: int


class FailedStatus(msgspec.Struct, frozen=True):
    """How many ports failed, and those that failed first."""

    count: int
    ports: list[FailedPort]


class UnconnectedHost(msgspec.Struct, frozen=True):
    """A host with ports that no controller serves. ``lost_at``: when it was given up here, if it was."""

    host_id: str
    lost_at: int | None  # seconds since the epoch


class UnconnectedStatus(msgspec.Struct, frozen=True):
    """Hosts that should be connected to a controller; ``more`` than counted when there are so many."""

    count: int
    more: bool
    hosts: list[UnconnectedHost]


class RelayedHost(msgspec.Struct, frozen=True):
    """A host that reaches no controller itself, and the host that leads it to this one."""

    host_id: str
    relay: str


class RelayedStatus(msgspec.Struct, frozen=True):
    """How many hosts connected here are led here by others, and some of them."""

    count: int
    hosts: list[RelayedHost]


class TopicsStatus(msgspec.Struct, frozen=True):
    """VPCs and security groups of which changes are published: on how many it is this controller's turn, how many hosts
    learn that way (counted for each), how often hosts ceased to, and how long what was not published waits."""

    vpcs: int
    security_groups: int
    turns: int
    hosts: int
    fallen_back: dict[str, int]  # by the hosts' reason
    lag_seconds: float


class ControllerStatus(msgspec.Struct, frozen=True):
    """A controller on the same database: each answers for the hosts connected to it.

    ``ncm_address`` is where hosts ask it about peers, when it says so.
    """

    id: str
    hosts: int
    silent_seconds: int
    ncm_address: str


class SouthboundStatus(msgspec.Struct, frozen=True):
    """The southbound side of one controller. ``trouble`` says what keeps it from working at all; empty for nothing."""

    controller_id: str
    trouble: str
    change_log: ChangeLogStatus
    nodes: int
    ports: int
    vpcs: int
    on_demand_vpcs: int
    topics: TopicsStatus
    connected_hosts: int
    pending: PendingStatus
    failed: FailedStatus
    unconnected: UnconnectedStatus
    relayed: RelayedStatus
    controllers: list[ControllerStatus]


class _Shared(msgspec.Struct, frozen=True):
    """What only the database knows."""

    head: int
    unconnected: Sequence[str] = ()
    controllers: Sequence[ServingController] = ()


async def southbound_status(store: Store, manager: DataPlaneManager, limit: int) -> SouthboundStatus:
    """How the southbound side does, with up to ``limit`` hosts or ports of each kind."""
    trouble = manager.not_ready() or manager.trouble
    try:
        shared = await store.read(_read_shared)
        manager.lag.seen(shared.head, time.monotonic())
    except SQLAlchemyError as error:
        trouble = trouble or f"the database cannot be read: {str(error).splitlines()[0]}"
        shared = _Shared(manager.lag.head)
    model = manager.model
    return SouthboundStatus(
        controller_id=manager.controller_id,
        trouble=trouble,
        change_log=_change_log(manager),
        nodes=len(model.nodes),
        ports=len(model.ports),
        vpcs=len(model.vpcs),
        on_demand_vpcs=len(model.on_demand),
        topics=_topics(manager),
        connected_hosts=manager.connected_hosts,
        pending=_pending(manager, limit),
        failed=_failed(manager, limit),
        unconnected=_unconnected(shared.unconnected, manager.lost, limit),
        relayed=_relayed(manager.relayed, limit),
        controllers=_controllers(shared.controllers),
    )


def _read_shared(connection: Connection) -> _Shared:
    return _Shared(
        change_log.head(connection),
        host_session.unconnected(connection, MOST + 1),
        host_session.controllers(connection, MOST),
    )


def _change_log(manager: DataPlaneManager) -> ChangeLogStatus:
    head, compiled = manager.lag.head, manager.revision
    return ChangeLogStatus(head, compiled, head - compiled, manager.lag.seconds(time.monotonic()))


def _topics(manager: DataPlaneManager) -> TopicsStatus:
    topics, publishing = manager.topics, manager.publishing
    turns, lag = (0, 0.0) if publishing is None else (publishing.turns, publishing.lag_seconds())
    vpcs = len(manager.model.queued_vnis)
    groups = len(manager.model.queued) - vpcs
    return TopicsStatus(vpcs, groups, turns, topics.fed(), dict(topics.fallen_back), lag)


def _pending(manager: DataPlaneManager, limit: int) -> PendingStatus:
    now = time.monotonic()
    hosts = []
    for connection, since in manager.pending.oldest(limit):
        delivery = connection.delivery()
        hosts.append(
            PendingHost(
                host_id=connection.hello.host_id,
                seconds=now - since,
                acknowledged_revision=delivery.acknowledged_revision,
                sent_revision=delivery.sent_revision,
                unacknowledged=delivery.unacknowledged,
                waiting=delivery.waiting.value,
                waiting_items=delivery.waiting_items,
            )
        )
    return PendingStatus(len(manager.pending), manager.oldest_pending_seconds(), hosts)


def _failed(manager: DataPlaneManager, limit: int) -> FailedStatus:
    ports = [
        FailedPort(
            host_id=failure.host_id,
            port_id=id_text(failure.port_id),
            reason=failure.reason,
            since=int(failure.since),
            attempts=max(1, failure.reports),
        )
        for failure in manager.failures.oldest(limit)
    ]
    return FailedStatus(len(manager.failures), ports)


def _unconnected(host_ids: Sequence[str], lost: dict[str, float], limit: int) -> UnconnectedStatus:
    """Those lost here come first, the latest of them at the top."""
    known = host_ids[:MOST]
    ordered = sorted(known, key=lambda host_id: -lost.get(host_id, 0.0))
    hosts = [UnconnectedHost(host_id, int(lost[host_id]) if host_id in lost else None) for host_id in ordered[:limit]]
    return UnconnectedStatus(len(known), len(host_ids) > len(known), hosts)


def _relayed(relayed: dict[str, str], limit: int) -> RelayedStatus:
    hosts = [RelayedHost(host_id, relay) for host_id, relay in islice(relayed.items(), limit)]
    return RelayedStatus(len(relayed), hosts)


def _controllers(found: Iterable[ServingController]) -> list[ControllerStatus]:
    now = int(time.time())
    return [ControllerStatus(each.id, each.hosts, max(0, now - each.heartbeat_at), each.ncm_address) for each in found]
