"""The control agent itself, on a simulated data plane, under the Data Plane Manager."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alcor.agent.agent import serve
from alcor.agent.settings import AgentSettings
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.model.identifiers import id_bytes
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import HOSTS, Controller, active


class ControlAgent:
    """A control agent in this process; its data plane and its disk outlive it."""

    def __init__(self, controller: Controller, directory: Path) -> None:
        self.data_plane = MemoryDataPlane()
        self.directory = directory / "agent"
        self._settings = AgentSettings(HOSTS[0], (controller.address,), "192.168.0.1", str(self.directory))
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.directory.mkdir()

    def start(self) -> None:
        self._stop.clear()
        self._task = asyncio.create_task(serve(self._settings, self.data_plane, self._stop))

    async def stop(self) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task
            self._task = None


@pytest.fixture
async def agent(controller: Controller, directory: Path) -> AsyncIterator[ControlAgent]:
    agent = ControlAgent(controller, directory)
    agent.start()
    yield agent
    await agent.stop()


async def test_a_port_is_active_as_long_as_its_interface_is_there(cloud: Cloud, agent: ControlAgent) -> None:
    (port,) = await cloud.create_ports(HOSTS[0])
    assert await cloud.status(port) == "DOWN"
    agent.data_plane.attach(id_bytes(port))
    await active(cloud, port)
    agent.data_plane.detach(id_bytes(port))
    await active(cloud, port, status="DOWN")


async def test_a_port_that_left_and_came_back_while_the_host_was_away_is_active_again(
    cloud: Cloud, agent: ControlAgent, controller: Controller
) -> None:
    (port,) = await cloud.create_ports(HOSTS[0])
    agent.data_plane.attach(id_bytes(port))
    await active(cloud, port)
    await agent.stop()
    await cloud.move_port(port, HOSTS[1])
    await cloud.move_port(port, HOSTS[0])
    assert await cloud.status(port) == "DOWN"
    agent.start()
    await active(cloud, port)


async def test_a_port_named_again_without_a_change_is_reported_again(cloud: Cloud, agent: ControlAgent) -> None:
    (port,) = await cloud.create_ports(HOSTS[0])
    agent.data_plane.attach(id_bytes(port))
    await active(cloud, port)
    for _ in range(20):
        await cloud.move_port(port, HOSTS[0])
        await active(cloud, port)


async def test_everything_comes_back_whatever_is_restarted(
    cloud: Cloud, agent: ControlAgent, controller: Controller, directory: Path
) -> None:
    ports = await cloud.create_ports(HOSTS[0], HOSTS[0])
    for port in ports:
        agent.data_plane.attach(id_bytes(port))
    await active(cloud, *ports)
    await controller.stop()
    await agent.stop()
    agent.start()
    again = Controller(cloud.store, directory, "c2", socket="c1")
    await again.start()
    late = await cloud.create_ports(HOSTS[0])
    agent.data_plane.attach(id_bytes(late[0]))
    await active(cloud, *ports, *late)
    await again.stop()
