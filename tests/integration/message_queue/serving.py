"""Data Plane Managers that serve fake agents over a real broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from prometheus_client import CollectorRegistry

from alcor.channels.fast_path.connected_hosts import ConnectedHosts
from alcor.channels.fast_path.dialling import Backoff
from alcor.channels.message_queue.address import QueueAddress
from alcor.channels.message_queue.client import QueueClient
from alcor.channels.message_queue.envelopes import Place
from alcor.channels.message_queue.opening import open_queue
from alcor.channels.message_queue.server import QueueServer, QueueServerSettings
from alcor.channels.messages import Welcome
from alcor.dpm.digests import host_digest
from alcor.dpm.manager import DataPlaneManager
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.settings import DpmSettings
from alcor.model.digest import digest_of
from alcor.store.store import Store
from tests.integration.southbound.fake_agent import FakeAgent

PATIENCE_SECONDS = 120.0  # many times what it takes
INTERVAL = 2  # seconds, of signs of life
GRACE = 60.0


def place_of(host_id: str) -> Place:
    """All hosts are in one group."""
    return Place("group-1", host_id)


class QueueController:
    """The southbound half of a controller that hosts reach over the queue only."""

    def __init__(self, store: Store, address: QueueAddress, name: str) -> None:
        self.manager = DataPlaneManager(store, name, DpmSettings(host_grace=GRACE), DpmMetrics(CollectorRegistry()))
        self.queue = open_queue(address)
        settings = QueueServerSettings(report_interval=INTERVAL)
        welcome = Welcome(store.log_id, name)
        self.server = QueueServer(self.queue.streams, welcome, self.manager, place_of, ConnectedHosts(), settings)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["QueueController"]:
        """Serve until this ends; then it says nothing more, to nobody."""
        await self.manager.load()
        tasks = [asyncio.create_task(self.manager.run()), asyncio.create_task(self.server.run())]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.queue.close()

    def has_told(self, agent: FakeAgent) -> bool:
        """Whether the host has exactly what it should."""
        wanted = host_digest(self.manager.model, agent.host_id)
        return agent.state.revision > 0 and digest_of(agent.state) == wanted


@contextlib.asynccontextmanager
async def queued_agent(address: QueueAddress, host_id: str) -> AsyncIterator[FakeAgent]:
    """A fake agent that goes by the queue only."""
    queue = open_queue(address)

    def client(agent: FakeAgent) -> QueueClient:
        return QueueClient(queue.streams, agent.hello, backoff=Backoff(first=0.05, maximum=0.5), welcome_timeout=20.0)

    agent = FakeAgent(host_id, (), client)
    agent.start()
    try:
        yield agent
    finally:
        await agent.stop()
        await queue.close()


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds; fails when it does not within the time."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    except TimeoutError as error:
        raise AssertionError(f"not within {PATIENCE_SECONDS:g} s: {what}") from error
