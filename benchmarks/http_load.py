"""A load generator: clients that each keep one connection and send the next request when they have the answer.

It understands just enough HTTP to know where an answer ends, so that it takes little from the processors it shares
with the server.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
import orjson

_END_OF_HEADERS = b"\r\n\r\n"
_LENGTH = b"content-length: "


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


def request(method: str, path: str, value: Any = None) -> bytes:
    """A request as it travels, with a JSON body if there is a value."""
    body = b"" if value is None else orjson.dumps(value)
    head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\nuser-agent: benchmark\r\n"
    if body:
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


async def ask(port: int, method: str, path: str, value: Any = None) -> Any:
    """The JSON answer to one request to the loopback port. Raises RequestFailed."""
    bodies: list[bytes] = []
    await drive(port, [request(method, path, value)], 1, on_body=bodies.append)
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
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    connections = [await loop.create_connection(lambda: _Client(run), "127.0.0.1", port) for _ in range(clients)]
    try:
        await asyncio.gather(*(client.done for _, client in connections))
    finally:
        for transport, _ in connections:
            transport.abort()
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
    """One connection."""

    def __init__(self, run: _Run) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._run = run
        self._received = b""
        self._sent = 0.0
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the server closed the connection: {exc}")

    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data if self._received else data
        head = received.find(_END_OF_HEADERS)
        if head < 0:
            return
        length = received.find(_LENGTH, 0, head)
        end = head + len(_END_OF_HEADERS)
        if length >= 0:
            start = length + len(_LENGTH)
            end += int(received[start : received.index(b"\r", start)])
        if len(received) < end:
            return
        self._run.latencies.append(time.perf_counter() - self._sent)
        body = received[head + len(_END_OF_HEADERS) :]
        if received[9:10] != b"2":
            self._fail(f"{received[9:head].decode().splitlines()[0]}: {body.decode()}")
            return
        if self._run.on_body is not None:
            self._run.on_body(body)
        self._received = b""
        self._send_next()

    def _send_next(self) -> None:
        following = self._run.next_request()
        if following is None:
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(following)

    def _fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(RequestFailed(reason))
