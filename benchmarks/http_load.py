"""A load generator: clients that each send the next request when they have the answer.

A client keeps its connection while the server does, and makes another for the next request where it says
"connection: close". It understands just enough HTTP to know where an answer ends, so that it takes little from the
processors it shares with the server.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
import orjson

_END_OF_HEADERS = b"\r\n\r\n"
_LENGTH = b"content-length: "
_CLOSE = b"connection: close"
_MOST_SHOWN = 1_000  # bytes of an answer that says why


class RequestFailed(RuntimeError):
    """The server refused a request, or broke off."""


class Outcome(msgspec.Struct):
    """What clients went through. Latencies are in seconds."""

    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds


def percentiles(latencies: Sequence[float]) -> tuple[float, float, float]:
    """The median, the 90th and the 99th percentile."""
    ordered = sorted(latencies)
    return ordered[len(ordered) // 2], ordered[len(ordered) * 9 // 10], ordered[len(ordered) * 99 // 100]


def request(method: str, path: str, value: Any = None, token: str = "") -> bytes:
    """A request as it travels, with a JSON body if there is a value, and with the caller's token if there is one."""
    body = b"" if value is None else orjson.dumps(value)
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\nuser-agent: benchmark\r\n"
    if token:
        head += f"x-auth-token: {token}\r\n"
    if body:
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


async def ask(port: int, method: str, path: str, value: Any = None, token: str = "") -> Any:
    """The JSON answer to one request to the loopback port. Raises RequestFailed."""
    bodies: list[bytes] = []
    await drive(port, [request(method, path, value, token)], 1, on_body=bodies.append)
    return orjson.loads(bodies[0])


async def drive(
    port: int,
    requests: Iterable[bytes],
    clients: int,
    *,
    seconds: float = 600.0,
    on_body: Callable[[bytes], object] | None = None,
) -> Outcome:
    """Send the requests to the loopback port until there are no more or the time is over.

    ``on_body`` is given the body of each answer before the next request is asked for. Raises RequestFailed.
    """
    run = _Run(iter(requests), seconds, on_body)
    started = time.perf_counter()
    each = [_Client(port, run) for _ in range(clients)]
    try:
        for client in each:
            client.send_next()
        await asyncio.gather(*(client.done for client in each))
    finally:
        for client in each:
            client.disconnect()
    return Outcome(time.perf_counter() - started, run.latencies)


class _Run:
    """What all clients share."""

    def __init__(self, requests: Iterator[bytes], seconds: float, on_body: Callable[[bytes], object] | None) -> None:
        self.latencies: list[float] = []
        self.on_body = on_body
        self._requests = requests
        self._deadline = time.perf_counter() + seconds

    def next_request(self) -> bytes | None:
        """The next one, or None when it is time to end."""
        return next(self._requests, None) if time.perf_counter() < self._deadline else None


class _Client(asyncio.Protocol):
    """One client, and the connection it has at the time."""

    def __init__(self, port: int, run: _Run) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._port = port
        self._run = run
        self._request = b""
        self._received = b""
        self._sent = 0.0
        self._transport: Any = None
        self._connecting: asyncio.Task[None] | None = None

    def send_next(self) -> None:
        """Send the next request, on a new connection if there is none."""
        following = self._run.next_request()
        if following is None:
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent = time.perf_counter()
        if self._transport is not None:
            self._transport.write(following)
        else:
            self._request = following
            self._connecting = asyncio.create_task(self._connect())

    def disconnect(self) -> None:
        """Give the connection up."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)
        except OSError as error:
            self._fail(f"no connection: {error}")

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None and self._transport.is_closing():  # not one that was given up
            self._fail(f"the server closed the connection: {exc}")

    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data if self._received else data
        end_of_head = received.find(_END_OF_HEADERS)
        if end_of_head < 0:
            return
        head = received[:end_of_head].lower()
        start = end_of_head + len(_END_OF_HEADERS)
        if len(received) - start < _length(head):
            return
        body = received[start:]
        self._run.latencies.append(time.perf_counter() - self._sent)
        if received[9:10] != b"2":
            status = received[9:end_of_head].decode().splitlines()[0]
            self._fail(f"{status}: {body[:_MOST_SHOWN].decode(errors='replace')}")
            return
        if self._run.on_body is not None:
            self._run.on_body(body)
        self._received = b""
        if _CLOSE in head:
            self.disconnect()
        self.send_next()

    def _fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(RequestFailed(reason))


def _length(head: bytes) -> int:
    start = head.find(_LENGTH)
    return int(head[start + len(_LENGTH) :].split(b"\r", 1)[0]) if start >= 0 else 0
