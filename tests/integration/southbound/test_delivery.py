"""From a committed change to a host's acknowledgement, and to the status of the port."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from alcor.channels.agent_codec import encode_agent_message
from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE
from alcor.channels.fast_path.options import CONNECT_METHOD, END_OF_STREAM, Keepalive
from alcor.channels.messages import Hello
from alcor.dpm import holding
from alcor.model.goal_state import GoalState, apply_delta
from alcor.model.identifiers import id_bytes
from alcor.store import change_log
from tests.integration.southbound.cloud_rows import VNI, Cloud
from tests.integration.southbound.conftest import HOSTS, Agents, Controller, active, eventually
from tests.integration.southbound.fake_agent import FakeAgent


class Probe:
    """A host connection that only asks for a snapshot."""

    def __init__(self, host_id: str) -> None:
        self.hello = Hello(host_id, b"0" * 16)


def expected(controller: Controller, host_id: str) -> GoalState:
    state = GoalState()
    apply_delta(state, controller.manager.snapshot(Probe(host_id)))  # type: ignore[arg-type]
    return state


async def same(controller: Controller, agent: FakeAgent) -> None:
    """Wait until the agent has what a fresh snapshot would give it."""

    def equal() -> bool:
        wanted, found = expected(controller, agent.host_id), agent.state
        if not controller.manager.model.serves(agent.host_id):
            return False
        return (wanted.vpcs, wanted.subnets, wanted.ports, wanted.vteps, wanted.neighbours) == (
            found.vpcs, found.subnets, found.ports, found.vteps, found.neighbours,
        )  # fmt: skip

    await eventually(equal, f"{agent.host_id} has what it should have")


async def test_a_port_is_active_only_after_its_host_reported_it(
    cloud: Cloud, controller: Controller, agents: Agents
) -> None:
    one, other = agents(HOSTS[0]), agents(HOSTS[1])
    here, there, nowhere = await cloud.create_ports(HOSTS[0], HOSTS[1], HOSTS[2])
    await active(cloud, here, there)
    await same(controller, one)
    await same(controller, other)
    assert one.ports == {here}
    assert one.state.neighbours[VNI].forwarding == {0xFA163E000002: 2, 0xFA163E000003: 3}
    assert one.state.vteps.keys() == {2, 3}
    assert await cloud.status(nowhere) == "DOWN"


async def test_a_refused_port_stays_down_and_the_reason_is_kept(
    cloud: Cloud, controller: Controller, agents: Agents
) -> None:
    good, bad = await cloud.create_ports(HOSTS[0], HOSTS[0])
    agent = FakeAgent(HOSTS[0], [controller.address])
    agent.refused = {id_bytes(bad): "no room"}
    agent.start()
    await active(cloud, good)
    assert await cloud.status(bad) == "DOWN"
    assert controller.manager.failures.of_host(HOSTS[0]) == {id_bytes(bad): "no room"}
    agent.refused = {}
    await agent.report(complete=False)
    await active(cloud, bad)
    assert controller.manager.failures.of_host(HOSTS[0]) == {}
    await agent.stop()


async def test_a_port_goes_down_with_its_interface_and_when_a_complete_report_leaves_it_out(
    cloud: Cloud, controller: Controller, agents: Agents
) -> None:
    agent = agents(HOSTS[0])
    one, other = await cloud.create_ports(HOSTS[0], HOSTS[0])
    await active(cloud, one, other)
    agent.unplugged = {id_bytes(one)}
    await agent.report(complete=False)
    await active(cloud, one, status="DOWN")
    agent.state.ports.pop(id_bytes(other))
    await agent.report(complete=True)
    await active(cloud, other, status="DOWN")


async def test_moves_and_deletes_reach_every_host(cloud: Cloud, controller: Controller, agents: Agents) -> None:
    hosts = [agents(host_id) for host_id in HOSTS]
    moving, leaving, staying = await cloud.create_ports(*HOSTS)
    await active(cloud, moving, leaving, staying)
    await cloud.move_port(moving, HOSTS[2])
    await active(cloud, moving)
    await cloud.delete_port(leaving)
    await eventually(lambda: not hosts[1].ports, "the deleted port is gone from its host")
    for agent in hosts:
        await same(controller, agent)
    assert hosts[0].state.vpcs == {}
    assert hosts[2].ports == {moving, staying}


async def test_a_host_that_was_away_gets_only_what_it_missed(
    cloud: Cloud, controller: Controller, agents: Agents
) -> None:
    agent = agents(HOSTS[0])
    await cloud.create_ports(HOSTS[0])
    await eventually(lambda: len(agent.ports) == 1, "the first port")
    await agent.stop()
    for _ in range(5):
        await cloud.create_ports(HOSTS[1])
    (late,) = await cloud.create_ports(HOSTS[0])
    await eventually(lambda: controller.manager.revision >= 11, "the log is read")
    agent.received.clear()
    agent.start()
    await active(cloud, late)
    await same(controller, agent)
    assert [delta.snapshot for delta in agent.received] == [False]


async def test_a_host_that_lost_its_place_gets_everything(cloud: Cloud, controller: Controller, agents: Agents) -> None:
    agent = agents(HOSTS[0])
    await cloud.create_ports(HOSTS[0], HOSTS[1])
    await eventually(lambda: len(agent.ports) == 1, "the first port")
    agent.state.revision -= 1
    agent.state.neighbours.clear()
    (late,) = await cloud.create_ports(HOSTS[0])
    await active(cloud, late)
    await same(controller, agent)
    assert agent.received[-1].snapshot


async def test_a_slow_host_gets_merged_deltas_and_delays_nobody(
    cloud: Cloud, controller: Controller, agents: Agents
) -> None:
    slow, quick = agents(HOSTS[0]), agents(HOSTS[1])
    await cloud.create_ports(HOSTS[0], HOSTS[1])
    await eventually(lambda: len(slow.ports) == 1, "the first port")
    slow.may_read.clear()
    slow.received.clear()
    for _ in range(30):
        await cloud.create_ports(*[HOSTS[2]] * 1500)
    (last,) = await cloud.create_ports(HOSTS[1])
    await active(cloud, last)
    await same(controller, quick)
    slow.may_read.set()
    await same(controller, slow)
    assert len(slow.received) < 25


@contextlib.asynccontextmanager
async def deaf(address: str, *host_ids: str) -> AsyncIterator[list[Any]]:
    """Hosts that say hello and then read nothing, though their machines live: their streams."""
    async with contextlib.AsyncExitStack() as stack:
        streams = []
        for host_id in host_ids:
            channel: Any = grpc.aio.insecure_channel(address, options=Keepalive().options())
            stack.push_async_callback(channel.close, grace=None)
            stream = channel.stream_stream(CONNECT_METHOD)()
            await stream.write(encode_agent_message(Hello(host_id, b"d" * 16)))
            streams.append(stream)
        yield streams


@pytest.fixture
async def dead(cloud: Cloud) -> list[str]:
    """Hosts with a port each in a large VPC."""
    dead = [f"dead-{number}" for number in range(10)]
    await cloud.create_nodes(dead, first_number=100)
    for _ in range(20):
        await cloud.create_ports(*[HOSTS[1]] * 1500)
    await cloud.create_ports(*dead)
    return dead


async def test_hosts_that_take_nothing_keep_no_other_from_its_snapshot(
    cloud: Cloud, directory: Path, dead: list[str]
) -> None:
    (here,) = await cloud.create_ports(HOSTS[0])
    controller = Controller(cloud.store, directory)
    async with controller.serving(), deaf(controller.address, *dead):
        await eventually(lambda: len(controller.manager.pending) == len(dead), "all of the dead were given snapshots")
        agent = FakeAgent(HOSTS[0], [controller.address])
        agent.start()
        await active(cloud, here)
        await same(controller, agent)
        assert len(controller.manager.pending) == len(dead)
        await agent.stop()


async def test_what_hosts_hold_that_take_nothing_is_bounded_and_one_that_reads_on_hears_why_it_was_ended(
    cloud: Cloud, directory: Path, dead: list[str]
) -> None:
    (here,) = await cloud.create_ports(HOSTS[0])
    controller = Controller(cloud.store, directory, untaken_items=3 * 60_000)
    async with controller.serving(), deaf(controller.address, *dead) as streams:
        await eventually(lambda: len(controller.manager.lost) >= len(dead) - 3, "no more than three hold a snapshot")
        agent = FakeAgent(HOSTS[0], [controller.address])
        agent.start()
        await active(cloud, here)
        await same(controller, agent)
        ends = [asyncio.create_task(end_of(stream)) for stream in streams]
        for _, end in zip(range(len(dead) - 3), asyncio.as_completed(ends), strict=False):
            assert "not taken in time" in await end
        for task in ends:
            task.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        await agent.stop()


async def test_a_host_that_is_let_go_while_it_takes_a_large_goal_state_hears_of_it(
    cloud: Cloud, directory: Path, dead: list[str]
) -> None:
    controller = Controller(cloud.store, directory)
    async with controller.serving(), deaf(controller.address, *dead) as streams:
        await eventually(lambda: controller.manager.connected_hosts == len(dead), "all are connected")
        await eventually(lambda: under_way(controller) >= 4, "snapshots are under way")
        await controller.manager.let_hosts_go(0)
        await eventually(lambda: controller.manager.connected_hosts == 0, "all are let go")
        assert {await end_of(stream) for stream in streams} == {GO_ELSEWHERE}


def under_way(controller: Controller) -> int:
    """Hosts that have not acknowledged what is sent to them."""
    return sum(connection.delivery().unacknowledged > 0 for connection, _ in controller.manager.pending.oldest(1000))


async def end_of(stream: Any) -> str:
    """Read on, and return why the stream ended."""
    try:
        async with asyncio.timeout(10):
            while await stream.read() is not END_OF_STREAM:
                pass
            return str(await stream.details())
    except grpc.aio.AioRpcError as error:
        return error.details() or ""


async def test_large_goal_states_arrive_in_parts(cloud: Cloud, directory: Path) -> None:
    await cloud.create_ports(HOSTS[0], *[HOSTS[1]] * 3000)
    controller = Controller(cloud.store, directory, part_bytes=4096)
    await controller.start()
    agent = FakeAgent(HOSTS[0], [controller.address])
    agent.start()
    await same(controller, agent)
    assert len(agent.state.neighbours[VNI].forwarding) == 3000
    await agent.stop()
    await controller.stop()


async def test_a_log_trimmed_too_early_makes_the_manager_read_everything_anew(cloud: Cloud, directory: Path) -> None:
    controller = Controller(cloud.store, directory)
    await controller.start()
    agent = FakeAgent(HOSTS[0], [controller.address])
    agent.start()
    await same(controller, agent)
    controller.kill()
    for _ in range(3):
        await cloud.create_ports(HOSTS[0])
    await cloud.store.write(lambda transaction: change_log.trim(transaction.connection, 0))
    controller.follow()
    await eventually(lambda: len(agent.ports) == 3, "all ports have arrived")
    await agent.stop()
    await controller.stop()


async def test_an_entry_that_cannot_be_taken_in_makes_the_manager_read_everything_anew(
    cloud: Cloud, controller: Controller, agents: Agents, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = agents(HOSTS[0])
    await active(cloud, *await cloud.create_ports(HOSTS[0]))

    def fail(*_arguments: object) -> None:
        monkeypatch.undo()
        raise RuntimeError("a fault in the compiler")

    for compiles in ("compile_entry", "compile_partial"):
        monkeypatch.setattr(holding, compiles, fail)
    await active(cloud, *await cloud.create_ports(HOSTS[0], HOSTS[0]))
    assert len(agent.ports) == 3
    await same(controller, agent)
