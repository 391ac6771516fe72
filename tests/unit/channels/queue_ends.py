"""Both ends of a message queue in memory: a controller with a Data Plane Manager of numbers, and an agent."""

import asyncio
import contextlib
from collections.abc import Callable

from alcor.channels.fast_path.connected_hosts import ConnectedHosts
from alcor.channels.fast_path.dialling import Backoff, ConnectionLost
from alcor.channels.interface import HostConnection
from alcor.channels.message_queue.client import QueueClient
from alcor.channels.message_queue.connection import QueueConnection
from alcor.channels.message_queue.envelopes import Place
from alcor.channels.message_queue.host_trust import HostTrust
from alcor.channels.message_queue.queue import FROM_HOSTS
from alcor.channels.message_queue.server import QueueServer, QueueServerSettings
from alcor.channels.messages import Acknowledgement, Hello, PortReport, ResyncRequest, Welcome
from alcor.channels.trust.credentials import CredentialSource
from alcor.model.goal_state import GoalState, GoalStateDelta, apply_delta
from tests.unit.channels.memory_queue import MemoryQueue

LOG = b"l" * 16
CONTROLLER = f"{FROM_HOSTS}controller-c1"
PLACE = Place("group-1", "host-1")
SECONDS = 60.0
BACKOFF = Backoff(first=0.01, maximum=0.05)


class Listener:
    """A Data Plane Manager of one number a host: each revision is a VTEP more."""

    def __init__(self) -> None:
        self.revision = 1
        self.connections: dict[str, HostConnection] = {}
        self.acknowledged_revisions: list[int] = []
        self.came = self.left = 0

    def change(self) -> None:
        self.revision += 1
        for connection in self.connections.values():
            connection.deliver(GoalStateDelta(revision=self.revision, vteps={self.revision: self.revision}))

    def host_connected(self, connection: HostConnection) -> None:
        self.came += 1
        self.connections[connection.hello.host_id] = connection
        connection.resync()

    def host_disconnected(self, connection: HostConnection) -> None:
        self.left += 1
        if self.connections.get(connection.hello.host_id) is connection:
            del self.connections[connection.hello.host_id]

    def snapshot(self, _connection: HostConnection) -> GoalStateDelta:
        vteps = {number: number for number in range(1, self.revision + 1)}
        return GoalStateDelta(revision=self.revision, snapshot=True, vteps=vteps)

    def acknowledged(self, _connection: HostConnection, said: Acknowledgement, _seconds: float) -> None:
        self.acknowledged_revisions.append(said.revision)

    def reported(self, _connection: HostConnection, _report: PortReport) -> None: ...

    def digested(self, _connection: HostConnection, _digest: object) -> None: ...

    def health_heard(self, _connection: HostConnection, _health: object) -> None: ...

    def resync_requested(self, connection: HostConnection, _request: ResyncRequest) -> None:
        connection.resync()


class Controller:
    """The end of a queue that a controller has."""

    def __init__(
        self, queue: MemoryQueue, name: str = "c1", interval: int = 10, trust: HostTrust | None = None
    ) -> None:
        self.listener = Listener()
        self.places: dict[str, Place] = {"host-1": PLACE}
        self.server = QueueServer(
            queue,
            Welcome(LOG, name),
            self.listener,  # type: ignore[arg-type]
            self.places.get,
            ConnectedHosts(),
            QueueServerSettings(report_interval=interval, silent_intervals=2),
            trust=trust,
        )


class Agent:
    """Applies what it is given, and notes what must never be."""

    def __init__(
        self,
        queue: MemoryQueue,
        host_id: str = "host-1",
        welcome_timeout: float = SECONDS,
        credentials: CredentialSource | None = None,
    ) -> None:
        self.state = GoalState()
        self.counts: dict[str, int] = {}
        self.sessions = 0
        self.hello = Hello(host_id, b"b" * 16)
        self.client = QueueClient(
            queue,
            lambda: self.hello,
            count=self._count,
            backoff=BACKOFF,
            welcome_timeout=welcome_timeout,
            credentials=credentials,
        )
        self.connection: QueueConnection | None = None

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    async def run(self) -> None:
        async for connection in self.client.connections():
            self.connection = connection
            self.sessions += 1
            with contextlib.suppress(ConnectionLost):
                await self._serve(connection)

    async def _serve(self, connection: QueueConnection) -> None:
        async for delta in connection.goal_states():
            assert delta.snapshot or delta.base_revision == self.state.revision, "in order, and each once"
            apply_delta(self.state, delta)
            await connection.send(Acknowledgement(delta.revision))


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
