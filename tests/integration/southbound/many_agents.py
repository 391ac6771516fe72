"""Control agents without a data plane that share one connection: as FakeAgent, each with a number on it."""

import asyncio
import os
from collections.abc import Sequence

from alcor.channels.codec import GoalStateAssembler
from alcor.channels.fast_path.many_client import ManyHostsConnection
from alcor.channels.messages import Acknowledgement, Hello, PortReport, PortState, ResyncRequest, State, Welcome
from alcor.model.goal_state import GoalState, GoalStateDelta, apply_delta
from alcor.model.identifiers import id_text
from alcor.southbound.v1 import southbound_pb2 as pb


class Agent:
    """One of them. What it is given while it must not read waits in front of it."""

    def __init__(self, host_id: str) -> None:
        self.host_id = host_id
        self.boot_id = os.urandom(16)
        self.state = GoalState()
        self.log_id = b""
        self.received: list[GoalStateDelta] = []
        self.may_read = True
        self.unread: list[GoalStateDelta] = []
        self.welcomes = 0
        self.ends: list[str] = []
        self.assembler = GoalStateAssembler()

    @property
    def ports(self) -> set[str]:
        return {id_text(port_id) for port_id in self.state.ports}


class ManyAgents:
    """All of one connection, which is made anew when it is lost. Goal states survive that."""

    def __init__(self, address: str, host_ids: Sequence[str]) -> None:
        self.agents = [Agent(host_id) for host_id in host_ids]
        self._address = address
        self.connection: ManyHostsConnection | None = None
        self.ncms: list[tuple[str, ...]] = []  # as told, one list after the other
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def hello(self, number: int) -> None:
        agent = self.agents[number]
        agent.assembler = GoalStateAssembler()
        agent.unread.clear()
        assert self.connection is not None
        self.connection.say(number, Hello(agent.host_id, agent.boot_id, agent.log_id, agent.state.revision))

    def read_on(self, number: int) -> None:
        """Let an agent that must not read go on."""
        agent = self.agents[number]
        agent.may_read = True
        waiting, agent.unread = agent.unread, []
        for delta in waiting:
            self._take(number, delta)

    async def _run(self) -> None:
        while True:
            self.connection = ManyHostsConnection(self._address, self)
            for number in range(len(self.agents)):
                self.hello(number)
            await self.connection.run()
            await asyncio.sleep(0.02)

    def welcomed(self, number: int, welcome: Welcome) -> None:
        agent = self.agents[number]
        agent.welcomes += 1
        if agent.log_id == welcome.log_id:
            self._report(number, complete=True)
        agent.log_id = welcome.log_id

    def goal_state(self, number: int, part: pb.GoalState) -> None:
        agent = self.agents[number]
        delta = agent.assembler.add(part)
        if delta is None:
            return
        if agent.may_read:
            self._take(number, delta)
        else:
            agent.unread.append(delta)

    def told_ncms(self, addresses: tuple[str, ...]) -> None:
        self.ncms.append(addresses)

    def ended(self, number: int, reason: str) -> None:
        self.agents[number].ends.append(reason)

    def _take(self, number: int, delta: GoalStateDelta) -> None:
        agent = self.agents[number]
        assert self.connection is not None
        if not delta.snapshot and delta.base_revision != agent.state.revision:
            self.connection.say(number, ResyncRequest(agent.state.revision, "a gap"), took=1)
            return
        apply_delta(agent.state, delta)
        agent.received.append(delta)
        self.connection.say(number, Acknowledgement(delta.revision), took=1)
        self._report(number, complete=delta.snapshot)

    def _report(self, number: int, *, complete: bool) -> None:
        state = self.agents[number].state
        assert self.connection is not None
        ports = tuple(PortState(port_id, State.UP, revision=state.revision) for port_id in state.ports)
        self.connection.say(number, PortReport(ports, complete=complete))
