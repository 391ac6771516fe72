"""A relay passes on what hosts and controllers say to each other, within its limits, whatever else comes."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator, Callable

import pytest

from alcor.agent.counters import Counters
from alcor.agent.rescue.relay import Relay, RelayLimits
from alcor.channels.rescue import handshake
from alcor.channels.rescue.handshake import Answer

KEY = b"k" * 32
LOCALHOST = "127.0.0.1"

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        number: int = probe.getsockname()[1]
        return number


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


class Site:
    """A relay, and a controller that says everything back."""

    def __init__(self) -> None:
        self.port, controller = free_port(), free_port()
        self.controller_port = controller
        self.controller = f"{LOCALHOST}:{controller}"
        self.counters = Counters()
        self.is_relayed = False
        self.limits = RelayLimits(connections=3, connections_per_host=2, patience=0.5, greeted=4)
        self.relay = self.made(self.limits)

    def made(self, limits: RelayLimits) -> Relay:
        leads_to = (self.controller, f"{LOCALHOST}:1")
        return Relay(
            LOCALHOST, self.port, lambda: KEY, lambda: leads_to, lambda: self.is_relayed, self.counters, limits
        )

    async def connect(self) -> Stream:
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                return await asyncio.open_connection(LOCALHOST, self.port)
            await asyncio.sleep(0.01)

    async def greeted(self) -> tuple[bytes, Stream]:
        """A connection that the relay hears: there may be too many for a moment."""
        while True:
            reader, writer = await self.connect()
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                return await reader.readexactly(handshake.GREETING_BYTES), (reader, writer)

    async def ask(self, host_id: str = "host-1", address: str = "", key: bytes = KEY) -> tuple[int, Stream]:
        greeting, (reader, writer) = await self.greeted()
        token = handshake.token(key, host_id)
        writer.write(handshake.request(token, greeting, host_id, address or self.controller))
        return (await reader.readexactly(1))[0], (reader, writer)

    def count(self, name: str) -> int:
        return self.counters.values[name]


async def say_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    server = await asyncio.start_server(say_back, LOCALHOST, site.controller_port)
    task = asyncio.create_task(site.relay.run())
    yield site
    task.cancel()
    server.close()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_goes_in_comes_out_and_is_counted(site: Site) -> None:
    answer, (reader, writer) = await site.ask()
    assert answer == Answer.WELCOME
    data = os.urandom(1 << 20)
    writer.write(data)
    assert await reader.readexactly(len(data)) == data
    assert site.count("relay_octets") == 2 * len(data)
    assert site.relay.hosts() == {"host-1": 1}
    writer.close()
    await until(lambda: site.relay.hosts() == {})


async def test_who_has_no_proof_or_wants_elsewhere_is_refused_and_counted(site: Site) -> None:
    assert (await site.ask(key=b"x" * 32))[0] == Answer.NOT_ADMITTED
    assert (await site.ask(address=f"{LOCALHOST}:22"))[0] == Answer.NOT_A_CONTROLLER
    assert (await site.ask(address=f"{LOCALHOST}:1"))[0] == Answer.NOT_REACHED
    site.is_relayed = True
    assert (await site.ask())[0] == Answer.RELAYED_ITSELF
    for reason in ("not_admitted", "not_a_controller", "not_reached", "relayed_itself"):
        assert site.count(f"relay_refused_{reason}") == 1


async def test_a_host_has_so_many_connections_and_all_together_have_so_many(site: Site) -> None:
    held = [await site.ask() for _ in range(2)]
    assert (await site.ask())[0] == Answer.BUSY
    held.append(await site.ask("host-2"))
    assert (await site.ask("host-3"))[0] == Answer.BUSY
    assert [answer for answer, _ in held] == [Answer.WELCOME] * 3
    held[0][1][1].close()
    await until(lambda: site.relay.hosts()["host-1"] == 1)
    assert (await site.ask("host-3"))[0] == Answer.WELCOME


async def test_garbage_silence_and_a_host_that_vanishes_hold_up_nobody(site: Site) -> None:
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\0", b"\xff" * 4096):
        _, writer = await site.connect()
        writer.write(data)
    silent = [await site.connect() for _ in range(4)]
    await until(lambda: site.count("relay_requests_malformed") >= 2)
    await until(lambda: site.count("relay_requests_unfinished") >= 1)
    for _, writer in silent:
        writer.transport.abort()
    answer, (_, writer) = await site.ask()
    assert answer == Answer.WELCOME
    writer.transport.abort()
    await until(lambda: site.relay.hosts() == {})
    assert (await site.ask())[0] == Answer.WELCOME


async def test_a_host_that_says_much_is_slowed_down(site: Site) -> None:
    slow = RelayLimits(octets_per_second=200_000)
    other = Site()
    other.controller = site.controller
    task = asyncio.create_task(other.made(slow).run())
    _, (reader, writer) = await other.ask()
    began = time.monotonic()
    writer.write(b"x" * 300_000)
    await reader.readexactly(300_000)
    assert time.monotonic() - began >= 1.0, "600,000 octets at 200,000 a second, of which one second's come at once"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
