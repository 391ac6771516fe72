"""A way from a host to servers on the machine's loopback interface, where Keystone and the controller listen."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence

from alcor.testbed.network_namespace import NetworkNamespace

_LOOPBACK = "127.0.0.1"
_PIECE = 65536  # octets


@contextlib.contextmanager
def relayed(namespace: NetworkNamespace, ports: Sequence[int]) -> Iterator[None]:
    """These TCP ports of the loopback interface inside lead to the same ones of the machine's."""
    listening = [_listening(namespace, port) for port in ports]
    loop, ended = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=_serve, args=(loop, listening, ended), name=f"relay {namespace.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


def _serve(loop: asyncio.AbstractEventLoop, listening: Sequence[socket.socket], ended: asyncio.Event) -> None:
    async def until_ended() -> None:
        for each in listening:
            await asyncio.start_server(_relay, sock=each)
        await ended.wait()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:  # at its end it cancels what still runs
        runner.run(until_ended())


def _listening(namespace: NetworkNamespace, port: int) -> socket.socket:
    return namespace.inside(lambda: socket.create_server((_LOOPBACK, port)))


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    _, port, *_ = writer.get_extra_info("sockname")
    try:
        server_reader, server_writer = await asyncio.open_connection(_LOOPBACK, port)
    except OSError:  # nobody listens: as without a relay, the connection ends at once
        writer.close()
        return
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(_copy(reader, server_writer), _copy(server_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()
