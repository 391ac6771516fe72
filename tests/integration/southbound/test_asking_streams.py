"""Streams of hosts that ask end when they must, and the host always hears why."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest

from alcor.channels.fast_path import ncm_server
from alcor.channels.fast_path.client import Backoff
from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE
from alcor.channels.fast_path.engine import keep_engine
from alcor.channels.fast_path.ncm_client import NcmClient
from alcor.channels.fast_path.ncm_server import NcmService
from alcor.channels.fast_path.options import Keepalive
from alcor.channels.ncm_interface import AskingHost
from alcor.channels.ncm_messages import NcmHello, NcmWelcome, Questions
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, VpcNeighbours
from tests.integration.southbound.asking import QUESTION, VNI, asking, end_of
from tests.integration.southbound.conftest import eventually
from tests.tasks import running


def news(count: int) -> GoalStateDelta:
    return GoalStateDelta(neighbours={VNI: NeighbourDelta(put=VpcNeighbours(dict.fromkeys(range(count), 1)))})


class Manager:
    """A Network Config Manager that answers every question, and knows who asked it."""

    def __init__(self, directory: Path, name: str) -> None:
        self.address = f"unix:{directory}/{name}"
        self.asked_by: dict[str, AskingHost] = {}
        self.service = NcmService(NcmWelcome(name), self)

    def asked(self, host: AskingHost, _questions: Questions) -> None:
        self.asked_by[host.hello.host_id] = host
        host.deliver(news(1))

    def connected(self) -> int:
        return sum(host.connected for host in self.asked_by.values())

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        keep_engine()
        server = grpc.aio.server(options=Keepalive().options())
        server.add_generic_rpc_handlers((self.service.handler(),))
        server.add_insecure_port(self.address)
        await server.start()
        try:
            yield
        finally:
            await server.stop(0)


class Host:
    """An agent's end: asks once on each connection."""

    def __init__(self, host_id: str, addresses: list[str]) -> None:
        self.addresses: list[str] = []  # that it was connected to
        self.answers = 0
        hello = NcmHello(host_id, b"b" * 16)
        self._client = NcmClient(addresses, lambda: hello, backoff=Backoff(first=0.02, maximum=0.1))

    async def run(self) -> None:
        async with contextlib.aclosing(self._client.connections()) as connections:
            async for connection in connections:
                self.addresses.append(connection.address)
                await connection.ask(QUESTION)
                async for _ in connection.news():
                    self.answers += 1


@pytest.fixture
async def manager(directory: Path) -> AsyncIterator[Manager]:
    manager = Manager(directory, "n1")
    async with manager.serving():
        yield manager


async def test_hosts_are_let_go_a_few_at_a_time_and_ask_elsewhere(manager: Manager, directory: Path) -> None:
    other = Manager(directory, "n2")
    hosts = [Host(f"host-{number}", [manager.address, other.address]) for number in range(20)]
    async with running(*(host.run() for host in hosts)):
        await eventually(lambda: manager.connected() == len(hosts), "all ask the first")
        async with other.serving():
            letting_go = asyncio.create_task(manager.service.let_hosts_go(1.0))
            await eventually(lambda: 0 < other.connected() < len(hosts), "some have gone on, and some not")
            assert not letting_go.done()
            await letting_go
            await eventually(lambda: other.connected() == len(hosts), "all ask the other")
            await eventually(lambda: all(host.answers == 2 for host in hosts), "all are answered there")
    assert all(host.addresses == [manager.address, other.address] for host in hosts), "each was let go once"


async def test_a_host_that_is_let_go_while_it_takes_much_news_hears_of_it(manager: Manager) -> None:
    async with asking(manager.address) as stream:
        await eventually(lambda: manager.connected() == 1, "the host has asked")
        manager.asked_by["host-0"].deliver(news(300_000))
        for _ in range(10):
            await asyncio.sleep(0)  # until they are under way
        await manager.service.let_hosts_go(0)
        await eventually(lambda: manager.connected() == 0, "the host is let go")
        assert await end_of(stream) == (grpc.StatusCode.RESOURCE_EXHAUSTED, GO_ELSEWHERE)


async def test_a_host_that_takes_no_news_has_to_ask_anew_once_it_does(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ncm_server, "_MOST_WAITING", 10)
    async with asking(manager.address) as stream:
        await eventually(lambda: manager.connected() == 1, "the host has asked")

        def ended() -> bool:
            manager.asked_by["host-0"].deliver(news(300_000))
            return manager.connected() == 0

        await eventually(ended, "the host is given up")
        code, reason = await end_of(stream)
        assert (code, reason) == (grpc.StatusCode.ABORTED, "ask anew: news were missed")


async def test_a_malformed_question_ends_the_stream_with_the_reason(manager: Manager) -> None:
    async with asking(manager.address) as stream:
        await stream.write(b"\xff\xff garbage")
        code, reason = await end_of(stream)
        assert code == grpc.StatusCode.INVALID_ARGUMENT
        assert "no HostQuestions" in reason


async def test_a_question_that_cannot_be_answered_for_a_fault_of_the_manager_is_logged_and_ends_the_stream(
    manager: Manager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_host: AskingHost, _questions: Questions) -> None:
        raise KeyError("no such VTEP")

    monkeypatch.setattr(manager, "asked", fail)
    async with asking(manager.address) as stream:
        code, _ = await end_of(stream)
        assert code == grpc.StatusCode.INTERNAL
    assert "no such VTEP" in caplog.text
