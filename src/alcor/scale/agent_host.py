"""A simulated host that is reached as an agent is: by a stream of its own or over the message queue, and by topics.

What follows on what, what is read of topics, what is said and when: that is the agent's own code. Only what becomes of
a goal state is simulated. Of it a host keeps which ports it has, and whether they are programmed.
"""

import asyncio
import random
import time
from collections.abc import Iterable
from pathlib import Path

from alcor.agent.counters import Counters
from alcor.agent.reports import Reports
from alcor.agent.sequence import Sequence, Verdict
from alcor.agent.topics import Topics
from alcor.agent.wanted import Wanted
from alcor.channels.either_way import AgentClient, AgentConnection
from alcor.channels.fast_path.client import FastPathClient
from alcor.channels.fast_path.opening import OpenChannel, open_plain
from alcor.channels.message_queue.client import QueueClient
from alcor.channels.message_queue.opening import MessageQueue
from alcor.channels.messages import Acknowledgement, Hello, PortState, ResyncRequest, State
from alcor.channels.told import Told
from alcor.model.goal_state import GoalStateDelta
from alcor.model.identifiers import Id
from alcor.scale.seen import Seen

_NOTHING = Wanted(Path())
"""What all of them find on their disks, which they do not have."""


class AgentHost:
    """One host."""

    def __init__(
        self,
        number: int,
        name: str,
        boot_id: bytes,
        controller: str,
        channel: str,
        queue: MessageQueue | None,
        seen: Seen,
        open_channel: OpenChannel = open_plain,
    ) -> None:
        """``channel`` is that of the scenario; topics are read of ``queue``, if there is one."""
        self.programming_seconds = 0.0
        self.came = asyncio.Event()
        """Set once it was welcomed for the first time."""
        self._number, self._name, self._boot_id, self._seen = number, name, boot_id, seen
        self._ports: dict[Id, bool] = {}  # id → whether it is programmed
        self._sequence, self._reports, counters = Sequence(b"", 0), Reports(), Counters()
        topics = None if queue is None else queue.topics
        self._topics = Topics(topics, _NOTHING, self._reports, counters, self._take, self._take_read)
        told = Told(topic_keys=None if topics is None else self._topics.told_keys)
        self._client: AgentClient
        if channel == "queue" and queue is not None:
            self._client = QueueClient(
                queue.streams, self._hello, told=told, count=counters.add, credentials=queue.credentials
            )
        else:
            self._client = FastPathClient((controller,), self._hello, told=told, open_channel=open_channel)
        self._connection: AgentConnection | None = None
        self._up_to_date = False
        self._began = self._away_until = 0.0

    def _hello(self) -> Hello:
        sequence, feeds = self._sequence, self._topics.feeds.said()
        return Hello(self._name, self._boot_id, sequence.log_id, sequence.revision, "simulated", feeds=feeds)

    @property
    def connected(self) -> bool:
        """Whether a controller serves it."""
        return self._connection is not None

    def cut(self, away_seconds: float) -> None:
        """Lose the connection."""
        self._away_until = time.monotonic() + away_seconds
        if self._connection is not None:
            self._connection.close()

    async def run(self) -> None:
        """Connect, and stay connected, for ever."""
        self._began = time.monotonic()
        async for connection in self._client.connections():
            self._connection = connection
            self._welcomed()
            try:
                await self._serve(connection)
            finally:
                self._connection = None
                self._gone()
            await asyncio.sleep(max(0.0, self._away_until - time.monotonic()))

    def _welcomed(self) -> None:
        counts = self._seen.counts
        counts.welcomes += 1
        counts.connected += 1
        self.came.set()

    def _gone(self) -> None:
        counts = self._seen.counts
        counts.lost += 1
        counts.connected -= 1
        counts.up_to_date -= self._up_to_date
        self._up_to_date = False
        self._reports.disconnected()
        self._began = time.monotonic()

    async def _serve(self, connection: AgentConnection) -> None:
        log_id = connection.welcome.log_id
        self._sequence.enter(log_id)
        self._reports.connected(log_id)
        if self._sequence.revision:
            self._has_everything()
            self._reports.report_all(log_id, self._states(self._ports, self._sequence.revision))
        self._topics.connected(log_id, connection.welcome.topic_interval)
        sending = asyncio.create_task(self._reports.keep_sending(connection))
        try:
            async for delta in connection.goal_states():
                await self._receive(delta)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _receive(self, delta: GoalStateDelta) -> None:
        before = self._sequence.revision
        match self._sequence.judge(delta):
            case Verdict.TAKE:
                await self._topics.take(delta)
            case Verdict.RESYNC:
                self._seen.counts.gaps += 1
                reason = f"a delta on revision {delta.base_revision} does not follow on {before}"
                self._reports.ask_resync(ResyncRequest(before, reason))
            case Verdict.IGNORE:
                pass

    # What it is told.

    async def _take(self, delta: GoalStateDelta) -> None:
        counts, had = self._seen.counts, len(self._ports)
        if delta.snapshot:
            self._ports.clear()
        counts.removed += sum(self._ports.pop(port_id, None) is not None for port_id in delta.removed_ports)
        for port_id in delta.ports:
            self._ports.setdefault(port_id, False)
        counts.ports += len(self._ports) - had
        counts.goal_states += 1
        counts.snapshots += delta.snapshot
        await self._take_read(delta)
        if not self._up_to_date:
            self._has_everything()
        named = None if delta.snapshot else list(delta.ports)
        if self.programming_seconds:
            loop = asyncio.get_running_loop()
            loop.call_later(self.programming_seconds, self._programmed, delta.revision, named)
        else:
            self._programmed(delta.revision, named)

    async def _take_read(self, delta: GoalStateDelta) -> None:
        """What others learn, whichever way it comes."""
        for change in delta.neighbours.values():
            self._seen.counts.neighbours += len(change.put.forwarding)
            self._seen.heard(self._number, change.put.forwarding)
        self._seen.heard(self._number, [len(group.rules) for group in delta.security_groups.values()])

    def _has_everything(self) -> None:
        self._up_to_date = True
        self._seen.counts.up_to_date += 1
        self._seen.connected(self._began)

    def _programmed(self, revision: int, named: list[Id] | None) -> None:
        """The data plane has these ports, or all when none are named."""
        there = [port_id for port_id in (self._ports if named is None else named) if port_id in self._ports]
        self._seen.up([port_id for port_id in there if not self._ports[port_id]])
        self._ports.update(dict.fromkeys(there, True))
        log_id = self._sequence.log_id
        if named is None:
            self._reports.report_all(log_id, self._states(there, revision))
        else:
            self._reports.report(log_id, self._states(there, revision))
        nanoseconds = int(self.programming_seconds * 1e9)
        self._reports.acknowledge(log_id, Acknowledgement(revision, programmed_nanoseconds=nanoseconds))

    def _states(self, port_ids: Iterable[Id], revision: int) -> list[PortState]:
        states = ((port_id, State.UP if self._ports[port_id] else State.DOWN) for port_id in port_ids)
        return [PortState(port_id, state, revision=revision) for port_id, state in states]


def some(hosts: list[AgentHost], fraction: float) -> list[AgentHost]:
    """So many of them, by lot; one at least."""
    return random.sample(hosts, max(1, round(fraction * len(hosts))))
