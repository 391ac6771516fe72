"""What a host could not program stays visible, and is tried again when somebody asks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alcor.model.identifiers import id_bytes, new_id
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import HOSTS, Agents, Controller, active, eventually
from tests.integration.southbound.fake_agent import FakeAgent
from tests.integration.southbound.operator import Operator, operating
from tests.integration.southbound.test_control_agent import ControlAgent
from tests.integration.southbound.test_delivery import same


@pytest.fixture
async def operator(cloud: Cloud, controller: Controller) -> AsyncIterator[Operator]:
    async with operating(cloud.store, controller) as opened:
        yield opened


async def failing(operator: Operator, attempts: int = 1) -> None:
    async def it_is() -> bool:
        found = (await operator.status())["failed"]["ports"]
        return any(failure["attempts"] >= attempts for failure in found)

    await eventually(it_is, f"a port has failed {attempts} times")


async def refusing(cloud: Cloud, agent: FakeAgent) -> tuple[str, str]:
    """Two ports on the agent's host, of which it can program the first only."""
    (good,) = await cloud.create_ports(agent.host_id)
    await active(cloud, good)
    (bad,) = await cloud.create_ports(agent.host_id)
    agent.refused = {id_bytes(bad): "no room"}
    return good, bad


async def test_a_port_that_failed_is_shown_and_given_again_alone_when_asked(
    cloud: Cloud, controller: Controller, operator: Operator, agents: Agents
) -> None:
    agent, other = agents(HOSTS[0]), agents(HOSTS[1])
    good, there = await cloud.create_ports(HOSTS[0], HOSTS[1])
    await active(cloud, good, there)
    agent.may_read.clear()
    (bad,) = await cloud.create_ports(HOSTS[0])
    agent.refused = {id_bytes(bad): "no room"}
    agent.may_read.set()
    await failing(operator)
    found = (await operator.status())["failed"]
    assert found["count"] == 1
    (failure,) = found["ports"]
    assert (failure["host_id"], failure["port_id"], failure["reason"]) == (HOSTS[0], bad, "no room")

    revision, received = controller.manager.revision, len(agent.received)
    told = await operator.retry(host_id=HOSTS[0], port_id=bad)
    assert told == {"host_id": HOSTS[0], "port_ids": [bad]}
    await failing(operator, attempts=2)
    (again,) = (await operator.status())["failed"]["ports"]
    assert again["since"] == failure["since"]
    (delta,) = agent.received[received:]
    assert (delta.snapshot, delta.base_revision, delta.revision) == (False, revision, revision)
    assert delta.ports.keys() == {id_bytes(bad)}
    assert delta.item_count() == 1

    agent.refused = {}
    assert (await operator.retry(host_id=HOSTS[0]))["port_ids"] == [bad]
    await active(cloud, bad)
    assert (await operator.status())["failed"] == {"count": 0, "ports": []}
    await active(cloud, *await cloud.create_ports(HOSTS[0]))
    await same(controller, agent)
    await same(controller, other)
    assert not any(delta.snapshot for delta in agent.received[received:])


async def test_the_control_agent_itself_tries_again_at_once(
    cloud: Cloud, controller: Controller, operator: Operator, directory: Path
) -> None:
    agent = ControlAgent(controller, directory)
    good, bad = map(id_bytes, ports := await cloud.create_ports(HOSTS[0], HOSTS[0]))
    agent.data_plane.refusals = {bad: "no room"}
    agent.data_plane.attach(good)
    agent.data_plane.attach(bad)
    agent.start()
    await active(cloud, ports[0])
    await failing(operator, attempts=3)  # by itself: it will now take its time
    agent.data_plane.refusals = {}
    await operator.retry(host_id=HOSTS[0], port_id=ports[1])
    await active(cloud, ports[1], seconds=3)
    assert (await operator.status())["failed"]["count"] == 0
    await agent.stop()
    agent.start()
    await active(cloud, *ports)
    await agent.stop()


async def test_a_failure_outlives_a_reconnection_and_ends_with_its_port(
    cloud: Cloud, operator: Operator, agents: Agents
) -> None:
    agent = agents(HOSTS[0])
    _, bad = await refusing(cloud, agent)
    await agent.report(complete=False)
    await failing(operator)
    (failure,) = (await operator.status())["failed"]["ports"]
    await agent.stop()
    (away,) = (await operator.status())["failed"]["ports"]
    assert away == failure
    agent.start()
    await failing(operator, attempts=failure["attempts"] + 1)
    (back,) = (await operator.status())["failed"]["ports"]
    assert back["since"] == failure["since"]
    await cloud.delete_port(bad)

    async def none_is_left() -> bool:
        return (await operator.status())["failed"]["count"] == 0

    await eventually(none_is_left, "the failure went with its port")


async def test_failures_of_a_host_that_stays_away_are_no_longer_shown(
    cloud: Cloud, controller: Controller, operator: Operator, agents: Agents
) -> None:
    agent = agents(HOSTS[0])
    await refusing(cloud, agent)
    await agent.report(complete=False)
    await failing(operator)
    await agent.stop()
    await eventually(lambda: len(controller.manager.failures) == 0, "the host was given up")


async def test_a_host_that_failed_nothing_is_given_nothing(
    cloud: Cloud, controller: Controller, operator: Operator, agents: Agents
) -> None:
    agents(HOSTS[0])
    await active(cloud, *await cloud.create_ports(HOSTS[0]))
    assert await operator.retry(host_id=HOSTS[0]) == {"host_id": HOSTS[0], "port_ids": []}


async def test_what_cannot_be_retried_here_is_refused_with_the_reason(
    cloud: Cloud, controller: Controller, operator: Operator, agents: Agents, directory: Path
) -> None:
    agents(HOSTS[0])
    other = Controller(cloud.store, directory, "c2")
    await other.start()
    elsewhere = FakeAgent(HOSTS[1], [other.address])
    elsewhere.start()
    here, there = await cloud.create_ports(HOSTS[0], HOSTS[1])
    await active(cloud, here, there)
    assert "controller c2" in await operator.refusal(status=409, host_id=HOSTS[1])
    assert "connected to no controller" in await operator.refusal(status=409, host_id=HOSTS[2])
    assert "nowhere" in await operator.refusal(status=404, host_id="nowhere")
    for port in (there, new_id()):
        assert port in await operator.refusal(status=404, host_id=HOSTS[0], port_id=port)
    assert "not a UUID" in await operator.refusal(status=400, host_id=HOSTS[0], port_id="web")
    for body in ({}, {"host_id": 1}, {"host_id": HOSTS[0], "port": here}, {"host_id": HOSTS[0], "port_id": 1}):
        assert '{"host_id": HOST}' in await operator.refusal(status=400, **body)
    await elsewhere.stop()
    await other.stop()


async def test_a_host_ahead_of_this_controller_is_given_nothing_old(
    cloud: Cloud, operator: Operator, directory: Path
) -> None:
    behind = Controller(cloud.store, directory, "c3")
    await behind.start()
    agent = FakeAgent(HOSTS[0], [behind.address])
    agent.start()
    (port,) = await cloud.create_ports(HOSTS[0])
    await active(cloud, port)
    await agent.stop()
    behind.kill()
    agent.state.revision += 10  # as another controller would have brought it to
    agent.start()
    await eventually(lambda: agent.connections == 2, "connected again")
    async with operating(cloud.store, behind) as at_the_other:
        message = await at_the_other.refusal(status=409, host_id=HOSTS[0], port_id=port)
        assert "has not caught up" in message
    await agent.stop()
    await behind.stop()
