"""A Network Config Manager that is one of several holds the VPCs it takes care of, and those that hosts ask about."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import update

from alcor.channels.ncm_interface import NotAnswered
from alcor.channels.ncm_messages import NameAnswer, NameQuestion, NcmHello, VpcQuestions
from alcor.model.goal_state import GoalStateDelta
from alcor.model.identifiers import id_bytes
from alcor.model.records import VpcRecord
from alcor.model.rendezvous import order
from alcor.ncm import shard as shard_module
from alcor.ncm.manager import NcmSettings, NetworkConfigManager
from alcor.ncm.metrics import NcmMetrics
from alcor.ncm.shard import Shard
from alcor.store import change_log, tables
from alcor.store.store import Store
from alcor.store.transaction import Transaction
from tests.integration.southbound.cloud_rows import VNI, Cloud
from tests.integration.southbound.conftest import HOSTS, eventually

OTHERS = [f"ncm-{number}:9697" for number in range(10)]
FIRST, LAST = order(VNI, OTHERS)[0], order(VNI, OTHERS)[-1]
ADDRESSES = {0x0A000001 + number for number in range(1, 10)}


class Asker:
    """A host that asks."""

    def __init__(self, host_id: str) -> None:
        self.hello = NcmHello(host_id, bytes(16))
        self.connected = True
        self.known: dict[int, int] = {}

    def end(self) -> None:
        self.connected = False

    def deliver(self, news: GoalStateDelta) -> None:
        for change in news.neighbours.values():
            self.known.update(change.put.forwarding)
            for mac in change.removed_macs:
                self.known.pop(mac, None)


class Ncm:
    """A manager on a share of its own."""

    def __init__(self, store: Store, address: str) -> None:
        self.shard = Shard(store, address)
        metrics = NcmMetrics(CollectorRegistry())
        self.manager = NetworkConfigManager(self.shard, NcmSettings(patience=0.2), metrics)
        self.shard.answers(self.manager)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.shard.load()
        self.follow()

    def follow(self) -> None:
        self._tasks = [asyncio.create_task(part.run()) for part in (self.shard, self.manager)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def holds(self) -> bool:
        return VNI in self.shard.model.vnis

    def ask(self, asker: Asker) -> None:
        self.manager.asked(asker, {VNI: VpcQuestions(ipv4=set(ADDRESSES))})


@pytest.fixture
async def ncm(store: Store) -> AsyncIterator[Ncm]:
    """One that comes last in the order of the VPC, and does not know of the others yet."""
    ncm = Ncm(store, LAST)
    await ncm.start()
    yield ncm
    await ncm.stop()


async def program(cloud: Cloud, *, on_demand: bool) -> None:
    def operation(tx: Transaction) -> None:
        statement = update(tables.network).where(tables.network.c.id == cloud.network_id)
        tx.connection.execute(statement.values(on_demand=on_demand))
        tx.record(VpcRecord(id_bytes(cloud.network_id), VNI, 1450, on_demand=on_demand))

    await cloud.store.write(operation)


def held_up(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Has VPCs that are read come only once the event is set, as they were when they were read."""
    read_part, come = shard_module.read_part, asyncio.Event()
    loop = asyncio.get_running_loop()

    def slowly(*arguments: object, **named: object) -> object:
        part = read_part(*arguments, **named)  # type: ignore[arg-type]
        asyncio.run_coroutine_threadsafe(come.wait(), loop).result(10)
        return part

    monkeypatch.setattr(shard_module, "read_part", slowly)
    return come


async def given_away_while_it_is_read(cloud: Cloud, ncm: Ncm, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Another manager comes first for the VPC by now. It comes once the event is set."""
    come = held_up(monkeypatch)
    await program(cloud, on_demand=True)
    await eventually(lambda: ncm.shard.is_coming(VNI), "the VPC is being read")
    ncm.shard.set_members(OTHERS)
    return come


async def test_it_takes_up_what_it_comes_first_for_and_lets_it_go(cloud: Cloud, ncm: Ncm) -> None:
    await cloud.create_ports(*HOSTS)
    await program(cloud, on_demand=True)
    await eventually(ncm.holds, "the VPC is taken up when it becomes one on demand")
    assert len(ncm.shard.model.ports) == 3
    ncm.shard.set_members(OTHERS)
    assert not ncm.holds(), "another comes first now"
    ncm.shard.set_members([])
    await eventually(ncm.holds, "it is alone again")
    await program(cloud, on_demand=False)
    await eventually(lambda: not ncm.holds(), "the VPC is told ahead now")
    assert not ncm.shard.model.ports


async def test_what_another_comes_first_for_by_now_is_not_held(
    cloud: Cloud, ncm: Ncm, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile = await given_away_while_it_is_read(cloud, ncm, monkeypatch)
    meanwhile.set()
    await eventually(lambda: not ncm.shard.is_coming(VNI), "it has been read")
    assert not ncm.holds()


async def test_whoever_is_asked_answers(cloud: Cloud, ncm: Ncm) -> None:
    await program(cloud, on_demand=True)
    ncm.shard.set_members(OTHERS)
    await cloud.create_ports(*HOSTS)
    asker = Asker(HOSTS[0])
    ncm.ask(asker)
    await eventually(lambda: len(asker.known) == 3, "the host is answered")
    (another,) = await cloud.create_ports(HOSTS[1])
    await eventually(lambda: len(asker.known) == 4, "it is told of what it asked for too early")
    await cloud.delete_port(another)
    await eventually(lambda: len(asker.known) == 3, "it is told of changes")
    ncm.shard.tidy()
    assert ncm.holds(), "a host knows something of it"
    ncm.manager.rotate()
    ncm.manager.rotate()
    assert not ncm.holds(), "nobody does any more"


async def test_a_stranger_makes_it_hold_nothing(cloud: Cloud, ncm: Ncm) -> None:
    await program(cloud, on_demand=True)
    ncm.shard.set_members(OTHERS)
    await cloud.create_ports(HOSTS[0], HOSTS[1])
    stranger = Asker(HOSTS[2])
    ncm.ask(stranger)
    await eventually(lambda: ncm.manager.figures()["refusals"] == len(ADDRESSES), "the questions are refused")
    assert not ncm.holds()
    assert not stranger.known


async def test_a_stranger_keeps_nothing_that_another_comes_first_for_by_now(
    cloud: Cloud, ncm: Ncm, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cloud.create_ports(HOSTS[0], HOSTS[1])
    meanwhile = await given_away_while_it_is_read(cloud, ncm, monkeypatch)
    ncm.ask(Asker(HOSTS[2]))
    meanwhile.set()
    await eventually(lambda: ncm.manager.figures()["refusals"] == len(ADDRESSES), "the questions are refused")
    assert not ncm.holds()


async def test_a_stranger_that_asks_for_names_keeps_nothing_either(
    cloud: Cloud, ncm: Ncm, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cloud.create_ports(HOSTS[0], HOSTS[1])
    meanwhile = await given_away_while_it_is_read(cloud, ncm, monkeypatch)
    resolving = asyncio.create_task(ncm.manager.resolve(NameQuestion(HOSTS[2], VNI, "web")))
    await asyncio.sleep(0)
    meanwhile.set()
    with pytest.raises(NotAnswered):
        await resolving
    assert not ncm.holds()


async def test_changes_while_a_vpc_is_read_are_not_lost(
    cloud: Cloud, ncm: Ncm, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cloud.create_ports(*HOSTS)
    meanwhile = held_up(monkeypatch)
    await program(cloud, on_demand=True)
    ncm.shard.want(VNI, HOSTS[0])
    await eventually(lambda: ncm.shard.is_coming(VNI), "the VPC is being read")
    gone, *_ = await cloud.create_ports(HOSTS[0], HOSTS[1])
    await cloud.delete_port(gone)
    head = await cloud.store.read(change_log.head)
    await eventually(lambda: ncm.shard.model.revision == head, "the log has been followed")
    asker = Asker(HOSTS[0])
    ncm.ask(asker)
    meanwhile.set()
    await eventually(lambda: len(asker.known) == 4, "the host is answered as things are now")


async def test_a_log_trimmed_too_early_has_hosts_ask_anew(cloud: Cloud, ncm: Ncm) -> None:
    await program(cloud, on_demand=True)
    ncm.shard.set_members(OTHERS)
    await cloud.create_ports(*HOSTS)
    asker = Asker(HOSTS[0])
    ncm.ask(asker)
    await eventually(lambda: len(asker.known) == 3, "the host is answered")
    await ncm.stop()
    for _ in range(3):
        await cloud.create_ports(HOSTS[0])
    await cloud.store.write(lambda transaction: change_log.trim(transaction.connection, 0))
    ncm.follow()
    await eventually(lambda: not asker.connected, "it has to ask anew")
    again = Asker(HOSTS[0])
    ncm.ask(again)
    await eventually(lambda: len(again.known) == 6, "and is answered as things are now")


async def test_a_vpc_that_cannot_be_read_is_read_when_it_can(
    cloud: Cloud, ncm: Ncm, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cloud.create_ports(*HOSTS)

    def fail(*_arguments: object, **_named: object) -> None:
        monkeypatch.undo()
        raise RuntimeError("a fault in reading")

    monkeypatch.setattr(shard_module, "read_part", fail)
    await program(cloud, on_demand=True)
    await eventually(lambda: shard_module.read_part is not fail, "it was tried")
    asker = Asker(HOSTS[0])

    def answered() -> bool:
        ncm.ask(asker)  # again and again, as hosts do
        return len(asker.known) == 3

    await eventually(answered, "the host is answered")


@pytest.mark.parametrize("on_demand", [False, True], ids=["told ahead", "on demand"])
async def test_names_of_any_vpc_are_answered_to_its_hosts(cloud: Cloud, ncm: Ncm, on_demand: bool) -> None:
    """Also by one that does not take care of it, which then holds it for a while."""
    await program(cloud, on_demand=on_demand)
    ncm.shard.set_members(OTHERS)
    (named,) = await cloud.create_ports(HOSTS[0])
    await cloud.name_port(named, "web")
    answer = await ncm.manager.resolve(NameQuestion(HOSTS[0], VNI, "web"))
    assert await ncm.manager.resolve(NameQuestion(HOSTS[0], VNI, answer.addresses[0])) == NameAnswer(name="web")
    with pytest.raises(NotAnswered) as refused:
        await ncm.manager.resolve(NameQuestion(HOSTS[1], VNI, "web"))
    assert refused.value.is_final
    await cloud.delete_port(named)
    head = await cloud.store.read(change_log.head)
    await eventually(lambda: ncm.shard.model.revision == head, "the log has been followed")
    with pytest.raises(NotAnswered):
        await ncm.manager.resolve(NameQuestion(HOSTS[0], VNI, "web"))
