"""Lost hosts: those whose stream ended and that did not come back, to any controller, within the grace."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from itertools import islice, takewhile

from alcor.channels.interface import HostConnection
from alcor.dpm.host_writer import HostWriter
from alcor.services.hosts import host_session
from alcor.services.hosts.host_session import HostSession
from alcor.store.store import Store

log = logging.getLogger(__name__)

_ABANDONED_AT_ONCE = 10_000
_CHECKED_AT_ONCE = 5000
_STORM = 200  # hosts that connect between two looks
_LONGEST_STORM = 20  # graces


class Liveness:
    """Claims the sessions of hosts that connect and gives up those of hosts that are lost."""

    def __init__(
        self,
        store: Store,
        writer: HostWriter,
        controller_id: str,
        grace: float,
        on_given_up: Callable[[str], None],
        resync: Callable[[HostConnection], None],
    ) -> None:
        """``grace``: seconds a host may be away before its ports go DOWN.

        ``on_given_up`` is told each host that did not come back here, lost or not; ``resync`` gives a host everything.
        """
        self._store = store
        self._writer = writer
        self._controller_id = controller_id
        self._grace = grace
        self._on_given_up = on_given_up
        self._resync = resync
        self.beat_interval = min(grace / 3, 5.0)
        self._silent_after = int(grace + self.beat_interval) + 1  # the store's times are whole seconds
        self._sessions: dict[HostConnection, HostSession] = {}
        self._ended: dict[HostSession, float] = {}  # and when to give them up
        self._unchecked: set[HostConnection] = set()
        self._last_beat: float | None = None
        self._arrivals = 0  # since the last look
        self._calm_at = self._storm_ends_at = 0.0

    def connected(self, connection: HostConnection) -> None:
        """A host is here."""
        session = HostSession(connection.hello.host_id, os.urandom(16), connection.hello.relayed_by)
        self._sessions[connection] = session
        self._arrivals += 1
        self._writer.claim([session])

    def disconnected(self, connection: HostConnection) -> None:
        """A host is gone, perhaps only for a moment."""
        session = self._sessions.pop(connection)
        self._writer.unclaim(session)
        self._ended[session] = time.monotonic() + self._grace

    def session(self, connection: HostConnection) -> HostSession:
        """The session of a host that is here."""
        return self._sessions[connection]

    def heard(self, connection: HostConnection) -> None:
        """A host that is here speaks now and then: it is looked whether its session is still its latest.

        Another controller, which took long to write that the host was with it earlier, may have given it up.
        """
        self._unchecked.add(connection)

    async def run(self) -> None:
        """Watch for ever."""
        others_after = time.monotonic() + self._grace  # hosts of an earlier life need a moment to come back
        while True:
            try:
                await self._beat()
                await self._claim_again()
                if not self._is_storm():
                    self._give_up_ended()
                    if time.monotonic() > others_after:
                        await self._give_up_abandoned()
            except Exception:
                log.exception("signs of life could not be given; tried again")
            await asyncio.sleep(min(self.beat_interval, 1.0))

    def _is_storm(self) -> bool:
        """Whether so many hosts are coming back that those still away wait for their turn rather than are lost.

        Giving them up would set their ports DOWN only to set them ACTIVE again, and delay those who come. A storm has
        passed when for a grace few hosts came, or after a bounded time.
        """
        now = time.monotonic()
        if self._arrivals >= _STORM:
            if now >= self._calm_at:
                self._storm_ends_at = now + _LONGEST_STORM * self._grace
            self._calm_at = now + self._grace
        self._arrivals = 0
        return now < min(self._calm_at, self._storm_ends_at)

    async def _beat(self) -> None:
        silence = 0.0 if self._last_beat is None else time.monotonic() - self._last_beat
        if self._last_beat is not None and silence < self.beat_interval:
            return
        await self._store.write(
            lambda transaction: host_session.heartbeat(transaction, self._controller_id, self._silent_after)
        )
        self._last_beat = time.monotonic()
        if silence > self._silent_after:
            log.warning("no sign of life for %.0f s: hosts may have been given up and are asked again", silence)
            self._writer.claim(self._sessions.values())
            for connection in self._sessions:
                self._resync(connection)

    async def _claim_again(self) -> None:
        """Claim what others do not hold to be its host's latest session though it is."""
        looked_at = list(islice(self._unchecked, _CHECKED_AT_ONCE))
        sessions = {each: session for each in looked_at if (session := self._sessions.get(each)) is not None}
        hosts = [session.host_id for session in sessions.values()]
        latest = await self._store.read(lambda connection: host_session.latest(connection, hosts)) if hosts else {}
        for connection, session in sessions.items():
            if latest.get(session.host_id) != session.session_id and connection in self._sessions:
                log.warning("host %s is served here, whatever others wrote: it is asked again", session.host_id)
                self._writer.claim([session])
                self._resync(connection)
        self._unchecked.difference_update(looked_at)

    def _give_up_ended(self) -> None:
        now = time.monotonic()
        # Each has the same grace, so they are in the order of their deadlines.
        due = [session for session, _ in takewhile(lambda item: item[1] <= now, self._ended.items())]
        for session in due:
            del self._ended[session]
            self._on_given_up(session.host_id)
        if due:
            self._writer.give_up(due)

    async def _give_up_abandoned(self) -> None:
        silent_since = int(time.time()) - self._silent_after
        sessions = await self._store.read(
            lambda connection: host_session.abandoned(connection, silent_since, _ABANDONED_AT_ONCE)
        )
        if sessions:
            self._writer.give_up(sessions)
