"""Links between processes that tests can cut, freeze and meddle with.

A link listens in place of a server and passes on what comes. Links live on an event loop of their own in a thread, so
that processes use them whatever the test is doing, and may be cut from any thread.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

_CHUNK = 1 << 16
_LOOK_SECONDS = 0.02


class Meddling(Protocol):
    """What becomes of the bytes of one connection in one direction."""

    def take(self, data: bytes) -> bytes:
        """Some came; returns what goes on now. Raises ConnectionAbortedError to have the connection end."""

    def holds(self) -> bool:
        """Whether something is held back."""

    def release(self) -> bytes:
        """What was held back for long enough. Asked often while something is."""


Meddle = Callable[[int, bool], Meddling]
"""Makes it for the connection of a number; whether for the direction from the client."""


class PassOn:
    """Nothing becomes of them."""

    def take(self, data: bytes) -> bytes:
        """See Meddling."""
        return data

    def holds(self) -> bool:
        """See Meddling."""
        return False

    def release(self) -> bytes:
        """See Meddling."""
        return b""


class Link:
    """One way to a server: HOST:PORT or unix:PATH, from an address of the same kinds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listen: str, target: str, meddle: Meddle | None) -> None:
        self.address = listen
        self._loop, self._target, self._meddle = loop, target, meddle
        self._connections: set[asyncio.Task[None]] = set()
        self._numbers = 0
        self._server: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()

    async def listen(self) -> None:
        """Take connections for as long as the loop runs."""
        if self._server is None:
            self._server = await _listening(self.address, self._connected)

    def cut(self) -> None:
        """End all connections, and refuse others. Nothing if it does so already."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result()

    def freeze(self) -> None:
        """Let nothing through, of which those connected are not told, and refuse others."""
        asyncio.run_coroutine_threadsafe(self._freeze(), self._loop).result()

    def heal(self) -> None:
        """Work again. What was frozen goes on, as it does where packets are sent again."""
        asyncio.run_coroutine_threadsafe(self._heal(), self._loop).result()

    async def _cut(self) -> None:
        self._refuse()
        for connection in self._connections:
            connection.cancel()

    async def _freeze(self) -> None:
        self._refuse()
        self._flows.clear()

    def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _heal(self) -> None:
        self._flows.set()
        await self.listen()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._numbers += 1
        meddle = self._meddle or _no_meddling
        there, back = meddle(self._numbers, True), meddle(self._numbers, False)
        other: asyncio.StreamWriter | None = None
        try:
            await self._flows.wait()
            answers, other = await _connected(self._target)
            ways = {asyncio.ensure_future(self._pass(reader, other, there))}
            ways.add(asyncio.ensure_future(self._pass(answers, writer, back)))
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            return  # nobody listens there
        finally:
            for each in (writer, other):
                if each is not None:
                    each.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, meddling: Meddling) -> None:
        reading: asyncio.Future[bytes] | None = None
        try:
            while True:
                if reading is None:
                    reading = asyncio.ensure_future(reader.read(_CHUNK))
                await asyncio.wait((reading,), timeout=_LOOK_SECONDS if meddling.holds() else None)
                await self._flows.wait()
                data = meddling.release()
                if reading.done():
                    came, reading = reading.result(), None
                    if not came:
                        return
                    data += meddling.take(came)
                if data:
                    writer.write(data)
                    await writer.drain()
        finally:
            if reading is not None:
                reading.cancel()


class Links:
    """Makes links, and ends all of them with the context."""

    def __enter__(self) -> "Links":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._run(_end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def open(self, listen: str, target: str, meddle: Meddle | None = None) -> Link:
        """A link from where it listens to a server."""
        link = Link(self._loop, listen, target, meddle)
        self._run(link.listen())
        return link

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def _no_meddling(_number: int, _from_client: bool) -> Meddling:
    return PassOn()


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*others, return_exceptions=True)


async def _listening(address: str, connected: Callable[..., None]) -> asyncio.Server:
    if address.startswith("unix:"):
        return await asyncio.start_unix_server(connected, address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    return await asyncio.start_server(connected, host, int(port))


async def _connected(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.startswith("unix:"):
        return await asyncio.open_unix_connection(address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host, int(port))
