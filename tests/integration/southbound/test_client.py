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
from alcor.channels.messages import Acknowledgement, Hello, Welcome
from alcor.southbound.v1 import southbound_pb2 as pb
from tests.integration.southbound.conftest import Controller

HELLO = Hello("host-1", b"b" * 16)
BACKOFF = Backoff(first=0.02, maximum=0.1)
WELCOME = encode_welcome(Welcome(b"l" * 16))


def goal_state(**fields: Any) -> bytes:
    return pb.ControllerMessage(goal_state=pb.GoalState(**fields)).SerializeToString()


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


def client(*addresses: str) -> FastPathClient:
    return FastPathClient(addresses, lambda: HELLO, backoff=BACKOFF, welcome_timeout=0.3)


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


@pytest.mark.parametrize(
    "message",
    [b"\xff garbage", WELCOME, goal_state(vpcs=[pb.Vpc(id=b"short")]), b""],
    ids=["garbage", "a second welcome", "a malformed goal state", "an empty message"],
)
async def test_a_malformed_goal_state_ends_the_connection_and_another_is_tried(directory: Path, message: bytes) -> None:
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


def test_back_off_grows_within_bounds_and_differs() -> None:
    delays = [[Backoff(0.5, 8.0).delay(failures) for _ in range(50)] for failures in (1, 3, 5, 400)]
    for some, ceiling in zip(delays, (0.5, 2.0, 8.0, 8.0), strict=True):
        assert ceiling / 10 <= min(some) < max(some) <= ceiling
