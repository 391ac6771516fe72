"""A control agent without a data plane: applies goal states, acknowledges, and reports every port it has as UP."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence

from alcor.channels.either_way import AgentClient, AgentConnection
from alcor.channels.fast_path.client import Backoff, ConnectionLost, FastPathClient
from alcor.channels.messages import (
    Acknowledgement,
    GoalStateDigest,
    Hello,
    HostHealth,
    PortReport,
    PortState,
    ProbeTargets,
    RelayCandidates,
    ResyncRequest,
    State,
)
from alcor.channels.told import Told
from alcor.model.digest import VERSION, digest_of
from alcor.model.goal_state import GoalState, GoalStateDelta, apply_delta
from alcor.model.identifiers import Id, id_text


class FakeAgent:
    """Its goal state survives stop() and start(), as a real agent's does on disk."""

    def __init__(
        self, host_id: str, controllers: Sequence[str], client: "Callable[[FakeAgent], AgentClient] | None" = None
    ) -> None:
        """``client`` makes another client than that of the fast path to the controllers."""
        self.host_id = host_id
        self.state = GoalState()
        self.log_id = b""
        self.received: list[GoalStateDelta] = []
        self.refused: dict[Id, str] = {}  # ports the data plane refuses, and why
        self.unplugged: set[Id] = set()  # ports without an interface
        self.says_digest = False  # with its hello
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.connections = 0
        self.connection: AgentConnection | None = None
        self._boot_id = os.urandom(16)
        self.targets: list[ProbeTargets] = []  # as told, one after the other
        self.relays: list[RelayCandidates] = []  # likewise
        self.relayed_by = ""
        self._client = client(self) if client is not None else self._fast_path(controllers)
        self._task: asyncio.Task[None] | None = None

    def _fast_path(self, controllers: Sequence[str]) -> AgentClient:
        return FastPathClient(
            controllers,
            self.hello,
            told=Told(probe_targets=self.targets.append, relays=self.relays.append),
            backoff=Backoff(first=0.02, maximum=0.2),
        )

    def start(self) -> None:
        """Connect, and stay connected."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Disconnect and keep the goal state."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    @property
    def ports(self) -> set[str]:
        """The ids of its ports."""
        return {id_text(port_id) for port_id in self.state.ports}

    async def report(self, *, complete: bool) -> None:
        """Say how all ports do."""
        assert self.connection is not None
        await self.connection.send(PortReport(tuple(map(self._port_state, self.state.ports)), complete=complete))

    async def say_digest(self, version: int = VERSION) -> None:
        """Say what it has."""
        assert self.connection is not None
        await self.connection.send(self._digest(version))

    async def say_health(self, health: HostHealth) -> None:
        """Say how its host does."""
        assert self.connection is not None
        await self.connection.send(health)

    def _port_state(self, port_id: Id) -> PortState:
        if port_id in self.refused:
            return PortState(port_id, State.FAILED, self.refused[port_id], self.state.revision)
        state = State.DOWN if port_id in self.unplugged else State.UP
        return PortState(port_id, state, revision=self.state.revision)

    def hello(self) -> Hello:
        """Who it is and what it has."""
        digest = self._digest(VERSION) if self.log_id and self.says_digest else None
        return Hello(
            self.host_id,
            self._boot_id,
            self.log_id,
            self.state.revision,
            digest=digest,
            relayed_by=self.relayed_by,
        )

    def _digest(self, version: int) -> GoalStateDigest:
        return GoalStateDigest(self.state.revision, digest_of(self.state), version)

    async def _run(self) -> None:
        async with contextlib.aclosing(self._client.connections()) as connections:
            async for connection in connections:
                self.connections += 1
                self.connection = connection
                with contextlib.suppress(ConnectionLost):
                    await self._serve(connection)

    async def _serve(self, connection: AgentConnection) -> None:
        self._log_id_of_controller = connection.welcome.log_id
        if self.log_id == connection.welcome.log_id:
            await self.report(complete=True)
        async with contextlib.aclosing(connection.goal_states()) as goal_states:
            async for delta in goal_states:
                await self.may_read.wait()
                if not delta.snapshot and delta.base_revision != self.state.revision:
                    await connection.send(ResyncRequest(self.state.revision, "a gap"))
                    continue
                apply_delta(self.state, delta)
                self.log_id = connection.welcome.log_id
                self.received.append(delta)
                await connection.send(Acknowledgement(delta.revision, failures=self.refused))
                await self.report(complete=delta.snapshot)
