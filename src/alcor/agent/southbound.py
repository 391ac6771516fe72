"""The agent's side of the southbound protocol: says what it has, takes what follows on it, tells what became of it."""

import contextlib
import logging
import os
from collections.abc import AsyncIterator
from collections.abc import Sequence as SequenceOf

from alcor import __version__
from alcor.agent.beside import beside
from alcor.agent.counters import Counters
from alcor.agent.health.reporting import HealthReports
from alcor.agent.on_demand.asking import Asking
from alcor.agent.reconcile import Reconciler
from alcor.agent.reports import Reports
from alcor.agent.rescue.rescue import Rescue
from alcor.agent.sequence import Sequence, Verdict
from alcor.agent.state_digests import StateDigests
from alcor.agent.topics import Topics
from alcor.agent.wanted import Wanted
from alcor.agent.ways import open_way
from alcor.channels.either_way import AgentConnection
from alcor.channels.fast_path.client import FastPathClient
from alcor.channels.fast_path.opening import OpenChannel, open_plain
from alcor.channels.message_queue.opening import MessageQueue
from alcor.channels.messages import Hello, ResyncRequest
from alcor.channels.told import Told
from alcor.model.goal_state import GoalStateDelta

log = logging.getLogger(__name__)


class Southbound:
    """Keeps the host connected to a controller, and hands on what it tells: goal states, and whom to ask."""

    def __init__(
        self,
        host_id: str,
        controllers: SequenceOf[str],
        wanted: Wanted,
        reconciler: Reconciler,
        reports: Reports,
        counters: Counters,
        asking: Asking,
        health: HealthReports,
        rescue: Rescue,
        open_channel: OpenChannel = open_plain,
        channel: str = "auto",
        queue: MessageQueue | None = None,
    ) -> None:
        """``queue`` is used as ``channel`` of the settings says."""
        self.controller = ""
        """Address of the controller the host is connected to; empty when there is none."""
        self.relay = ""
        """The host that leads this one to the controller, or to the one being tried; empty for none."""
        self._host_id = host_id
        self._boot_id = os.urandom(16)
        self._sequence = Sequence(*wanted.applied())
        self._reconciler, self._reports, self._counters = reconciler, reports, counters
        self._asking, self._health, self._rescue = asking, health, rescue
        streams, topics = (None, None) if queue is None else (queue.streams, queue.topics)
        credentials = None if queue is None else queue.credentials
        self.topics = Topics(topics, wanted, reports, counters, self._take_goal_state, self._take_read)
        self._digests = StateDigests(wanted, reports)
        keys = None if topics is None else self.topics.told_keys
        told = Told(asking.told_ncms, health.told_targets, rescue.told, keys)
        self._fast = FastPathClient(controllers, self.hello, told=told, ways=self._way, open_channel=open_channel)
        self._client = open_way(self._fast, self.hello, told, counters, streams, channel, credentials)

    def hello(self) -> Hello:
        """Who this host is and what it has been given."""
        sequence, feeds = self._sequence, self.topics.feeds.said()
        return Hello(
            self._host_id,
            self._boot_id,
            sequence.log_id,
            sequence.revision,
            __version__,
            self._digests.known(sequence.revision, feeds),
            feeds=feeds,
            relayed_by=self.relay,
        )

    def dial_anew(self) -> None:
        """Another way leads to controllers from now on: nothing more is expected of an attempt on the one before."""
        self._fast.dial_anew()

    @contextlib.asynccontextmanager
    async def _way(self, address: str) -> AsyncIterator[str]:
        async with self._rescue.way(address) as way:
            self.relay = way.relay
            yield way.target

    async def run(self) -> None:
        """Go on for ever, over any number of connections."""
        try:
            await self._stay_connected()
        finally:
            await self.topics.close()

    async def _stay_connected(self) -> None:
        await self._digests.refresh()
        async for connection in self._client.connections():
            self.controller = connection.address
            self._counters.add("connections")
            self._rescue.served()
            try:
                await self._serve(connection)
            except Exception:
                if self._counters.add("connections_failed"):
                    log.exception("the connection to controller %s failed", connection.address)
            finally:
                self.controller = ""
                self._rescue.unserved()
                self._reports.disconnected()
                self._health.disconnected()
            await self._digests.refresh()

    async def _serve(self, connection: AgentConnection) -> None:
        self._sequence.enter(connection.welcome.log_id)
        self._reports.connected(connection.welcome.log_id)
        self._reconciler.report_everything()
        self.topics.connected(connection.welcome.log_id, connection.welcome.topic_interval)
        self._asking.controller_reached()
        saying = [self._reports.keep_sending(connection)]
        if interval := connection.welcome.digest_interval:
            saying += [self._digests.keep_saying(interval), self._health.keep_saying(interval)]
        async with beside(*saying):
            await self._receive(connection)

    async def _receive(self, connection: AgentConnection) -> None:
        async for delta in connection.goal_states():
            before = self._sequence.revision
            match self._sequence.judge(delta):
                case Verdict.TAKE:
                    await self.topics.take(delta)
                case Verdict.IGNORE:
                    self._counters.add("goal_states_ignored")
                case Verdict.RESYNC:
                    self._counters.add("resync_requests")
                    reason = f"a delta on revision {delta.base_revision} does not follow on {before}"
                    log.warning("%s: asking controller %s for a snapshot", reason, connection.address)
                    self._reports.ask_resync(ResyncRequest(before, reason))

    async def _take_goal_state(self, delta: GoalStateDelta) -> None:
        await self._reconciler.deliver(delta, self._sequence.log_id)

    async def _take_read(self, delta: GoalStateDelta) -> None:
        """Nobody waits for its acknowledgement: it would cost the controller what the topic saves it."""
        await self._reconciler.deliver(delta, self._sequence.log_id, acknowledged=False)
