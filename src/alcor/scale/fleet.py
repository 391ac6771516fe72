"""Many simulated hosts in one process, on a few connections to the controller."""

import asyncio
import logging
import os
import random
import time
from typing import NamedTuple

import msgspec

from alcor.channels.fast_path.many_client import ManyHostsConnection
from alcor.channels.fast_path.opening import OpenChannel, open_plain
from alcor.channels.message_queue.opening import MessageQueue
from alcor.channels.messages import Acknowledgement, AgentMessage, Hello, PortReport, ResyncRequest, Welcome
from alcor.model.identifiers import Id
from alcor.scale.agent_host import AgentHost, some
from alcor.scale.asking import Answers, Asking, News
from alcor.scale.host import Link, SimulatedHost, Taken
from alcor.scale.scenario import Hosts
from alcor.scale.seen import Heard, Seen
from alcor.southbound.v1 import southbound_pb2 as pb

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.1  # seconds before a lost connection is made again: between half of this and this, then longer
_LONGEST_PAUSE = 3.0
_COME_BACK_SECONDS = 1.0  # until a host that the controller ended says hello again
_HELLOS_AHEAD = 1000  # that wait to be sent on one connection
_COMING = 50  # hosts with streams of their own that connect at the same time


def host_name(number: int) -> str:
    """The node id of a simulated host."""
    return f"sim-{number}"


class Events(msgspec.Struct, array_like=True):
    """What was measured since the last look."""

    up: list[tuple[Id, float]] = []  # port, and when it was programmed (time.monotonic)
    connects: bytes = b""  # seconds from hello to the first goal state, as an array of doubles
    heard: list[Heard] = []
    news: list[News] = []
    answers: Answers | None = None  # once all questions are answered
    trouble: str = ""  # what keeps hosts from asking


class _Programmed(NamedTuple):
    """A goal state that the data plane has taken in."""

    revision: int
    named: list[Id]
    complete: bool
    welcomes: int  # of the host when the goal state came
    seconds: float


class Fleet:
    """Hosts first..first+count-1, connected as long as the fleet runs."""

    def __init__(
        self,
        address: str,
        first: int,
        count: int,
        hosts: Hosts,
        queue: MessageQueue | None = None,
        open_channel: OpenChannel = open_plain,
    ) -> None:
        """``hosts`` says how they are; ``queue`` is not closed."""
        self.open_channel = open_channel
        self.seen = Seen()
        self.counts = self.seen.counts
        self.programming_seconds = hosts.programming_seconds
        self.keep_told = hosts.digests
        self.slow_seconds = 0.0
        self.boot_id = os.urandom(16)
        self.asking = Asking(address, self.boot_id, hosts.per_connection, self.counts, open_channel)
        self.numbers = range(first, first + count)
        self._log_id = b""
        self._agents: list[AgentHost] = []
        self._groups: list[_Group] = []
        if hosts.like_agents:
            self._agents = [
                AgentHost(
                    number, host_name(number), self.boot_id, address, hosts.channel, queue, self.seen, open_channel
                )
                for number in self.numbers
            ]
            self._take_time(self._agents, hosts.programming_seconds)
        else:
            self._groups = [
                _Group(self, address, start, min(hosts.per_connection, first + count - start))
                for start in range(first, first + count, hosts.per_connection)
            ]

    async def run(self) -> None:
        """Connect, and stay connected, for ever."""
        async with asyncio.TaskGroup() as tasks:
            for group in self._groups:
                tasks.create_task(group.run())
            for start in range(0, len(self._agents), _COMING):
                coming = self._agents[start : start + _COMING]
                for agent in coming:
                    tasks.create_task(agent.run())
                for agent in coming:
                    await agent.came.wait()

    def cut(self, fraction: float, away_seconds: float) -> None:
        """Cut some of the connections; they are made again after a while."""
        if self._agents:
            for agent in some(self._agents, fraction):
                self.counts.cut += agent.connected
                agent.cut(away_seconds)
            return
        for group in random.sample(self._groups, max(1, round(fraction * len(self._groups)))):
            self.counts.cut += group.cut(away_seconds)

    def slow(self, fraction: float, seconds: float) -> None:
        """Let some hosts take so long for each goal state."""
        self._take_time(self._agents[: round(fraction * len(self._agents))], seconds)
        for group in self._groups:
            group.slow_hosts = round(fraction * len(group.hosts))
        self.slow_seconds = seconds

    def _take_time(self, agents: list[AgentHost], seconds: float) -> None:
        for agent in agents:
            agent.programming_seconds = seconds

    def events(self) -> Events:
        """What was measured since this was asked last."""
        up, connects, heard = self.seen.taken()
        news, answers = self.asking.events()
        return Events(up, connects, heard, news, answers, self.asking.trouble)

    def intern(self, log_id: bytes) -> bytes:
        """The same object for all hosts."""
        if log_id != self._log_id:
            self._log_id = log_id
        return self._log_id


class _Group:
    """The hosts of one connection; their numbers on it are their places in the list."""

    def __init__(self, fleet: Fleet, address: str, first: int, count: int) -> None:
        self.hosts = [SimulatedHost() for _ in range(count)]
        self.slow_hosts = 0  # the first so many are slow
        self._fleet = fleet
        self._address = address
        self._first = first
        self._connection: ManyHostsConnection | None = None
        self._began = 0.0
        self._away_until = 0.0

    async def run(self) -> None:
        failures = 0
        while True:
            self._began = time.monotonic()
            welcomes = self._fleet.counts.welcomes
            self._connection = ManyHostsConnection(self._address, self, open_channel=self._fleet.open_channel)
            running = asyncio.create_task(self._connection.run())
            try:
                await self._introduce(self._connection, running)
                await running
            finally:
                running.cancel()
            self._connection = None
            for host in self.hosts:
                self._gone(host)
            failures = 0 if self._fleet.counts.welcomes > welcomes else failures + 1
            pause = min(_FIRST_PAUSE * 2**failures, _LONGEST_PAUSE)
            await asyncio.sleep(max(random.uniform(pause / 2, pause), self._away_until - time.monotonic()))

    async def _introduce(self, connection: ManyHostsConnection, running: asyncio.Task[None]) -> None:
        for number in range(len(self.hosts)):
            if connection.waiting >= _HELLOS_AHEAD:
                await connection.said()
            if running.done():
                return
            self._say_hello(number)

    def cut(self, away_seconds: float) -> int:
        """Lose the connection. Returns how many hosts lose it."""
        self._away_until = time.monotonic() + away_seconds
        if self._connection is None:
            return 0
        self._connection.close()
        return sum(host.link is not Link.AWAY for host in self.hosts)

    # Called by the connection.

    def welcomed(self, number: int, welcome: Welcome) -> None:
        host, counts = self.hosts[number], self._fleet.counts
        host.welcomed(self._fleet.intern(welcome.log_id))
        counts.welcomes += 1
        counts.connected += 1
        if host.link is Link.UP_TO_DATE:
            self._up_to_date()
            self._say(number, PortReport(host.states(), complete=True))

    def goal_state(self, number: int, part: pb.GoalState) -> None:
        host, counts = self.hosts[number], self._fleet.counts
        for forwarding in part.forwarding:
            counts.neighbours += len(forwarding.macs)
            self._fleet.seen.heard(self._first + number, forwarding.macs)
        if part.security_groups:
            self._fleet.seen.heard(self._first + number, [len(group.rules) for group in part.security_groups])
        if part.removed_ports and host.ports is not None:
            counts.removed += sum(port_id in host.ports for port_id in part.removed_ports)
        before = host.revision
        was, had = host.link, len(host.ports or ())
        taken = host.take(part, self._fleet.keep_told)
        counts.ports += len(host.ports or ()) - had
        match taken:
            case Taken.WHOLE:
                counts.goal_states += 1
                counts.snapshots += part.snapshot
                if was is Link.WELCOMED:
                    self._up_to_date()
                self._program(number, host, part.snapshot)
            case Taken.GAP:
                counts.gaps += 1
                reason = f"a delta on revision {part.base_revision} does not follow on {before}"
                self._say(number, ResyncRequest(before, reason), took=not part.more)
            case Taken.IGNORED if not part.more:
                self._took(number)

    def told_ncms(self, addresses: tuple[str, ...]) -> None:
        pass  # those that ask do so where they are told what to have

    def ended(self, number: int, reason: str) -> None:
        host = self.hosts[number]
        self._gone(host)
        self._fleet.counts.refused += 1
        log.warning("%s was ended by the controller: %s", host_name(self._first + number), reason)
        asyncio.get_running_loop().call_later(_COME_BACK_SECONDS, self._come_back, number, self._connection)

    # What hosts do.

    def _program(self, number: int, host: SimulatedHost, complete: bool) -> None:
        seconds = self._fleet.slow_seconds if number < self.slow_hosts else self._fleet.programming_seconds
        done = _Programmed(host.revision, host.named, complete, host.welcomes, seconds)
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._programmed, number, done)
        else:
            self._programmed(number, done)

    def _programmed(self, number: int, done: _Programmed) -> None:
        host = self.hosts[number]
        new = host.program(None if done.complete else done.named)
        self._fleet.seen.up(new)
        if host.link is Link.AWAY or host.welcomes != done.welcomes:
            return  # everything is reported at the next welcome
        states = host.states(None if done.complete else done.named, done.revision)
        if states or done.complete:
            self._say(number, PortReport(states, complete=done.complete))
        nanoseconds = int(done.seconds * 1e9)
        self._say(number, Acknowledgement(done.revision, programmed_nanoseconds=nanoseconds), took=1)

    def _say_hello(self, number: int) -> None:
        host = self.hosts[number]
        name = host_name(self._first + number)
        hello = Hello(name, self._fleet.boot_id, host.log_id, host.revision, "simulated", host.digest())
        self._say(number, hello)

    def _come_back(self, number: int, connection: ManyHostsConnection | None) -> None:
        if connection is self._connection:
            self._say_hello(number)

    def _say(self, number: int, message: AgentMessage, took: int = 0) -> None:
        if self._connection is not None:
            self._connection.say(number, message, took)

    def _took(self, number: int) -> None:
        if self._connection is not None:
            self._connection.took(number)

    def _up_to_date(self) -> None:
        self._fleet.counts.up_to_date += 1
        self._fleet.seen.connected(self._began)

    def _gone(self, host: SimulatedHost) -> None:
        if host.link is not Link.AWAY:
            self._fleet.counts.lost += 1
            self._fleet.counts.connected -= 1
            self._fleet.counts.up_to_date -= host.link is Link.UP_TO_DATE
        host.disconnected()
