"""A host that does not have what it should have is found out by its digest, and gets everything anew."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from alcor.agent.wanted import Wanted
from alcor.model.digest import VERSION
from alcor.model.goal_state import GoalState, GoalStateDelta
from alcor.model.identifiers import id_bytes
from tests.integration.southbound.cloud_rows import VNI, Cloud
from tests.integration.southbound.conftest import HOSTS, Agents, Controller, active, eventually
from tests.integration.southbound.fake_agent import FakeAgent
from tests.integration.southbound.test_control_agent import ControlAgent
from tests.integration.southbound.test_delivery import same


def compared(controller: Controller, result: str) -> float:
    return controller.metrics.digests.labels(result)._value.get()


async def settled(cloud: Cloud, controller: Controller, agents: Agents) -> FakeAgent:
    """An agent that has all it should have, and has said so."""
    agent = agents(HOSTS[0])
    await active(cloud, *await cloud.create_ports(HOSTS[0]))
    await cloud.create_ports(HOSTS[1])
    await eventually(
        lambda: VNI in agent.state.neighbours and agent.state.neighbours[VNI].item_count() == 3, "all told"
    )
    await same(controller, agent)
    return agent


async def until_compared(controller: Controller, agent: FakeAgent, result: str, version: int = VERSION) -> None:
    """Say the digest until the controller has compared it: the acknowledgement may still be on its way."""

    async def is_compared() -> bool:
        await agent.say_digest(version)
        return compared(controller, result) > 0

    await eventually(is_compared, f"a digest is {result}")


async def test_a_host_that_has_everything_is_left_alone(cloud: Cloud, controller: Controller, agents: Agents) -> None:
    agent = await settled(cloud, controller, agents)
    agent.received.clear()
    await until_compared(controller, agent, "same")
    await active(cloud, *await cloud.create_ports(HOSTS[0]))
    assert not any(delta.snapshot for delta in agent.received)
    assert compared(controller, "different") == 0


def lose_a_neighbour(state: GoalState) -> None:
    state.neighbours[VNI].forwarding.clear()


def mistake_an_address(state: GoalState) -> None:
    state.neighbours[VNI].ipv4 = dict.fromkeys(state.neighbours[VNI].ipv4, 1)


def lose_the_ports(state: GoalState) -> None:
    state.ports.clear()


def keep_a_stale_vtep(state: GoalState) -> None:
    state.vteps[99] = 1


@pytest.mark.parametrize("corrupt", [lose_a_neighbour, mistake_an_address, lose_the_ports, keep_a_stale_vtep])
async def test_a_host_that_drifted_is_repaired(
    cloud: Cloud, controller: Controller, agents: Agents, corrupt: Callable[[GoalState], None]
) -> None:
    agent = await settled(cloud, controller, agents)
    agent.received.clear()
    corrupt(agent.state)
    await until_compared(controller, agent, "different")
    await same(controller, agent)
    await eventually(lambda: [delta.snapshot for delta in agent.received] == [True], "a snapshot came")
    await until_compared(controller, agent, "same")


async def test_a_host_that_is_still_to_be_told_is_not_compared(
    cloud: Cloud, controller: Controller, agents: Agents
) -> None:
    agent = await settled(cloud, controller, agents)
    agent.may_read.clear()
    await cloud.create_ports(HOSTS[1])
    await until_compared(controller, agent, "busy")
    agent.may_read.set()
    await until_compared(controller, agent, "same")
    assert compared(controller, "different") == 0


async def test_digests_made_in_another_way_are_not_compared(
    cloud: Cloud, controller: Controller, agents: Agents
) -> None:
    agent = await settled(cloud, controller, agents)
    agent.state.ports.clear()
    await until_compared(controller, agent, "other_version", VERSION + 1)
    assert compared(controller, "different") == 0


async def test_a_control_agent_whose_disk_lies_is_repaired_by_itself(cloud: Cloud, directory: Path) -> None:
    controller = Controller(cloud.store, directory, digest_interval=1)
    async with controller.serving(), contextlib.AsyncExitStack() as stack:
        agent = ControlAgent(controller, directory)
        agent.start()
        stack.push_async_callback(agent.stop)
        port, other = await cloud.create_ports(HOSTS[0], HOSTS[0])
        for port_id in (port, other):
            agent.data_plane.attach(id_bytes(port_id))
        await active(cloud, port, other)
        await agent.stop()
        forget_port(agent.directory, port)

        before = compared(controller, "different")
        agent.start()
        await eventually(lambda: compared(controller, "different") > before, "it is found out", seconds=20)
        found_right = compared(controller, "same")
        await eventually(lambda: compared(controller, "same") > found_right, "it has everything", seconds=20)
        assert agent.data_plane.switch.endpoints.keys() == {id_bytes(port), id_bytes(other)}
        await active(cloud, port, other)


def forget_port(directory: Path, port: str) -> None:
    """Let the goal state on the agent's disk lack a port."""
    wanted = Wanted(directory)
    wanted.load()
    revision = wanted.state.revision
    wanted.apply(GoalStateDelta(revision, revision, removed_ports={id_bytes(port)}), wanted.log_id)
    wanted.save()
    wanted.close()


@pytest.mark.parametrize("missed", [False, True])
async def test_a_host_that_has_everything_needs_no_snapshot_from_a_controller_that_just_started(
    cloud: Cloud, controller: Controller, agents: Agents, directory: Path, missed: bool
) -> None:
    agent = await settled(cloud, controller, agents)
    agent.says_digest = True
    await agent.stop()
    agent.received.clear()
    await controller.stop()
    if missed:
        await cloud.create_ports(HOSTS[1])
    await cloud.create_nodes(["elsewhere"], first_number=50)  # the log has gone on
    again = Controller(cloud.store, directory, "c2", socket="c1")
    async with again.serving():
        agent.start()
        # What changes before that is not kept for the host, which is given everything then.
        await eventually(lambda: again.manager.model.serves(HOSTS[0]), "the controller has read so far")
        await active(cloud, *await cloud.create_ports(HOSTS[0]))
        assert [delta.snapshot for delta in agent.received][:1] == [missed]
        await same(again, agent)
