"""A client of the controller's API that takes little from the processors it shares with the server.

It understands just enough HTTP to know where an answer ends.
"""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import orjson

from alcor.scale.errors import ScaleError

_END_OF_HEADERS = b"\r\n\r\n"
_LENGTH = b"content-length: "


class RequestFailed(ScaleError):
    """The controller refused a request; ``status`` is 0 when it broke off or could not be reached."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class HttpClient:
    """Connections to one controller that are kept and used again, one for each request under way."""

    def __init__(self, url: str) -> None:
        """``url`` is http://HOST:PORT. Raises ScaleError when it is not."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ScaleError(f"controller {url!r}: write http://HOST:PORT")
        self.url = url
        self._host, self._port = parts.hostname, parts.port or 80
        self._idle: list[_Connection] = []

    async def json(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON; None when it is empty. Raises RequestFailed."""
        data = await self.ask(method, path, body)
        return orjson.loads(data) if data else None

    async def ask(self, method: str, path: str, body: Any = None) -> bytes:
        """The body of the answer. Raises RequestFailed."""
        connection = self._idle.pop() if self._idle else None
        try:
            if connection is None or connection.closed:
                loop = asyncio.get_running_loop()
                _, connection = await loop.create_connection(_Connection, self._host, self._port)
            status, data = await connection.ask(self._request(method, path, body))
        except OSError as error:
            raise RequestFailed(0, f"{method} {path}: {error}") from error
        except asyncio.CancelledError:
            if connection is not None:
                connection.close()
            raise
        self._idle.append(connection)
        if not 200 <= status < 300:
            raise RequestFailed(status, f"{method} {path}: {status}: {data[:500].decode(errors='replace')}")
        return data

    def close(self) -> None:
        """Close what is open."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def _request(self, method: str, path: str, value: Any) -> bytes:
        body = b"" if value is None else orjson.dumps(value)
        head = f"{method} {path} HTTP/1.1\r\nhost: {self._host}\r\naccept: application/json\r\n"
        if body:
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        return f"{head}\r\n".encode() + body


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.closed = False
        self._transport: Any = None
        self._received: list[bytes] = []
        self._missing = 0  # bytes of the answer still to come, once its length is known
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError(f"the controller closed the connection: {exc or 'EOF'}"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received.append(data)
        self._missing -= len(data)
        if self._missing > 0:
            return
        received = b"".join(self._received)
        self._received = [received]
        head = received.find(_END_OF_HEADERS)
        if head < 0:
            self._missing = 0
            return
        start, length = head + len(_END_OF_HEADERS), _content_length(received[:head].lower())
        self._missing = start + length - len(received)
        if self._missing > 0:
            return
        self._received, self._missing = [], 0
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((int(received[9:12]), received[start:]))


def _content_length(head: bytes) -> int:
    at = head.find(_LENGTH)
    return 0 if at < 0 else int(head[at + len(_LENGTH) :].split(b"\r", 1)[0])
