"""A Data Plane Manager serving agents over a unix socket, on a real store."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from alcor.channels.fast_path.options import Keepalive
from alcor.channels.fast_path.server import FastPathServer, FastPathSettings
from alcor.channels.messages import Welcome
from alcor.dpm.manager import DataPlaneManager
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.settings import DpmSettings
from alcor.store.store import Store
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.fake_agent import FakeAgent

Agents = Callable[..., FakeAgent]
HOSTS = ["host-1", "host-2", "host-3"]
GRACE = 0.5
PATIENCE_SECONDS = 60.0  # many times what it takes: other tests and their servers may have the machine meanwhile


class Controller:
    """The southbound half of a controller process."""

    def __init__(
        self,
        store: Store,
        directory: Path,
        controller_id: str = "c1",
        *,
        socket: str = "",
        part_bytes: int = 1 << 20,
        digest_interval: int = 0,
        grace: float = GRACE,
        untaken_items: int = 2_000_000,
    ) -> None:
        self.directory = directory
        self.address = f"unix:{directory}/{socket or controller_id}"
        self.registry = CollectorRegistry()
        self.metrics = DpmMetrics(self.registry)
        # Every promise holds for both kinds: those that hold everything, and those that hold what their hosts need.
        holds_everything = store._engine.dialect.name == "sqlite"
        settings = DpmSettings(host_grace=grace, kept_log_entries=3, holds_everything=holds_everything)
        self.manager = DataPlaneManager(store, controller_id, settings, self.metrics)
        self._server = FastPathServer(
            self.address,
            Welcome(store.log_id, controller_id, digest_interval=digest_interval),
            self.manager,
            FastPathSettings(
                keepalive=Keepalive(1.0, 1.0),
                hello_timeout=0.5,
                part_bytes=part_bytes,
                untaken_items=untaken_items,
            ),
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, follow: bool = True) -> None:
        await self.manager.load()
        await self._server.start()
        if follow:
            self.follow()

    def follow(self) -> None:
        self._task = asyncio.create_task(self.manager.run())

    def kill(self) -> None:
        """Stop doing anything at all, but for streams already open."""
        if self._task is not None:
            self._task.cancel()

    @contextlib.asynccontextmanager
    async def serving(self, *, follow: bool = True) -> AsyncIterator[None]:
        """From start to stop."""
        await self.start(follow=follow)
        try:
            yield
        finally:
            await self.stop()

    async def leave(self, seconds: float) -> None:
        """Stop as a controller process does that is told to."""
        assert await self.manager.retire(), "there is another controller"
        await asyncio.gather(self._server.stop(seconds + 0.5), self.manager.let_hosts_go(seconds))
        await self.stop()

    async def stop(self) -> None:
        await self._server.stop(0)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a name short enough for unix sockets."""
    with tempfile.TemporaryDirectory(prefix="alcor-dpm-") as name:
        yield Path(name)


@pytest.fixture
async def cloud(store: Store) -> Cloud:
    cloud = Cloud(store)
    await cloud.create(HOSTS)
    return cloud


@pytest.fixture
async def controller(store: Store, directory: Path) -> AsyncIterator[Controller]:
    controller = Controller(store, directory)
    await controller.start()
    yield controller
    await controller.stop()


@pytest.fixture
async def agents(controller: Controller) -> AsyncIterator[Callable[..., FakeAgent]]:
    """Starts a fake agent for a host, by default at the controller of the test."""
    async with contextlib.AsyncExitStack() as stack:

        def start(host_id: str, *controllers: str) -> FakeAgent:
            agent = FakeAgent(host_id, controllers or (controller.address,))
            agent.start()
            stack.push_async_callback(agent.stop)
            return agent

        yield start


async def eventually(
    condition: Callable[[], Awaitable[bool] | bool], what: str, seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until the condition holds; fails when it does not within the time."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if await result if isinstance(result, Awaitable) else result:
            return
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.01)


async def active(cloud: Cloud, *port_ids: str, status: str = "ACTIVE", seconds: float = PATIENCE_SECONDS) -> None:
    async def all_are() -> bool:
        return {await cloud.status(port_id) for port_id in port_ids} == {status}

    await eventually(all_are, f"ports are {status}", seconds)
