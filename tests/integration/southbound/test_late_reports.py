"""A report that takes longer than its port stays says nothing of a later stay; one that has been made good does."""

from pathlib import Path

from alcor.model.identifiers import id_bytes
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import HOSTS, Agents, Controller, active, eventually


async def test_a_port_that_came_back_is_not_active_by_what_was_said_before_it_left(
    cloud: Cloud, controller: Controller, agents: Agents
) -> None:
    agent = agents(HOSTS[0])
    port, other = await cloud.create_ports(HOSTS[0], HOSTS[0])
    await active(cloud, port, other)
    agent.may_read.clear()
    for host in (HOSTS[1], HOSTS[0]):
        await cloud.move_port(port, host)
    agent.unplugged.add(id_bytes(other))
    await agent.report(complete=False)  # of the first stay: nothing else was read

    async def is_heard() -> bool:
        return await cloud.status(other) == "DOWN"

    await eventually(is_heard, "the report is written")
    assert await cloud.status(port) == "DOWN"
    agent.may_read.set()
    await active(cloud, port)


async def test_a_port_that_left_and_came_back_while_its_host_was_away_works_at_once(
    cloud: Cloud, controller: Controller, agents: Agents, directory: Path
) -> None:
    agent = agents(HOSTS[0])
    agent.says_digest = True
    (port,) = await cloud.create_ports(HOSTS[0])
    await active(cloud, port)
    await agent.stop()
    await controller.stop()
    agent.received.clear()
    for host in (HOSTS[1], HOSTS[0]):
        await cloud.move_port(port, host)
    again = Controller(cloud.store, directory, "c2", socket="c1")
    async with again.serving():
        agent.start()
        await active(cloud, port)
        assert agent.received == [], "it has everything"
