"""What workloads are told when Nova cannot be asked, and that nothing they send harms the proxy."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alcor.agent.metadata import proxy
from alcor.agent.metadata.proxy import MetadataProxy
from alcor.agent.metadata.settings import MetadataSettings
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.model.addresses import Address
from alcor.model.identifiers import Id
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import port

SERVER = msgspec.structs.replace(port(1), device_id="server", project_id="project")
GET = b"GET /latest HTTP/1.1\r\nHost: metadata\r\n\r\n"


class Known(MemoryDataPlane):
    """A data plane that takes whoever asks for one port's workload."""

    who: Id | None = SERVER.id

    def client(self, address: Address) -> Id | None:
        return self.who


class Host:
    def __init__(self, core: Core) -> None:
        self.core, self.driver = core, Known()
        self.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]
        self.asked = 0
        self.closing: list[asyncio.Server] = []

    async def start(self, url: str | None = None) -> None:
        nova = await asyncio.start_server(self._nova, "127.0.0.1", 0)
        given = MetadataSettings(f"http://127.0.0.1:{nova.sockets[0].getsockname()[1]}" if url is None else url, "s")
        self.proxy = MetadataProxy(given, self.core.wanted, self.driver, self.core.counters, self.core.clock)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self.closing += [nova, await self.proxy.start(listener)]

    async def _nova(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.asked += 1
                writer.write(self.answers[0])
                if len(self.answers) > 1:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def ask(self, sent: bytes = GET) -> bytes:
        """All that comes back until the connection ends, or the answer to one question is there."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        writer.write_eof()
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    async def close(self) -> None:
        await self.proxy.close()
        for server in self.closing:
            server.close()


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    core = Core(tmp_path)
    await core.deliver_ports(SERVER)
    host = Host(core)
    yield host
    await host.close()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def test_nova_answers_through_it(host: Host) -> None:
    await host.start()
    assert (await host.ask()).endswith(b"\r\n\r\nok")
    assert (await host.ask(GET + GET)).count(b"ok") == 2
    assert host.asked == 3


async def test_without_a_metadata_service_that_is_said(host: Host) -> None:
    await host.start(url="")
    answer = await host.ask()
    assert (status(answer), host.asked) == (503, 0)
    assert b"[metadata]" in answer


@pytest.mark.parametrize("request_line", [b"GET /latest HTTP/1.1", b"HEAD / HTTP/1.1", b"POST / HTTP/1.0"])
async def test_who_is_not_known_is_not_answered_for(host: Host, request_line: bytes) -> None:
    await host.start()
    await host.core.deliver_ports(msgspec.structs.replace(SERVER, device_id=""))
    assert status(await host.ask(request_line + b"\r\nHost: a\r\n\r\n")) == 404
    await host.core.deliver_ports()
    assert status(await host.ask(request_line + b"\r\nHost: a\r\n\r\n")) == 404
    host.driver.who = None
    assert await host.ask() == b""
    assert host.asked == 0


async def test_a_dead_nova_is_said(host: Host) -> None:
    await host.start(url="http://127.0.0.1:1")
    assert status(await host.ask()) == 502
    assert host.core.counters.values["metadata_service_failed"] == 1


async def test_a_nova_that_does_not_answer_in_time_is_given_up(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "_NOVA_SECONDS", httpx.Timeout(0.05))
    await host.start()
    host.answers = [b""]
    assert status(await host.ask()) == 504


async def test_a_workload_that_does_not_go_on_is_given_up(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "_IDLE_SECONDS", 0.05)
    await host.start()
    for sent in (b"", GET[:10]):
        reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
        writer.write(sent)
        assert await reader.read() == b""
        writer.close()
    assert host.core.counters.values["metadata_connections_broken"] == 2


async def test_what_breaks_off_is_not_taken_for_whole(host: Host) -> None:
    await host.start()
    host.answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", b"ends"]
    answer = await host.ask()
    assert b"Content-Length: 9" in answer
    assert not answer.endswith(b"\r\n0\r\n\r\n")


async def test_questions_are_limited(host: Host) -> None:
    await host.start()
    answers = await asyncio.gather(*(host.ask(GET * 20) for _ in range(8)))
    statuses = [int(each) for answer in answers for each in re.findall(rb"HTTP/1.1 (\d+)", answer)]
    assert statuses.count(200) == 100  # two seconds' worth, and the clock stands still
    assert statuses.count(429) == 60


async def test_a_port_has_few_connections(host: Host) -> None:
    await host.start()
    idle = [await asyncio.open_connection("127.0.0.1", host.port) for _ in range(16)]
    assert await host.ask() == b""
    for _, writer in idle:
        writer.write_eof()
    assert await asyncio.gather(*(reader.read() for reader, _ in idle)) == [b""] * 16
    assert (await host.ask()).endswith(b"ok")


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000, 413),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"nonsense\r\n\r\n", 400),
    ],
)
async def test_what_cannot_be_asked_is_refused(host: Host, sent: bytes, answered: int) -> None:
    await host.start()
    answer = await host.ask(sent)
    assert answer == b"" or status(answer) == answered  # a reset may overtake the answer to what was not read
    assert host.asked == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(sent=st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: GET[:-2] + tail + b"\r\n\r\n" + tail))
async def test_garbage_does_no_harm(host: Host, sent: bytes) -> None:
    if not host.closing:
        await host.start()
    host.core.now += 10
    await host.ask(sent)
    assert host.core.counters.values["metadata_failed"] == 0
    assert (await host.ask()).endswith(b"ok")
