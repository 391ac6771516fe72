"""The agent's end of the fast path: always connected to one of several controllers, or trying to be.

client = FastPathClient(["10.0.0.1:9697", "10.0.0.2:9697"], hello)
async for connection in client.connections():       # for ever; each has been welcomed
    await connection.send(complete_report())
    async for delta in connection.goal_states():    # ends when the connection is lost
        ...
        await connection.send(Acknowledgement(delta.revision))
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc
import msgspec

from alcor.channels.agent_codec import decode_welcome, encode_agent_message
from alcor.channels.checks import MalformedMessage, parse
from alcor.channels.codec import GoalStateAssembler
from alcor.channels.fast_path.options import CONNECT_METHOD, END_OF_STREAM, Keepalive
from alcor.channels.messages import AgentMessage, Hello, Welcome
from alcor.model.goal_state import GoalStateDelta
from alcor.southbound.v1 import southbound_pb2 as pb

log = logging.getLogger(__name__)


class Backoff(msgspec.Struct, frozen=True):
    """How long to wait between attempts: exponential, bounded, with full jitter so that hosts do not march in step."""

    first: float = 0.2  # seconds, the ceiling of the first wait
    maximum: float = 10.0  # seconds, the ceiling of any wait

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1 and up)."""
        ceiling = min(self.maximum, self.first * 2 ** min(failures - 1, 32))
        return random.uniform(0.1 * ceiling, ceiling)


class ConnectionLost(ConnectionError):
    """The stream to the controller has ended; connections() is about to give another."""


class Connection:
    """One stream to a controller that has welcomed this host."""

    def __init__(self, address: str, welcome: Welcome, stream: Any) -> None:
        self.address = address
        self.welcome = welcome
        self._stream = stream
        self._sending = asyncio.Lock()

    async def goal_states(self) -> AsyncIterator[GoalStateDelta]:
        """Whole goal states in the order of their revisions. Ends when the connection is lost.

        The controller is slowed down (HTTP/2 flow control) while the caller is busy with one. A controller that
        sends what the protocol does not allow is disconnected from.
        """
        assembler = GoalStateAssembler()
        try:
            while (data := await self._stream.read()) is not END_OF_STREAM:
                message = parse(pb.ControllerMessage, data)
                if message.WhichOneof("message") != "goal_state":
                    raise MalformedMessage("only goal states may follow the welcome")
                delta = assembler.add(message.goal_state)
                if delta is not None:
                    yield delta
        except MalformedMessage as error:
            log.error("controller %s sent a malformed goal state: %s", self.address, error)
        except grpc.aio.AioRpcError as error:
            log.warning("connection to controller %s lost: %s", self.address, _reason(error))
        finally:
            self._stream.cancel()

    async def send(self, message: AgentMessage) -> None:
        """Hand a message to the stream; waits while the controller cannot take more. Raises ConnectionLost."""
        try:
            async with self._sending:
                await self._stream.write(encode_agent_message(message))
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
            raise ConnectionLost(f"connection to controller {self.address} is lost") from error

    def close(self) -> None:
        """End this stream; goal_states() ends, and connections() goes on to the next."""
        self._stream.cancel()


class FastPathClient:
    """Keeps one host connected to one of its controllers, for ever."""

    def __init__(
        self,
        controllers: Sequence[str],
        hello: Callable[[], Hello],
        *,
        backoff: Backoff | None = None,
        keepalive: Keepalive | None = None,
        welcome_timeout: float = 10.0,
    ) -> None:
        """``controllers`` are HOST:PORT or unix:PATH; ``hello`` is asked anew before each attempt."""
        if not controllers:
            raise ValueError("at least one controller address is needed")
        self._controllers = random.sample(controllers, len(controllers))
        self._hello = hello
        self._backoff = backoff or Backoff()
        self._keepalive = keepalive or Keepalive()
        self._welcome_timeout = welcome_timeout

    async def connections(self) -> AsyncIterator[Connection]:
        """One connection after the other, trying controllers in turn; never ends by itself.

        A connection is closed when the caller comes back for the next. Back-off starts anew after a connection
        that lasted.
        """
        failures = 0
        while True:
            address = self._controllers[0]
            started = time.monotonic()
            async with self._connection(address) as connection:
                if connection is not None:
                    log.info("connected to controller %s", address)
                    yield connection
            failures = 1 if time.monotonic() - started > self._backoff.maximum else failures + 1
            self._controllers = [*self._controllers[1:], address]
            await asyncio.sleep(self._backoff.delay(failures))

    @contextlib.asynccontextmanager
    async def _connection(self, address: str) -> AsyncIterator[Connection | None]:
        channel: Any = grpc.aio.insecure_channel(address, options=_options(self._keepalive))
        try:
            stream = channel.stream_stream(CONNECT_METHOD)()
            yield await self._greet(address, stream)
        finally:
            await channel.close(grace=None)

    async def _greet(self, address: str, stream: Any) -> Connection | None:
        try:
            async with asyncio.timeout(self._welcome_timeout):
                await stream.write(encode_agent_message(self._hello()))
                data = await stream.read()
            if data is END_OF_STREAM:
                raise MalformedMessage("the stream ended before the welcome")
            return Connection(address, decode_welcome(data), stream)
        except TimeoutError:
            log.warning("controller %s did not answer within %g s", address, self._welcome_timeout)
        except MalformedMessage as error:
            log.warning("controller %s did not welcome this host: %s", address, error)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            log.warning("controller %s cannot be reached: %s", address, await _status(stream))
        return None


def _options(keepalive: Keepalive) -> list[tuple[str, int]]:
    return [
        *keepalive.options(),
        ("grpc.enable_http_proxy", 0),
        ("grpc.enable_retries", 0),
        ("grpc.use_local_subchannel_pool", 1),
    ]


def _reason(error: grpc.aio.AioRpcError) -> str:
    return f"{error.code().name}: {error.details()}"


async def _status(stream: Any) -> str:
    return f"{(await stream.code()).name}: {await stream.details()}"
