"""What hosts' streams mean for the store: sessions, port statuses and health, gathered while one write is under way."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

import msgspec

from alcor.dpm.metrics import DpmMetrics
from alcor.services.hosts import agent, host_session, node_health
from alcor.services.hosts.host_session import HostSession
from alcor.services.hosts.node_health import Told
from alcor.services.ports.port_status import PortStatus, set_statuses
from alcor.store.store import Store
from alcor.store.transaction import Transaction

log = logging.getLogger(__name__)

_CLAIMS_AT_ONCE = 5000
_STATUSES_AT_ONCE = 2000
_HEALTHS_AT_ONCE = 1000
_LOST_AT_ONCE = 500
_RETRY_SECONDS = 1.0


class Group(msgspec.Struct):
    """What is written in one transaction: sessions before what came over them, lost sessions last."""

    claimed: dict[str, HostSession] = {}  # by host
    statuses: dict[tuple[str, str], PortStatus] = {}  # by port and host
    healths: dict[str, Told] = {}  # by host
    lost: set[HostSession] = set()


class HostWriter:
    """Writes until it is written, in the order given; the latest status of a port on a host counts."""

    def __init__(
        self, store: Store, controller_id: str, metrics: DpmMetrics, on_lost: Callable[[list[str]], None]
    ) -> None:
        """``on_lost`` is told the hosts whose ports went DOWN because their latest session was given up."""
        self._store = store
        self._controller_id = controller_id
        self._metrics = metrics
        self._on_lost = on_lost
        self._waiting = Group()
        self._filled = asyncio.Event()

    def claim(self, sessions: Iterable[HostSession]) -> None:
        """These are now the latest sessions of their hosts."""
        self._waiting.claimed.update((session.host_id, session) for session in sessions)
        self._filled.set()

    def unclaim(self, session: HostSession) -> None:
        """This session has ended: if it is not written yet, another may have been by now that follows on it."""
        if self._waiting.claimed.get(session.host_id) is session:
            del self._waiting.claimed[session.host_id]

    def report(self, statuses: Iterable[PortStatus]) -> None:
        """Hosts say this of their ports."""
        for status in statuses:
            key = (status.port_id, status.host_id)
            self._waiting.statuses.pop(key, None)
            self._waiting.statuses[key] = status
        self._filled.set()

    def health(self, told: Mapping[str, Told]) -> None:
        """Hosts say this of themselves."""
        self._waiting.healths.update(told)
        self._filled.set()

    def give_up(self, sessions: Iterable[HostSession]) -> None:
        """These sessions have ended for good."""
        self._waiting.lost.update(sessions)
        self._filled.set()

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await self._filled.wait()
            group = self._take()
            try:
                lost = await self._store.write(lambda transaction: self._operation(transaction, group))  # noqa: B023
            except Exception:
                log.exception("host sessions and port statuses could not be written and are tried again")
                self._put_back(group)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                self._metrics.status_writes.inc(len(group.statuses))
                if lost:
                    self._on_lost(lost)

    def _take(self) -> Group:
        """What is written next: a little of what a storm of hosts brings, for other writers to have their turns."""
        waiting, group = self._waiting, Group()
        for host_id in list(islice(waiting.claimed, _CLAIMS_AT_ONCE)):
            group.claimed[host_id] = waiting.claimed.pop(host_id)
        for key in list(islice(waiting.statuses, _STATUSES_AT_ONCE)):
            if key[1] not in waiting.claimed:  # what came over a session is written after it
                group.statuses[key] = waiting.statuses.pop(key)
        for host_id in list(islice(waiting.healths, _HEALTHS_AT_ONCE)):
            if host_id not in waiting.claimed:
                group.healths[host_id] = waiting.healths.pop(host_id)
        if not waiting.claimed:
            group.lost.update(islice(waiting.lost, _LOST_AT_ONCE))
            waiting.lost -= group.lost
        if not (waiting.claimed or waiting.statuses or waiting.healths or waiting.lost):
            self._filled.clear()
        return group

    def _put_back(self, group: Group) -> None:
        waiting = self._waiting
        self._waiting = Group(
            group.claimed | waiting.claimed,
            group.statuses | waiting.statuses,
            group.healths | waiting.healths,
            group.lost | waiting.lost,
        )
        self._filled.set()

    def _operation(self, transaction: Transaction, group: Group) -> list[str]:
        host_session.claim(transaction, self._controller_id, group.claimed.values())
        if group.claimed:
            agent.bring_back(transaction.connection, group.claimed)
        set_statuses(transaction, group.statuses.values())
        node_health.put(transaction, group.healths)
        lost = host_session.give_up(transaction, group.lost)
        node_health.forget(transaction.connection, lost)
        return lost
