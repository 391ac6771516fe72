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
_decode = msgspec.json.Decoder().decode


class RpcError(RuntimeError):
    """The other side answered with an error, or with what is no JSON-RPC."""


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
        # An escape may be cut in two by the end of the piece: leave a final backslash for the next one.
        end = len(self._buffer) - (self._buffer.endswith(b"\\"))
        for found in _STRUCTURE.finditer(self._buffer, position, end):
            mark = found.group()
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
                    complete.append(bytes(self._buffer[start : found.end()]))
                    start = found.end()
        del self._buffer[:start]
        self._scanned = end - start
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

    async def call(self, method: str, *parameters: Any) -> Any:
        """Call a method and return its result. Raises RpcError."""
        if self.closed.done():
            raise ConnectionError(self.closed.result())
        self._next_id += 1
        number = self._next_id
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(_encode({"id": number, "method": method, "params": parameters}))
        try:
            return await future
        finally:
            del self._waiting[number]

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
        except (OSError, RpcError, msgspec.DecodeError) as error:
            reason = f"the connection broke: {error}"
        finally:
            if not self.closed.done():
                self.closed.set_result(reason)
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError(reason))
            self._writer.close()

    def _dispatch(self, received: Any) -> None:
        if "method" in received:
            if received["method"] == "echo":
                self._writer.write(_encode({"id": received.get("id"), "result": received.get("params"), "error": None}))
            elif self._on_notification is not None:
                self._on_notification(received["method"], received.get("params"))
            return
        future = self._waiting.get(received.get("id"))
        if future is None or future.done():
            return
        if (error := received.get("error")) is not None:
            future.set_exception(RpcError(str(error)))
        else:
            future.set_result(received.get("result"))


async def connect(socket: Path, on_notification: Callable[[str, Any], None] | None = None) -> JsonRpc:
    """Connect to a Unix socket. Raises OSError."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    return JsonRpc(reader, writer, on_notification)
