"""Ports of a lost host are DOWN, and only those."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alcor.services.hosts import host_session
from alcor.services.hosts.host_session import HostSession
from alcor.store.transaction import Transaction
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import GRACE, HOSTS, Agents, Controller, active, eventually
from tests.integration.southbound.fake_agent import FakeAgent


@pytest.fixture
async def second_controller(cloud: Cloud, directory: Path) -> AsyncIterator[Controller]:
    controller = Controller(cloud.store, directory, "c2")
    await controller.start()
    yield controller
    await controller.stop()


async def test_ports_of_a_host_that_stays_away_go_down_and_come_back_with_it(cloud: Cloud, agents: Agents) -> None:
    leaving, staying = agents(HOSTS[0]), agents(HOSTS[1])
    gone, kept = await cloud.create_ports(HOSTS[0], HOSTS[1])
    await active(cloud, gone, kept)
    await leaving.stop()
    await active(cloud, gone, status="DOWN")
    assert await cloud.status(kept) == "ACTIVE"
    assert staying.connections == 1
    leaving.start()
    await active(cloud, gone)


async def test_a_host_that_finds_another_controller_is_not_lost(
    cloud: Cloud, controller: Controller, second_controller: Controller, agents: Agents
) -> None:
    agent = agents(HOSTS[0])
    (port,) = await cloud.create_ports(HOSTS[0])
    await active(cloud, port)
    await agent.stop()
    moved = FakeAgent(HOSTS[0], [second_controller.address])
    moved.state, moved.log_id = agent.state, agent.log_id
    moved.start()
    statuses = set()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(3 * GRACE):
            while True:
                statuses.add(await cloud.status(port))
                await asyncio.sleep(0.01)
    assert statuses == {"ACTIVE"}
    await moved.stop()


async def test_a_host_that_is_given_up_by_a_controller_that_it_left_is_not_lost_for_long(
    cloud: Cloud, agents: Agents
) -> None:
    agent = agents(HOSTS[0])
    (port,) = await cloud.create_ports(HOSTS[0])
    await active(cloud, port)
    earlier = HostSession(HOSTS[0], os.urandom(16))

    def write_late(transaction: Transaction) -> None:
        host_session.claim(transaction, "another", [earlier])
        host_session.give_up(transaction, [earlier])

    await cloud.store.write(write_late)
    assert await cloud.status(port) == "DOWN"
    await agent.say_digest()
    await active(cloud, port)


async def test_hosts_of_a_controller_that_died_are_given_up_by_another(
    cloud: Cloud, controller: Controller, second_controller: Controller, agents: Agents
) -> None:
    agent = agents(HOSTS[0])
    (port,) = await cloud.create_ports(HOSTS[0])
    await active(cloud, port)
    controller.kill()
    await agent.stop()
    await active(cloud, port, status="DOWN")


async def test_a_controller_started_anew_gives_up_hosts_that_do_not_come_back(
    cloud: Cloud, controller: Controller, agents: Agents, directory: Path
) -> None:
    lost, returning = agents(HOSTS[0]), agents(HOSTS[1])
    gone, kept = await cloud.create_ports(HOSTS[0], HOSTS[1])
    await active(cloud, gone, kept)
    controller.kill()
    await lost.stop()
    await controller.stop()
    again = Controller(cloud.store, directory, "c3", socket="c1")
    await again.start()
    await active(cloud, gone, status="DOWN")
    assert await cloud.status(kept) == "ACTIVE"
    assert returning.connections == 2
    await again.stop()


async def test_deltas_told_by_one_controller_are_followed_by_another(
    cloud: Cloud, controller: Controller, directory: Path, agents: Agents
) -> None:
    """An agent ahead of a controller that has not read so far is left alone until it has."""
    behind = Controller(cloud.store, directory, "c4")
    async with behind.serving(follow=False):
        agent = agents(HOSTS[0])
        ports = await cloud.create_ports(HOSTS[0], HOSTS[0])
        await active(cloud, *ports)
        await agent.stop()
        moved = FakeAgent(HOSTS[0], [behind.address])
        moved.state, moved.log_id = agent.state, agent.log_id
        moved.start()
        await eventually(lambda: moved.connections == 1, "the agent is connected")
        behind.follow()
        # What changes before that is not kept for the host, which is given everything then.
        await eventually(lambda: behind.manager.model.serves(HOSTS[0]), "the controller has read so far")
        (late,) = await cloud.create_ports(HOSTS[0])
        await active(cloud, late)
        assert [delta.snapshot for delta in moved.received] == [False]
        assert moved.ports == {*ports, late}
        await moved.stop()
