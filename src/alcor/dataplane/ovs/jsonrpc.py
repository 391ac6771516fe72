"""JSON-RPC 1.0 over a Unix socket, as ovsdb-server (RFC 7047) and ovs-vswitchd's control socket speak it.

Messages follow each other without any separator, so the end of one is found by its braces.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

_STRUCTURE = re.compile(rb'[{}"]|\\.', re.DOTALL)
_MAXIMUM_MESSAGE = 512 * 1024 * 1024

_encode = msgspec.json.Encoder().encode


class RpcError(RuntimeError):
    """The other side answered with an error, or with what is no JSON-RPC."""


class _Message(msgspec.Struct):
    """A request or notification when it has a method, an answer when not."""

    id: Any = None
    method: str | None = None
    params: Any = None
    result: Any = None
    error: Any = None


_decode = msgspec.json.Decoder(_Message).decode


class MessageSplitter:
    """Cuts a stream of bytes into JSON objects, remembering where it was between two pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._depth = 0
        self._in_string = False

    def feed(self, data: bytes) -> list[bytes]:
        """Add a piece; return the objects it completes. Raises RpcError when the stream is no JSON objects."""
        self._buffer += data
        complete = []
        start = 0
        position = self._scanned
        for found in _STRUCTURE.finditer(self._buffer, position):
            mark = found.group()
            position = found.end()
            if mark == b'"':
                self._in_string = not self._in_string
            elif self._in_string or len(mark) == 2:
                continue
            elif mark == b"{":
                self._depth += 1
            elif self._depth == 0:
                raise RpcError("a closing brace without its opening one")
            else:
                self._depth -= 1
                if self._depth == 0:
                    complete.append(bytes(self._buffer[start:position]))
                    start = position
        # An escape may be cut in two by the end of the piece: its backslash is looked at again with the next one.
        cut = position < len(self._buffer) and self._buffer.endswith(b"\\")
        del self._buffer[:start]
        self._scanned = len(self._buffer) - cut
        if len(self._buffer) > _MAXIMUM_MESSAGE:
            raise RpcError(f"a message is longer than {_MAXIMUM_MESSAGE} bytes")
        return complete


class JsonRpc:
    """A live connection. ``call`` raises ConnectionError once it is lost; ``closed`` then holds the reason."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_notification: Callable[[str, Any], None] | None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._on_notification = on_notification
        self._next_id = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._receiver = asyncio.create_task(self._receive())

    def begin(self, method: str, *parameters: Any) -> asyncio.Future[Any]:
        """Call a method; its result is to come. The future raises RpcError when it is refused."""
        if self.closed.done():
            raise ConnectionError(self.closed.result())
        self._next_id += 1
        number = self._next_id
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        future.add_done_callback(lambda _: self._waiting.pop(number, None))
        self._writer.write(_encode({"id": number, "method": method, "params": parameters}))
        return future

    async def call(self, method: str, *parameters: Any) -> Any:
        """Call a method and return its result. Raises RpcError."""
        return await self.begin(method, *parameters)

    async def close(self) -> None:
        """Disconnect."""
        self._receiver.cancel()
        self._writer.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._receiver
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _receive(self) -> None:
        reason = "the other side closed the connection"
        splitter = MessageSplitter()
        try:
            while data := await self._reader.read(1 << 16):
                for text in splitter.feed(data):
                    self._dispatch(_decode(text))
        except (OSError, RpcError, msgspec.MsgspecError) as error:
            reason = f"the connection broke: {error}"
        finally:
            if not self.closed.done():
                self.closed.set_result(reason)
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError(reason))
            self._writer.close()

    def _dispatch(self, received: _Message) -> None:
        if received.method is not None:
            if received.method == "echo":
                self._writer.write(_encode({"id": received.id, "result": received.params, "error": None}))
            elif self._on_notification is not None:
                self._on_notification(received.method, received.params)
            return
        future = self._waiting.get(received.id) if isinstance(received.id, int) else None
        if future is None or future.done():
            return
        if received.error is not None:
            future.set_exception(RpcError(str(received.error)))
        else:
            future.set_result(received.result)


async def connect(socket: Path, on_notification: Callable[[str, Any], None] | None = None) -> JsonRpc:
    """Connect to a Unix socket. Raises OSError."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    return JsonRpc(reader, writer, on_notification)
