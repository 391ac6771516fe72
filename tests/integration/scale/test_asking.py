"""Simulated hosts ask on real streams, and know when they were answered and when they were not."""

import contextlib
import tempfile
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import pytest

from alcor.channels.fast_path.engine import keep_engine
from alcor.channels.fast_path.ncm_server import NcmService
from alcor.channels.fast_path.options import Keepalive
from alcor.channels.ncm_interface import AskingHost
from alcor.channels.ncm_messages import NcmWelcome
from alcor.channels.ncm_messages import Questions as Asked
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, VpcNeighbours
from alcor.scale.asking import Answers, AskedVpc, Asking, News, Questions, peer
from alcor.scale.counts import Counts
from tests.integration.southbound.conftest import eventually

VNI = 7
ADDRESSES = range(100, 110)
NOBODY = 105
_MAC = 0x020000000000


class Manager:
    """Every address but one is somebody's."""

    def __init__(self) -> None:
        self.asked_by: dict[str, set[int]] = {}
        self.hosts: set[AskingHost] = set()
        self.service = NcmService(NcmWelcome("n"), self)

    def asked(self, host: AskingHost, questions: Asked) -> None:
        asked = questions[VNI].ipv4
        self.hosts.add(host)
        self.asked_by.setdefault(host.hello.host_id, set()).update(asked)
        there = {address: _MAC + address for address in asked - {NOBODY}}
        put = VpcNeighbours(forwarding=dict.fromkeys(there.values(), 1), ipv4=there)
        host.deliver(GoalStateDelta(neighbours={VNI: NeighbourDelta(put, removed_ipv4=asked & {NOBODY})}))

    @contextlib.asynccontextmanager
    async def serving(self, address: str) -> AsyncIterator[None]:
        keep_engine()
        server = grpc.aio.server(options=Keepalive().options())
        server.add_generic_rpc_handlers((self.service.handler(),))
        server.add_insecure_port(address)
        await server.start()
        try:
            yield
        finally:
            await server.stop(0)


@pytest.fixture
def address() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        yield f"unix:{Path(directory)}/agents"


@pytest.fixture
async def manager(address: str) -> AsyncIterator[Manager]:
    manager = Manager()
    async with manager.serving(address):
        yield manager


class Hosts:
    """Five of them, on two connections."""

    def __init__(self, address: str) -> None:
        self.counts = Counts()
        self.asking = Asking(address, b"b" * 16, 3, self.counts)
        self.news: list[News] = []
        self.answers: list[Answers] = []

    async def open(self) -> None:
        addresses = array("I", ADDRESSES).tobytes()
        self.asking.open([(f"host-{number}", number, 0) for number in range(5)], [AskedVpc(VNI, addresses)])
        await eventually(lambda: self.counts.asking == 5, "all have a stream")

    def look(self) -> bool:
        news, answers = self.asking.events()
        self.news += news
        self.answers += [answers] if answers else []
        return True

    async def close(self) -> None:
        self.asking.close()
        await eventually(lambda: self.counts.asking == 0, "all streams are closed")


@pytest.fixture
async def hosts(manager: Manager, address: str) -> AsyncIterator[Hosts]:
    hosts = Hosts(address)
    await hosts.open()
    yield hosts
    await hosts.close()


async def test_each_host_asks_for_its_peers_and_knows_who_is_not_there(manager: Manager, hosts: Hosts) -> None:
    hosts.asking.ask(Questions(peers=4, at_once=3, clients=2, rate=0.0))
    await eventually(lambda: hosts.look() and bool(hosts.answers), "all is answered")
    assert manager.asked_by == {
        f"host-{number}": {ADDRESSES[peer(number, 4, other, len(ADDRESSES))] for other in range(4)}
        for number in range(5)
    }
    assert hosts.counts.answered + hosts.counts.absent == 20
    assert hosts.counts.absent == sum(NOBODY in asked for asked in manager.asked_by.values()) > 0
    latencies = array("d", hosts.answers[0].seconds)
    assert len(latencies) == 10, "a message of three and one of one for each host"
    assert 0 < sum(latencies) <= 2 * (hosts.answers[0].ended - hosts.answers[0].began)
    assert hosts.news == []


async def test_what_is_heard_without_a_question_is_news(manager: Manager, hosts: Hosts) -> None:
    hosts.asking.ask(Questions(peers=2, at_once=1, clients=5, rate=0.0))
    await eventually(lambda: hosts.look() and bool(hosts.answers), "all is answered")
    moved = GoalStateDelta(neighbours={VNI: NeighbourDelta(VpcNeighbours(forwarding={_MAC + 100: 9}))})
    gone = GoalStateDelta(neighbours={VNI: NeighbourDelta(removed_macs={_MAC + 101})})
    for host in manager.hosts:
        host.deliver(moved)
    await eventually(lambda: hosts.look() and len(hosts.news) == 5, "all hear of the move")
    for host in manager.hosts:
        host.deliver(gone)
    await eventually(lambda: hosts.look() and len(hosts.news) == 10, "all hear of the end")
    assert [news.mac for news in hosts.news] == [_MAC + 100] * 5 + [_MAC + 101] * 5
    assert hosts.counts.news == 10
    assert hosts.counts.answered + hosts.counts.absent == 10
    assert hosts.asking.trouble == ""


async def test_a_stream_that_ends_is_said(manager: Manager, hosts: Hosts) -> None:
    await manager.service.let_hosts_go(0)
    await eventually(lambda: "was ended" in hosts.asking.trouble, "it is said")


async def test_a_manager_that_is_not_there_is_said(address: str) -> None:
    hosts = Hosts(address)
    hosts.asking.open([("host-1", 1, 0)], [AskedVpc(VNI, b"")])
    await eventually(lambda: "cannot ask" in hosts.asking.trouble, "it is said")
    await hosts.close()


@pytest.mark.parametrize("peers", [1, 3, 5, 8])
def test_every_address_is_asked_for_as_often(peers: int) -> None:
    chosen = [[peer(host, peers, number, 10) for number in range(peers)] for host in range(100)]
    assert all(len(set(one)) == peers for one in chosen), "a host asks for no peer twice"
    assert Counter(address for one in chosen for address in one) == dict.fromkeys(range(10), 10 * peers)
