"""Requests as bytes, through the HTTP server that a controller has: what no well-behaved client sends."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.controller import addresses
from alcor.controller.http_server import HttpServer
from alcor.store.store import open_store

CUT = b"<CUT>"
Send = Callable[[bytes], Awaitable[bytes]]
WAIT_SECONDS = 10


@pytest.fixture
async def socket(sqlite_template: Path) -> AsyncIterator[str]:
    """The path of the socket of a server on a database of its own."""
    with tempfile.TemporaryDirectory(prefix="alcor-wire-") as directory:
        path, database = Path(directory, "api"), Path(directory, "alcor.db")
        shutil.copyfile(sqlite_template, database)
        store = await open_store(f"sqlite:///{database}")
        application = create_app(store, ApiSettings(), lambda: None, CollectorRegistry())
        serving = asyncio.create_task(HttpServer(application, addresses.parse(f"unix:{path}", "the API")).run())
        await until_listening(path)
        yield str(path)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await store.close()


async def until_listening(path: Path) -> None:
    for _ in range(100 * WAIT_SECONDS):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_unix_connection(path)
            writer.close()
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the server does not listen")


@pytest.fixture
def send(socket: str) -> Send:
    """Sends bytes; returns all that is answered. ``CUT`` at their end closes the connection's sending side."""

    async def send_one(request: bytes) -> bytes:
        async with asyncio.timeout(WAIT_SECONDS):
            reader, writer = await asyncio.open_unix_connection(socket)
            writer.write(request.removesuffix(CUT))
            if request.endswith(CUT):
                writer.write_eof()
            answer = await reader.read()
            writer.close()
            return answer

    return send_one


def get(target: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: x", b"Connection: close", *headers, b"", b""])


def post(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"POST /v2.0/networks HTTP/1.1", b"Host: x", b"Connection: close", *headers, b"", body])


def length(number: int) -> bytes:
    return b"Content-Length: %d" % number


NETWORK = b'{"network":{}}'
CHUNKED = b"Transfer-Encoding: chunked"

ANSWERED: dict[str, tuple[bytes, int]] = {
    "plain": (get(b"/v2.0/networks"), 200),
    "with the host in the target": (get(b"http://x/v2.0/networks"), 200),
    "with doubled slashes": (get(b"//v2.0//networks"), 200),
    "a path that is no UTF-8": (get(b"/v2.0/ports/%FF"), 404),
    "a path with a surrogate": (get(b"/v2.0/ports/%ED%A0%80"), 404),
    "a path with NUL": (get(b"/v2.0/ports/%00"), 404),
    "a path upwards": (get(b"/v2.0/../../etc/passwd"), 404),
    "a long path": (get(b"/v2.0/ports/" + b"x" * 50_000), 404),
    "a query that is no percent encoding": (get(b"/v2.0/ports?%ZZ=%"), 400),
    "a query of raw bytes": (get("/v2.0/ports?name=ü".encode()), 400),
    "a header of raw bytes": (get(b"/v2.0/networks", b"If-Match: \xff\xfe"), 200),
    "an owner of raw bytes": (post(NETWORK, length(14), b"X-Project-Id: \xff"), 201),
    "in chunks": (post(b'5\r\n{"net\r\n9\r\nwork":{}}\r\n0\r\n\r\n', CHUNKED), 201),
    "packed": (post(b"\x1f\x8b\x08\x00", length(4), b"Content-Encoding: gzip"), 400),
    "no HTTP": (b"\x00\x01\x02\r\n\r\n", 400),
    "two lengths": (post(b"{}", length(2), length(3)), 400),
    "a length that is no number": (post(b"{}", b"Content-Length: abc"), 400),
    "another method": (get(b"/v2.0/networks").replace(b"GET", b"BREW"), 405),
}


async def test_strange_requests_are_answered_and_harm_nobody(send: Send) -> None:
    for name, (request, status) in ANSWERED.items():
        answer = await send(request)
        assert answer.startswith(b"HTTP/1.1 %d " % status), (name, answer[:200])
        assert (await send(get(b"/v2.0/networks"))).startswith(b"HTTP/1.1 200 "), name


@pytest.mark.parametrize(
    "request_bytes",
    [
        post(NETWORK + CUT, length(100)),
        post(b"e\r\n" + NETWORK + b"\r\n" + CUT, CHUNKED),
        post(b"e\r\n" + NETWORK + b"\r\nZZ\r\n", CHUNKED),
    ],
    ids=["shorter than announced", "without the last chunk", "with a broken chunk"],
)
async def test_a_request_cut_short_is_not_carried_out(send: Send, request_bytes: bytes) -> None:
    """What came is a whole request by chance."""
    answer = await send(request_bytes)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert (await send(get(b"/v2.0/networks"))).endswith(b'{"networks":[]}')


async def test_any_word_for_a_method_is_counted_as_one(send: Send) -> None:
    """Metrics must not grow with what strangers think of."""
    for number in range(20):
        await send(get(b"/v2.0/networks").replace(b"GET", b"BREW%d" % number))
    metrics = await send(get(b"/metrics"))
    assert b"BREW" not in metrics
    assert b'alcor_api_request_seconds_count{method="",route="",status="405"} 20.0' in metrics


async def test_a_client_that_goes_away_is_no_trouble(socket: str) -> None:
    for request in (post(NETWORK[:5], length(14)), get(b"/v2.0/networks")):
        _, writer = await asyncio.open_unix_connection(socket)
        writer.write(request)
        await writer.drain()
        writer.transport.abort()
    transport = httpx.AsyncHTTPTransport(uds=socket)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        assert (await client.post("/v2.0/networks", content=NETWORK)).status_code == 201
