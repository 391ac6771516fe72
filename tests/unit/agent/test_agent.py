"""A whole agent on the memory driver, talking to the controller's end of the fast path over a real stream."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from alcor.agent.agent import data_directory, serve
from alcor.agent.settings import AgentSettings, SettingsError
from alcor.channels.fast_path.server import FastPathServer
from alcor.channels.interface import HostConnection
from alcor.channels.messages import Acknowledgement, PortReport, PortState, ResyncRequest, State, Welcome
from alcor.dataplane.driver import Failures
from alcor.dataplane.driver import State as DataPlaneState
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.dataplane.memory.switch import Fabric, MemorySwitch
from alcor.model.goal_state import GoalStateDelta, Port
from alcor.model.identifiers import Id, id_text
from tests.unit.agent.goal_states import OWN_VTEP, port

A, B = port(1), port(2, address="10.0.0.2", mac=0xFA163E000002)
LOG_ID = b"log".ljust(16, b"\0")


class Controller:
    """A channel listener whose host has these ports, and which writes down what the agent says."""

    def __init__(self) -> None:
        self.revision = 1
        self.ports = {A.id: A}
        self.connections: list[HostConnection] = []
        self.acknowledged_revision = 0
        self.states: dict[Id, PortState] = {}
        self.resyncs: list[ResyncRequest] = []
        self._heard = asyncio.Event()

    def host_connected(self, connection: HostConnection) -> None:
        self.connections.append(connection)
        if connection.hello.log_id != LOG_ID or connection.hello.applied_revision < self.revision:
            connection.resync()
        self._heard.set()

    def host_disconnected(self, connection: HostConnection) -> None:
        self._heard.set()

    def snapshot(self, connection: HostConnection) -> GoalStateDelta:
        return GoalStateDelta(revision=self.revision, snapshot=True, ports=dict(self.ports))

    def acknowledged(self, connection: HostConnection, acknowledgement: Acknowledgement, seconds: float) -> None:
        self.acknowledged_revision = acknowledgement.revision
        self._heard.set()

    def reported(self, connection: HostConnection, report: PortReport) -> None:
        if report.complete:
            self.states = {}
        self.states.update((state.id, state) for state in report.ports)
        self._heard.set()

    def resync_requested(self, connection: HostConnection, request: ResyncRequest) -> None:
        self.resyncs.append(request)
        connection.resync()

    def put(self, added: Port) -> None:
        self.revision += 1
        self.ports[added.id] = added
        delta = GoalStateDelta(revision=self.revision, base_revision=self.revision - 1, ports={added.id: added})
        self.connections[-1].deliver(delta)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._heard.clear()
                await self._heard.wait()


class SignallingDataPlane(MemoryDataPlane):
    def __init__(self, switch: MemorySwitch) -> None:
        super().__init__(switch)
        self.replaced = asyncio.Event()

    async def replace(self, state: DataPlaneState) -> Failures:
        failures = await super().replace(state)
        self.replaced.set()
        return failures


def up(controller: Controller) -> set[Id]:
    return {port_id for port_id, state in controller.states.items() if state.state is State.UP}


@asynccontextmanager
async def serving(directory: Path, controller: Controller) -> AsyncIterator[FastPathServer]:
    server = FastPathServer(f"unix:{directory}/c.sock", Welcome(LOG_ID), controller)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(0)


@asynccontextmanager
async def running(directory: Path, driver: MemoryDataPlane) -> AsyncIterator[AgentSettings]:
    settings = AgentSettings("host-1", (f"unix:{directory}/c.sock",), "192.168.0.1", str(directory), driver="memory")
    stop = asyncio.Event()
    task = asyncio.create_task(serve(settings, driver, stop))
    try:
        yield settings
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await task


@pytest.fixture
def switch() -> MemorySwitch:
    return MemorySwitch(Fabric(), OWN_VTEP)


async def test_ports_come_up_over_the_stream(tmp_path: Path, switch: MemorySwitch) -> None:
    controller, driver = Controller(), MemoryDataPlane(switch)
    driver.attach(A.id)
    driver.attach(B.id)
    async with serving(tmp_path, controller), running(tmp_path, driver):
        await controller.until(lambda: up(controller) == {A.id} and controller.acknowledged_revision == 1)
        controller.put(B)
        await controller.until(lambda: up(controller) == {A.id, B.id} and controller.acknowledged_revision == 2)
        driver.detach(A.id)
        await controller.until(lambda: up(controller) == {B.id})


async def test_a_restarted_agent_programs_from_disk_without_a_controller(tmp_path: Path, switch: MemorySwitch) -> None:
    controller, driver = Controller(), MemoryDataPlane(switch)
    driver.attach(A.id)
    async with serving(tmp_path, controller), running(tmp_path, driver):
        await controller.until(lambda: controller.acknowledged_revision == 1)
    switch.forget()
    restarted = SignallingDataPlane(switch)
    async with running(tmp_path, restarted), asyncio.timeout(10):
        await restarted.replaced.wait()
    assert A.id in switch.endpoints


async def test_a_restarted_agent_and_controller_say_where_they_are(tmp_path: Path, switch: MemorySwitch) -> None:
    controller = Controller()
    switch.plug(A.id)
    async with serving(tmp_path, controller), running(tmp_path, MemoryDataPlane(switch)):
        await controller.until(lambda: up(controller) == {A.id} and controller.acknowledged_revision == 1)
    async with running(tmp_path, MemoryDataPlane(switch)), serving(tmp_path, controller):
        await controller.until(lambda: len(controller.connections) > 1)
        first, second = controller.connections[0].hello, controller.connections[-1].hello
        assert (first.log_id, first.applied_revision) == (b"", 0)
        assert (second.log_id, second.applied_revision) == (LOG_ID, 1)
        assert first.boot_id != second.boot_id
        controller.put(B)
        await controller.until(lambda: controller.acknowledged_revision == 2)
        assert controller.states.keys() == {A.id, B.id}


async def test_a_malformed_goal_state_does_not_end_the_agent(tmp_path: Path, switch: MemorySwitch) -> None:
    controller = Controller()
    async with serving(tmp_path, controller), running(tmp_path, MemoryDataPlane(switch)):
        await controller.until(lambda: controller.acknowledged_revision == 1)
        connections = len(controller.connections)
        controller.connections[-1].deliver(
            GoalStateDelta(revision=2, base_revision=1, ports={b"short": port(3)}, removed_ports={b"short"})
        )
        await controller.until(lambda: len(controller.connections) > connections)
        assert controller.connections[-1].hello.applied_revision == 1
        controller.put(B)
        await controller.until(lambda: controller.acknowledged_revision == 2)


async def test_the_local_api_tells_what_is_inside(tmp_path: Path, switch: MemorySwitch) -> None:
    controller, driver = Controller(), MemoryDataPlane(switch)
    driver.attach(A.id)
    async with serving(tmp_path, controller), running(tmp_path, driver) as settings:
        await controller.until(lambda: controller.acknowledged_revision == 1)
        transport = httpx.AsyncHTTPTransport(uds=str(settings.socket_path()))
        async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
            status = (await client.get("/status")).json()
            assert (status["host_id"], status["revision"], status["ports_up"]) == ("host-1", 1, 1)
            assert status["controller"].endswith("c.sock")
            assert status["goal_state"] == "complete"
            (shown,) = (await client.get("/ports")).json()
            assert (shown["id"], shown["state"], shown["fixed_ips"]) == (id_text(A.id), "UP", ["10.0.0.1"])
            assert any("fa:16:3e:00:00:01" in line for line in (await client.get("/flows")).json())
            assert "alcor_agent_ports_up 1" in (await client.get("/metrics")).text
            assert (await client.get("/trace?port=nothing")).status_code == 400
            assert (await client.get("/nothing")).status_code == 404
            assert (await client.post("/status")).status_code == 400
        for garbage in (b"", b"\xff\n\n", b"GET\r\n\r\n", b"x" * 200_000):
            reader, writer = await asyncio.open_unix_connection(str(settings.socket_path()))
            writer.write(garbage)
            writer.write_eof()
            with suppress(ConnectionError):
                await reader.read()
            writer.close()
    assert not settings.socket_path().exists()


def test_a_data_directory_belongs_to_one_agent(tmp_path: Path) -> None:
    settings = AgentSettings("host-1", ("127.0.0.1:1",), "192.0.2.1", str(tmp_path / "data"))
    second = data_directory(settings)
    with data_directory(settings), pytest.raises(SettingsError, match="in use by a running agent"), second:
        pass
    with data_directory(settings):
        pass
    (tmp_path / "file").write_text("")
    blocked = AgentSettings("host-1", ("127.0.0.1:1",), "192.0.2.1", str(tmp_path / "file" / "data"))
    with pytest.raises(SettingsError, match="data_directory"), data_directory(blocked):
        pass
