"""The agent's end finds a controller that works, whatever the others do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from alcor.channels.agent_codec import encode_welcome
from alcor.channels.fast_path.client import Backoff, ConnectionLost, FastPathClient
from alcor.channels.fast_path.server import FastPathServer, FastPathSettings
from alcor.channels.interface import HostConnection
from alcor.channels.messages import Acknowledgement, Hello, Welcome
from alcor.channels.told import Told
from alcor.southbound.v1 import southbound_pb2 as pb
from tests.integration.southbound.conftest import Controller

HELLO = Hello("host-1", b"b" * 16)
BACKOFF = Backoff(first=0.02, maximum=0.1)
WELCOME = encode_welcome(Welcome(b"l" * 16))


def goal_state(**fields: Any) -> bytes:
    return pb.ControllerMessage(goal_state=pb.GoalState(**fields)).SerializeToString()


def ncms(*addresses: str) -> bytes:
    message = pb.NetworkConfigManagers(addresses=addresses)
    return pb.ControllerMessage(network_config_managers=message).SerializeToString()


@contextlib.asynccontextmanager
async def scripted_controller(address: str, *messages: bytes, hold: bool = False) -> AsyncIterator[None]:
    """A server that says these things to whoever connects, then ends the stream or holds it."""

    async def connect(_requests: object, context: Any) -> None:
        for message in messages:
            await context.write(message)
        if hold:
            await asyncio.Event().wait()

    server = grpc.aio.server()
    handler = grpc.stream_stream_rpc_method_handler(connect)
    generic = grpc.method_handlers_generic_handler("alcor.southbound.v1.GoalStates", {"Connect": handler})
    server.add_generic_rpc_handlers((generic,))
    server.add_insecure_port(address)
    await server.start()
    try:
        yield
    finally:
        await server.stop(0)


class Listener:
    """Takes note of the hosts that connect, and says nothing."""

    def __init__(self) -> None:
        self.hosts: list[str] = []
        self._heard = asyncio.Event()

    def host_connected(self, connection: HostConnection) -> None:
        self.hosts.append(connection.hello.host_id)
        self._heard.set()

    def host_disconnected(self, connection: HostConnection) -> None:
        pass

    async def until(self, count: int) -> None:
        while len(self.hosts) < count:
            await self._heard.wait()
            if len(self.hosts) < count:
                self._heard.clear()


def client(*addresses: str) -> FastPathClient:
    return FastPathClient(
        addresses, lambda: HELLO, told=Told(ncms=lambda told: None), backoff=BACKOFF, welcome_timeout=0.3
    )


@pytest.mark.parametrize(
    ("messages", "hold"),
    [
        ([], False),
        ([], True),
        ([b"\xff garbage"], True),
        ([goal_state(revision=1)], True),
    ],
    ids=["ends at once", "says nothing", "says garbage", "does not welcome"],
)
async def test_a_controller_that_does_not_welcome_is_passed_over(
    controller: Controller, directory: Path, messages: list[bytes], hold: bool
) -> None:
    useless, absent = f"unix:{directory}/useless", f"unix:{directory}/absent"
    async with (
        scripted_controller(useless, *messages, hold=hold),
        asyncio.timeout(10),
        contextlib.aclosing(client(absent, useless, controller.address).connections()) as connections,
    ):
        connection = await anext(connections)
        assert connection.address == controller.address


async def test_an_attempt_on_a_way_that_was_left_is_given_up_and_a_connection_is_not(
    controller: Controller, directory: Path
) -> None:
    silent = f"unix:{directory}/silent"
    entered, left = [], []

    @contextlib.asynccontextmanager
    async def ways(address: str) -> AsyncIterator[str]:
        way = address if left else silent
        entered.append(way)
        yield way
        left.append(way)

    never = 3600.0
    one = FastPathClient([controller.address], lambda: HELLO, backoff=BACKOFF, welcome_timeout=never, ways=ways)
    async with (
        scripted_controller(silent, hold=True),
        asyncio.timeout(30),
        contextlib.aclosing(one.connections()) as connections,
    ):
        connecting = asyncio.ensure_future(anext(connections))
        while not left:
            if entered:
                one.dial_anew()
            await asyncio.sleep(0.01)
        connection = await connecting
        one.dial_anew()
        await connection.send(Acknowledgement(0))
        assert (entered, left) == ([silent, controller.address], [silent])


@pytest.mark.parametrize(
    "message",
    [b"\xff garbage", WELCOME, goal_state(vpcs=[pb.Vpc(id=b"short")]), b"", ncms("nowhere")],
    ids=["garbage", "a second welcome", "a malformed goal state", "an empty message", "no addresses of managers"],
)
async def test_a_malformed_message_ends_the_connection_and_another_is_tried(directory: Path, message: bytes) -> None:
    address = f"unix:{directory}/bad"
    async with (
        scripted_controller(address, WELCOME, goal_state(revision=1), message, hold=True),
        asyncio.timeout(10),
        contextlib.aclosing(client(address).connections()) as connections,
    ):
        for _ in range(2):
            connection = await anext(connections)
            assert [delta.revision async for delta in connection.goal_states()] == [1]
            with pytest.raises(ConnectionLost):
                await connection.send(Acknowledgement(1))


async def test_hosts_that_come_all_at_once_are_welcomed_in_turns(directory: Path) -> None:
    listener, address = Listener(), f"unix:{directory}/c1"
    server = FastPathServer(address, Welcome(b"l" * 16), listener, FastPathSettings(hosts_per_second=5))
    await server.start()
    hosts = [f"host-{number}" for number in range(15)]
    refused = 0

    async def connect(host_id: str) -> None:
        nonlocal refused
        attempts = 0

        def hello() -> Hello:
            nonlocal attempts
            attempts += 1
            return Hello(host_id, b"b" * 16)

        async with contextlib.aclosing(FastPathClient([address], hello, backoff=BACKOFF).connections()) as connections:
            await anext(connections)
            refused += attempts - 1
            await listener.until(len(hosts))

    async with asyncio.timeout(20):
        await asyncio.gather(*map(connect, hosts))
    assert sorted(listener.hosts) == sorted(hosts)
    assert refused
    await server.stop(0)


def test_back_off_grows_within_bounds_and_differs() -> None:
    delays = [[Backoff(0.5, 8.0).delay(failures) for _ in range(50)] for failures in (1, 3, 5, 400)]
    for some, ceiling in zip(delays, (0.5, 2.0, 8.0, 8.0), strict=True):
        assert ceiling / 10 <= min(some) < max(some) <= ceiling
