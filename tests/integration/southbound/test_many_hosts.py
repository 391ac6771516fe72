"""Many hosts on one stream: each is served as if it had a stream of its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from alcor.channels.agent_codec import encode_agent_message
from alcor.channels.fast_path.options import CONNECT_MANY_METHOD, END_OF_STREAM, GOAL_STATES_AHEAD, HOSTS_LIMIT
from alcor.channels.messages import Acknowledgement, Hello
from alcor.dpm import liveness
from alcor.southbound.v1 import southbound_pb2 as pb
from tests.integration.southbound.cloud_rows import VNI, Cloud
from tests.integration.southbound.conftest import GRACE, HOSTS, Agents, Controller, active, eventually
from tests.integration.southbound.many_agents import ManyAgents
from tests.integration.southbound.test_delivery import same

HELLO = encode_agent_message(Hello(HOSTS[0], b"b" * 16))
OTHER_HELLO = encode_agent_message(Hello(HOSTS[1], b"b" * 16))


@pytest.fixture
async def many(cloud: Cloud, controller: Controller) -> AsyncIterator[ManyAgents]:
    """All hosts on one connection."""
    async with running(controller.address) as agents:
        yield agents


@contextlib.asynccontextmanager
async def running(address: str, *host_ids: str) -> AsyncIterator[ManyAgents]:
    agents = ManyAgents(address, host_ids or HOSTS)
    agents.start()
    try:
        yield agents
    finally:
        await agents.stop()


async def test_every_host_gets_its_own_goal_state_and_its_ports_become_active(
    cloud: Cloud, controller: Controller, many: ManyAgents
) -> None:
    ports = await cloud.create_ports(*HOSTS)
    await active(cloud, *ports)
    for agent, port in zip(many.agents, ports, strict=True):
        await same(controller, agent)  # type: ignore[arg-type]
        assert agent.ports == {port}
        assert agent.welcomes == 1


async def test_moves_and_deletes_reach_every_host(cloud: Cloud, controller: Controller, many: ManyAgents) -> None:
    moving, leaving, staying = await cloud.create_ports(*HOSTS)
    await active(cloud, moving, leaving, staying)
    await cloud.move_port(moving, HOSTS[2])
    await active(cloud, moving)
    await cloud.delete_port(leaving)
    await eventually(lambda: not many.agents[1].ports, "the deleted port is gone from its host")
    for agent in many.agents:
        await same(controller, agent)  # type: ignore[arg-type]


async def test_a_cut_connection_brings_all_its_hosts_back_with_only_what_they_missed(
    cloud: Cloud, controller: Controller, many: ManyAgents
) -> None:
    await active(cloud, *await cloud.create_ports(*HOSTS))
    for agent in many.agents:
        agent.received.clear()
    assert many.connection is not None
    many.connection.close()
    await eventually(lambda: all(agent.welcomes == 2 for agent in many.agents), "all are back")
    await active(cloud, *await cloud.create_ports(*HOSTS))
    for agent in many.agents:
        await same(controller, agent)  # type: ignore[arg-type]
        assert not any(delta.snapshot for delta in agent.received)


async def test_a_host_that_lost_its_place_gets_everything(
    cloud: Cloud, controller: Controller, many: ManyAgents
) -> None:
    await active(cloud, *await cloud.create_ports(HOSTS[0], HOSTS[1]))
    agent, other = many.agents[:2]
    agent.state.revision -= 1
    agent.state.neighbours.clear()
    await active(cloud, *await cloud.create_ports(HOSTS[0]))
    await same(controller, agent)  # type: ignore[arg-type]
    assert agent.received[-1].snapshot
    assert not other.received[-1].snapshot


async def test_a_host_that_leaves_is_lost_and_the_others_are_not(cloud: Cloud, many: ManyAgents) -> None:
    gone, kept = await cloud.create_ports(HOSTS[0], HOSTS[1])
    await active(cloud, gone, kept)
    assert many.connection is not None
    many.connection.leave(0)
    await active(cloud, gone, status="DOWN")
    assert await cloud.status(kept) == "ACTIVE"
    many.hello(0)
    await active(cloud, gone)


async def test_the_hosts_of_a_connection_that_stays_away_are_lost(cloud: Cloud, controller: Controller) -> None:
    async with running(controller.address) as many:
        ports = await cloud.create_ports(*HOSTS)
        await active(cloud, *ports)
        await many.stop()
        await active(cloud, *ports, status="DOWN")


async def test_while_many_hosts_come_back_those_still_away_are_not_lost(
    cloud: Cloud, many: ManyAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "_STORM", 1)
    away, _ = ports = await cloud.create_ports(HOSTS[0], HOSTS[1])
    await active(cloud, *ports)
    assert many.connection is not None
    many.connection.leave(0)
    statuses = set()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(4 * GRACE):
            while True:
                many.connection.leave(1)
                many.hello(1)
                statuses.add(await cloud.status(away))
                await asyncio.sleep(0.02)
    assert statuses == {"ACTIVE"}
    await active(cloud, away, status="DOWN")


async def test_hosts_that_come_and_go_for_ever_do_not_hide_a_lost_one(
    cloud: Cloud, many: ManyAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "_STORM", 1)
    monkeypatch.setattr(liveness, "_LONGEST_STORM", 2)
    away, _ = ports = await cloud.create_ports(HOSTS[0], HOSTS[1])
    await active(cloud, *ports)
    assert many.connection is not None
    many.connection.leave(0)
    async with asyncio.timeout(20):
        while await cloud.status(away) == "ACTIVE":
            many.connection.leave(1)
            many.hello(1)
            await asyncio.sleep(0.02)


async def test_a_slow_host_gets_merged_deltas_and_delays_nobody(
    cloud: Cloud, controller: Controller, many: ManyAgents
) -> None:
    slow, quick = many.agents[:2]
    await active(cloud, *await cloud.create_ports(HOSTS[0], HOSTS[1]))
    slow.may_read = False
    slow.received.clear()
    for _ in range(GOAL_STATES_AHEAD + 20):
        await cloud.create_ports(HOSTS[2])
    await active(cloud, *await cloud.create_ports(HOSTS[1]))
    await same(controller, quick)  # type: ignore[arg-type]
    assert len(slow.unread) == GOAL_STATES_AHEAD
    many.read_on(0)
    await same(controller, slow)  # type: ignore[arg-type]
    assert len(slow.received) == GOAL_STATES_AHEAD + 1


async def test_large_goal_states_of_several_hosts_arrive_in_parts_in_turns(cloud: Cloud, directory: Path) -> None:
    hosts = [f"other-{number}" for number in range(10)]
    await cloud.create_nodes(hosts, first_number=100)
    await cloud.create_ports(*hosts, *[HOSTS[1]] * 900)
    controller = Controller(cloud.store, directory, part_bytes=4096)
    await controller.start()
    async with running(controller.address, *hosts) as many:
        for agent in many.agents:
            await same(controller, agent)  # type: ignore[arg-type]
            assert len(agent.state.neighbours[VNI].forwarding) == 909
    await controller.stop()


async def test_a_host_that_comes_on_a_stream_of_its_own_leaves_the_shared_one(
    cloud: Cloud, agents: Agents, many: ManyAgents
) -> None:
    await eventually(lambda: many.agents[0].welcomes == 1, "the host is on the shared connection")
    alone = agents(HOSTS[0])
    await eventually(lambda: len(many.agents[0].ends) == 1, "the host has left the shared connection")
    await active(cloud, *await cloud.create_ports(HOSTS[0], HOSTS[1]))
    assert len(alone.ports) == 1
    assert many.agents[0].ports == set()
    assert ["took the place" in end for end in many.agents[0].ends] == [True]
    await alone.stop()
    many.hello(0)
    await active(cloud, *await cloud.create_ports(HOSTS[0]))
    await eventually(lambda: len(many.agents[0].ports) == 2, "the host is on the shared connection again")


async def test_a_shared_stream_that_reads_nothing_delays_no_other(cloud: Cloud, controller: Controller) -> None:
    dead = [f"dead-{number}" for number in range(10)]
    await cloud.create_nodes(dead, first_number=100)
    for _ in range(20):
        await cloud.create_ports(*[HOSTS[1]] * 1500)
    here, *_ = await cloud.create_ports(HOSTS[0], *dead)
    channel: Any = grpc.aio.insecure_channel(controller.address)
    stream = channel.stream_stream(CONNECT_MANY_METHOD)()
    hellos = [says(number, encode_agent_message(Hello(name, b"d" * 16))) for number, name in enumerate(dead)]
    await stream.write(pb.HostMessages(messages=hellos).SerializeToString())
    await eventually(lambda: controller.manager.pending.oldest_since() is not None, "the dead are given snapshots")
    async with running(controller.address, HOSTS[0]) as many:
        await active(cloud, here)
        await same(controller, many.agents[0])  # type: ignore[arg-type]
    await channel.close(grace=None)


async def answers(address: str, *messages: pb.FromHost, count: int = 1) -> list[pb.ToHost]:
    """What comes first, so many messages, when these are sent."""
    channel: Any = grpc.aio.insecure_channel(address)
    try:
        stream = channel.stream_stream(CONNECT_MANY_METHOD)()
        await stream.write(pb.HostMessages(messages=messages).SerializeToString())
        found: list[pb.ToHost] = []
        while len(found) < count and (data := await stream.read()) is not END_OF_STREAM:
            found.extend(pb.ControllerMessages.FromString(data).messages)
        return found
    finally:
        await channel.close(grace=None)


def says(host: int, data: bytes, taken: int = 0) -> pb.FromHost:
    return pb.FromHost(host=host, message=data, taken=taken)


GARBAGE = b"\xff\xff\xff garbage"


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([says(7, GARBAGE)], "no AgentMessage"),
        ([says(7, HELLO), says(7, GARBAGE)], "no AgentMessage"),
        ([says(7, HELLO), says(7, HELLO)], "comes once"),
        ([says(7, HELLO, taken=1)], "has taken 1"),
    ],
    ids=["garbage first", "garbage later", "a second hello", "more taken than sent"],
)
async def test_garbage_ends_only_its_host(
    cloud: Cloud, controller: Controller, messages: list[pb.FromHost], reason: str
) -> None:
    found = await answers(controller.address, *messages, says(8, OTHER_HELLO), count=3)
    ended = [message for message in found if message.end]
    assert [message.host for message in ended] == [7]
    assert reason in ended[0].end
    assert {message.host for message in found if not message.end} == {8}


async def test_what_comes_under_a_number_not_open_is_passed_over(cloud: Cloud, controller: Controller) -> None:
    late = encode_agent_message(Acknowledgement(3))
    found = await answers(
        controller.address, says(7, late, taken=1), pb.FromHost(host=7, end=True), says(8, OTHER_HELLO)
    )
    assert {message.host for message in found} == {8}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (GARBAGE, "no HostMessages"),
        (pb.HostMessages(messages=[says(HOSTS_LIMIT, HELLO)]).SerializeToString(), "not below"),
    ],
    ids=["garbage", "a number too large"],
)
async def test_a_stream_that_cannot_be_understood_ends_with_the_reason(
    cloud: Cloud, controller: Controller, data: bytes, reason: str
) -> None:
    channel: Any = grpc.aio.insecure_channel(controller.address)
    stream = channel.stream_stream(CONNECT_MANY_METHOD)()
    await stream.write(data)
    with pytest.raises(grpc.aio.AioRpcError, match=reason) as raised:
        await stream.read()
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    await channel.close(grace=None)
    async with running(controller.address):
        await active(cloud, *await cloud.create_ports(*HOSTS))
