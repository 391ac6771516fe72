"""The client finds where answers end, uses connections again, and says what went wrong."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from alcor.scale.errors import ScaleError
from alcor.scale.http_client import HttpClient, RequestFailed


class Server:
    """Answers what it is told to, in pieces, and counts connections."""

    def __init__(self, *pieces: bytes, hang_up: bool = False) -> None:
        self.pieces, self.hang_up = pieces, hang_up
        self.connections = 0
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.split(b"content-length: ")[1].split(b"\r")[0]) if b"content-length" in head else 0
                self.requests.append(head + await reader.readexactly(length))
                for piece in self.pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if self.hang_up:
                    break
        writer.close()


@contextlib.asynccontextmanager
async def serving(server: Server) -> AsyncIterator[HttpClient]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    client = HttpClient(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    try:
        yield client
    finally:
        client.close()
        listening.close()


@pytest.mark.parametrize(
    "pieces",
    [
        [b'HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{"a":1}'],
        [b"HTTP/1.1 200 OK\r\nContent-Le", b'ngth: 7\r\n\r\n{"a', b'":1}'],
        [b"HTTP/1.1 201 Created\r\ncontent-length: 7\r\n\r", b"\n", b'{"a":1}'],
    ],
    ids=["at once", "in the middle of all", "in the end of the head"],
)
async def test_an_answer_is_whole_however_it_arrives_and_the_connection_is_kept(pieces: list[bytes]) -> None:
    server = Server(*pieces)
    async with serving(server) as client:
        for _ in range(3):
            assert await client.json("POST", "/x", {"b": 2}) == {"a": 1}
    assert server.connections == 1
    assert server.requests[0].endswith(b'{"b":2}')


async def test_an_answer_without_a_body_is_none() -> None:
    async with serving(Server(b"HTTP/1.1 204 No Content\r\n\r\n")) as client:
        assert await client.json("DELETE", "/x") is None


async def test_a_refusal_is_raised_with_its_status_and_reason() -> None:
    async with serving(Server(b"HTTP/1.1 409 Conflict\r\ncontent-length: 5\r\n\r\ntaken")) as client:
        with pytest.raises(RequestFailed, match="taken") as raised:
            await client.ask("GET", "/x")
    assert raised.value.status == 409


async def test_a_server_that_hangs_up_is_connected_to_again() -> None:
    server = Server(b"HTTP/1.1 200 OK\r\ncontent-", hang_up=True)
    async with serving(server) as client:
        for _ in range(2):
            with pytest.raises(RequestFailed, match="closed the connection") as raised:
                await client.ask("GET", "/x")
            assert raised.value.status == 0
    assert server.connections == 2


async def test_a_server_that_is_not_there_is_said_to_be_away(unused_tcp_port_factory: Callable[[], int]) -> None:
    client = HttpClient(f"http://127.0.0.1:{unused_tcp_port_factory()}")
    with pytest.raises(RequestFailed) as raised:
        await client.ask("GET", "/x")
    assert raised.value.status == 0


@pytest.mark.parametrize("url", ["127.0.0.1:9696", "https://controller", "http://", "ftp://a"])
def test_an_url_it_cannot_use_is_refused(url: str) -> None:
    with pytest.raises(ScaleError, match="http://HOST:PORT"):
        HttpClient(url)
