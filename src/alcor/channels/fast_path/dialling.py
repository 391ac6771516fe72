"""Staying connected to one of several addresses for ever: the client's half of every stream of the protocol."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Generic, TypeVar

import grpc
import msgspec

from alcor.channels.checks import MalformedMessage
from alcor.channels.fast_path.opening import NoCredentials, OpenChannel, open_plain
from alcor.channels.fast_path.options import END_OF_STREAM, Keepalive
from alcor.channels.ways import Ways, direct

log = logging.getLogger(__name__)

Welcomed = TypeVar("Welcomed")


class Backoff(msgspec.Struct, frozen=True):
    """How long to wait between attempts: exponential, bounded, with full jitter so that hosts do not march in step."""

    first: float = 0.2  # seconds, the ceiling of the first wait
    maximum: float = 10.0  # seconds, the ceiling of any wait

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1 and up)."""
        ceiling = min(self.maximum, self.first * 2 ** min(failures - 1, 32))
        return random.uniform(0.1 * ceiling, ceiling)


class ConnectionLost(ConnectionError):
    """The stream has ended; connections() is about to give another."""


class Dialling(Generic[Welcomed]):
    """Opens a call at one of the addresses, greets, and goes on to the next address when the connection is lost.

    ``hello`` makes the first message, asked anew before each attempt; ``welcomed`` makes a connection of the address,
    the other side's first message and the stream, or raises MalformedMessage. ``what`` is what is dialled, for the log.
    ``not_welcomed`` is told of each attempt that came to nothing. ``ways`` is asked before each attempt how the
    address is reached.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        method: str,
        hello: Callable[[], bytes],
        welcomed: Callable[[str, bytes, Any], Welcomed],
        *,
        what: str,
        backoff: Backoff | None = None,
        keepalive: Keepalive | None = None,
        welcome_timeout: float = 10.0,
        not_welcomed: Callable[[str], None] = lambda address: None,
        open_channel: OpenChannel = open_plain,
        ways: Ways = direct,
    ) -> None:
        if not addresses:
            raise ValueError(f"at least one {what} address is needed")
        self._addresses = random.sample(addresses, len(addresses))
        self._method, self._hello, self._welcomed, self._what = method, hello, welcomed, what
        self._backoff = backoff or Backoff()
        self._keepalive = keepalive or Keepalive()
        self._welcome_timeout = welcome_timeout
        self._not_welcomed = not_welcomed
        self._open_channel = open_channel
        self._ways = ways
        self._patience: asyncio.Timeout | None = None  # with the attempt that is under way

    def dial_anew(self) -> None:
        """There is another way now: an attempt that has come to nothing so far is given up, a connection is not."""
        patience, self._patience = self._patience, None
        if patience is not None:
            patience.reschedule(asyncio.get_running_loop().time())

    async def connections(self) -> AsyncIterator[Welcomed]:
        """One connection after the other, trying addresses in turn; never ends by itself.

        A connection is closed when the caller comes back for the next. Back-off starts anew after a connection
        that lasted.
        """
        failures = 0
        while True:
            address = self._addresses[0]
            started = time.monotonic()
            async with self._connection(address) as connection:
                if connection is None:
                    self._not_welcomed(address)
                else:
                    log.info("connected to %s %s", self._what, address)
                    yield connection
            failures = 1 if time.monotonic() - started > self._backoff.maximum else failures + 1
            self._addresses = [*self._addresses[1:], address]
            await asyncio.sleep(self._backoff.delay(failures))

    @contextlib.asynccontextmanager
    async def _connection(self, address: str) -> AsyncIterator[Welcomed | None]:
        async with contextlib.AsyncExitStack() as stack:
            try:
                target = await stack.enter_async_context(self._ways(address))
                channel = self._open_channel(target, channel_options(self._keepalive))
            except NoCredentials as error:
                log.warning("%s %s cannot be asked yet: %s", self._what, address, error)
                yield None
                return
            except OSError as error:
                log.warning("%s %s cannot be reached: %s", self._what, address, error)
                yield None
                return
            stack.push_async_callback(channel.close, grace=None)
            stream = channel.stream_stream(self._method)()
            yield await self._greet(address, stream)

    async def _greet(self, address: str, stream: Any) -> Welcomed | None:
        try:
            data = await self._first_answer(stream)
            if data is END_OF_STREAM:
                raise MalformedMessage("the stream ended before the welcome")
            return self._welcomed(address, data, stream)
        except TimeoutError:
            log.warning("%s %s did not answer in time", self._what, address)
        except MalformedMessage as error:
            log.warning("%s %s did not welcome this host: %s", self._what, address, error)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            log.warning("%s %s cannot be reached: %s", self._what, address, await _status(stream))
        return None

    async def _first_answer(self, stream: Any) -> Any:
        async with asyncio.timeout(self._welcome_timeout) as self._patience:
            try:
                await stream.write(self._hello())
                return await stream.read()
            finally:
                self._patience = None


async def send(stream: Any, data: bytes, lock: asyncio.Lock, peer: str) -> None:
    """Hand a message to a stream; waits while the other side cannot take more. Raises ConnectionLost."""
    try:
        async with lock:
            await stream.write(data)
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
        raise ConnectionLost(f"connection to {peer} is lost") from error


def reason(error: grpc.aio.AioRpcError) -> str:
    """Why a stream ended, for the log."""
    return f"{error.code().name}: {error.details()}"


def channel_options(keepalive: Keepalive) -> list[tuple[str, int]]:
    """What a channel of a host to one address is opened with."""
    return [
        *keepalive.options(),
        ("grpc.enable_http_proxy", 0),
        ("grpc.enable_retries", 0),
        ("grpc.use_local_subchannel_pool", 1),
    ]


async def _status(stream: Any) -> str:
    return f"{(await stream.code()).name}: {await stream.details()}"
