"""Controllers come and go under hosts that know all of them: the hosts spread by themselves, and no port goes DOWN."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from alcor.store import tables
from alcor.store.store import Store
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import Controller, active, eventually
from tests.integration.southbound.fake_agent import FakeAgent

GRACE = 2.0
HOSTS = [f"host-{number}" for number in range(40)]


class Region:
    """Hosts that each have a port and know both controllers."""

    def __init__(self, cloud: Cloud, first: Controller, second: Controller, agents: Sequence[FakeAgent]) -> None:
        self.cloud, self.first, self.second, self.agents = cloud, first, second, agents

    def hosts(self) -> tuple[int, int]:
        return self.first.manager.connected_hosts, self.second.manager.connected_hosts

    def connections(self) -> int:
        """That agents have had so far."""
        return sum(agent.connections for agent in self.agents)

    @contextlib.asynccontextmanager
    async def all_stay_active(self) -> AsyncIterator[None]:
        """No port is anything but ACTIVE until the grace of all that happens in here has passed."""
        seen: set[str] = set()
        looking = asyncio.create_task(self._look(seen))
        try:
            yield
            passed = time.monotonic() + 1.5 * GRACE
            await eventually(lambda: looking.done() or time.monotonic() > passed, "the grace has passed")
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        assert seen == {"ACTIVE"}

    async def _look(self, seen: set[str]) -> None:
        query = select(tables.port.c.status).distinct()
        while True:
            seen.update(await self.cloud.store.read(lambda connection: connection.execute(query).scalars().all()))
            await asyncio.sleep(0.01)


@pytest.fixture
async def region(store: Store, directory: Path) -> AsyncIterator[Region]:
    """All hosts are on the first controller; the second one does not run yet."""
    cloud = Cloud(store)
    await cloud.create(HOSTS)
    first, second = (Controller(store, directory, name, grace=GRACE) for name in ("c1", "c2"))
    agents = [FakeAgent(host_id, (first.address, second.address)) for host_id in HOSTS]
    for agent in agents:
        agent.says_digest = True
    async with first.serving(), connecting(agents):
        await active(cloud, *await cloud.create_ports(*HOSTS), seconds=30)
        yield Region(cloud, first, second, agents)
    await second.stop()


@contextlib.asynccontextmanager
async def connecting(agents: Sequence[FakeAgent]) -> AsyncIterator[None]:
    """Agents, from start to stop."""
    for agent in agents:
        agent.start()
    try:
        yield
    finally:
        await asyncio.gather(*(agent.stop() for agent in agents))


async def test_hosts_spread_over_a_controller_that_is_added_and_leave_one_that_stops(region: Region) -> None:
    assert region.hosts() == (len(HOSTS), 0)
    before = region.connections()
    for agent in region.agents:
        agent.received.clear()
    async with region.all_stay_active():
        await region.second.start()
        await eventually(lambda: min(region.hosts()) >= 17, "each serves its share", seconds=60)
    await eventually(lambda: sum(region.hosts()) == len(HOSTS), "nobody is away")

    def each_moved_once_at_most() -> bool:
        return region.connections() - before == region.second.manager.connected_hosts

    await eventually(each_moved_once_at_most, "the second one has those that moved, and each moved once")
    async with region.all_stay_active():
        await region.first.leave(1.0)
        await eventually(lambda: region.hosts()[1] == len(HOSTS), "all hosts are on the other controller", seconds=30)
    assert not any(agent.received for agent in region.agents), "who has everything is told nothing"
    await active(region.cloud, *await region.cloud.create_ports(*HOSTS), seconds=30)


async def test_a_controller_that_dies_loses_its_hosts_to_the_other_one(region: Region) -> None:
    await region.second.start()
    async with region.all_stay_active():
        region.first.kill()
        await region.first.stop()
        await eventually(lambda: region.hosts()[1] == len(HOSTS), "all hosts are on the other controller", seconds=30)
    await active(region.cloud, *await region.cloud.create_ports(*HOSTS), seconds=30)


async def test_hosts_that_know_no_other_controller_are_let_go_only_once(store: Store, directory: Path) -> None:
    cloud = Cloud(store)
    await cloud.create(HOSTS[:24])
    first, second = (Controller(store, directory, name) for name in ("c1", "c2"))
    agents = [FakeAgent(host_id, (first.address,)) for host_id in HOSTS[:24]]
    async with first.serving(), connecting(agents):
        await active(cloud, *await cloud.create_ports(*HOSTS[:24]), seconds=30)
        async with second.serving():
            await eventually(
                lambda: all(agent.connections >= 2 for agent in agents), "all were asked to go", seconds=30
            )
            await active(cloud, *await cloud.create_ports(*HOSTS[:24]), seconds=30)
    assert {agent.connections for agent in agents} == {2}
