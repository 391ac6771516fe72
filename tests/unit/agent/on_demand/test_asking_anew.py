"""A manager just reached is asked about all that was learned, no faster than it answers, and nothing is lost."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from alcor.agent.on_demand.manager import Manager as AtHand
from alcor.channels.ncm_codec import decode_host_message, encode_questions
from alcor.channels.ncm_messages import NcmHello, NcmWelcome, Questions
from alcor.dpm.compiler import compile_entry
from alcor.dpm.read_model import ReadModel
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, VpcNeighbours
from alcor.model.records import LogEntry, NodeRecord, PortRecord, VpcRecord
from alcor.ncm.manager import NcmSettings, NetworkConfigManager
from alcor.ncm.metrics import NcmMetrics
from alcor.ncm.source import WholeModel
from tests.unit.agent.goal_states import IPV4, MACS, VTEPS
from tests.unit.agent.on_demand.test_on_demand import OWN, PEER, PEER_INDEX, VNI, Host
from tests.unit.dpm.cloud import HOSTS, PORTS, VPCS

STEP = 0.05  # seconds


def peers(count: int) -> VpcNeighbours:
    """So many, each with an address, all at one host."""
    macs = [MACS[0] + 100 + number for number in range(count)]
    return VpcNeighbours(
        dict.fromkeys(macs, PEER_INDEX), {IPV4[0] + 100 + number: mac for number, mac in enumerate(macs)}
    )


class Ncm:
    """A Network Config Manager as it is, for the host under test; time is the test's."""

    def __init__(self, host: Host, known: VpcNeighbours, settings: NcmSettings) -> None:
        self.core, self.hello, self.connected = host, NcmHello(HOSTS[0], bytes(16)), True
        self.settings, self.asked = settings, 0
        model = ReadModel()
        own_port = PortRecord(PORTS[0], VPCS[0], MACS[OWN], (), HOSTS[0])
        nodes = [NodeRecord(HOSTS[index], index, VTEPS[index]) for index in (0, PEER_INDEX)]
        compile_entry(model, LogEntry(1, (VpcRecord(VPCS[0], VNI, 1450, on_demand=True), *nodes, own_port)))
        self.known = model.vpcs[VPCS[0]].neighbours
        self.known.forwarding.update(known.forwarding)
        self.known.ipv4.update(known.ipv4)
        source = WholeModel(lambda: model)
        self._manager = NetworkConfigManager(source, settings, NcmMetrics(CollectorRegistry()), host.clock)
        self.at_hand = AtHand("ncm", "ncm:9697", self._manager.welcome("ncm"))

    def deliver(self, news: GoalStateDelta) -> None:
        self.core.on_demand.news(self.at_hand, news)

    def end(self) -> None:
        raise AssertionError("the stream is kept")

    async def answer_for(self, seconds: float) -> None:
        """Let time pass, and answer all that is asked meanwhile."""
        steps = round(seconds / STEP)
        for step in range(steps):
            if step % round(1 / STEP) == 0:
                self.core.on_demand.tick()
            while (questions := await asked_now(self.core, self.at_hand)) is not None:
                self.asked += sum(asked.count() for asked in questions.values())
                received = decode_host_message(encode_questions(questions))
                assert isinstance(received, dict)
                self._manager.asked(self, received)
            self.core.now += STEP

    def over_budget(self) -> int:
        return self._manager.figures()["over_budget"]


async def asked_now(host: Host, manager: AtHand) -> Questions | None:
    """What a manager is asked at this moment, if anything."""
    try:
        async with asyncio.timeout(0):
            return await host.on_demand.next_questions(manager)
    except TimeoutError:
        return None


async def learn(host: Host, known: VpcNeighbours) -> None:
    """The host has learned this from a manager that is no more."""
    manager = await host.begin()
    news = GoalStateDelta(vteps={PEER_INDEX: VTEPS[PEER_INDEX]}, neighbours={VNI: NeighbourDelta(put=known)})
    host.on_demand.news(manager.at_hand, news)
    host.on_demand.give(VNI, None)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path, punt_rate=1000)


async def test_a_manager_is_asked_about_all_that_was_learned_within_its_budget(host: Host) -> None:
    known = peers(120_000)
    await learn(host, known)
    ncm = Ncm(host, known, NcmSettings())
    moved, gone, its_address = MACS[0] + 100, MACS[0] + 101, IPV4[0] + 101
    ncm.known.forwarding[moved] = 0
    del ncm.known.forwarding[gone], ncm.known.ipv4[its_address]
    host.on_demand.give(VNI, ncm.at_hand)
    await ncm.answer_for(30)
    assert ncm.over_budget() == 0
    assert ncm.asked == 2 * len(known.forwarding) - 1, "nobody asks for an address whose MAC is gone"
    assert {MACS[OWN]: 0, **host.on_demand.learned.forwarding(VNI)} == ncm.known.forwarding
    assert host.on_demand.learned.owner(VNI, its_address) is None


async def test_no_lease_runs_out_because_its_renewal_has_to_wait(host: Host) -> None:
    known = peers(6_000)
    await learn(host, known)
    ncm = Ncm(host, known, NcmSettings(questions_per_host=100))
    host.on_demand.give(VNI, ncm.at_hand)
    await ncm.answer_for(400)
    assert host.on_demand.learned.count() == 6_000
    assert ncm.over_budget() == 0
    for mac in list(known.forwarding)[:3_000]:
        del ncm.known.forwarding[mac]
    await ncm.answer_for(400)
    assert host.on_demand.learned.count() == 3_000


async def test_what_was_asked_and_never_answered_goes_while_what_waits_stays(host: Host) -> None:
    await learn(host, peers(6_000))
    silent = AtHand("ncm", "ncm:9697", NcmWelcome("ncm", questions_per_second=1_000))
    host.on_demand.give(VNI, silent)
    first = await asked_now(host, silent)
    assert first is not None
    for _ in range(4):
        host.now += 40
        host.on_demand.tick()
    left = host.on_demand.learned.forwarding(VNI).keys()
    assert first[VNI].macs and left == peers(6_000).forwarding.keys() - first[VNI].macs


async def test_workloads_do_not_wait_for_what_is_asked_anew(host: Host) -> None:
    known = peers(50_000)
    await learn(host, known)
    ncm = Ncm(host, known, NcmSettings())
    ncm.known.forwarding[MACS[PEER]] = PEER_INDEX
    host.speak(b"waits for whoever can be asked next")
    host.on_demand.give(VNI, ncm.at_hand)
    questions = await asked_now(host, ncm.at_hand)
    assert questions is not None and MACS[PEER] in questions[VNI].macs
    while await asked_now(host, ncm.at_hand) is not None:
        pass
    host.ask_arp(IPV4[4])
    questions = await asked_now(host, ncm.at_hand)
    assert questions is not None and questions[VNI].ipv4 == {IPV4[4]}


async def test_where_rules_lead_is_asked_before_who_has_an_address(host: Host) -> None:
    known = peers(3_000)
    await learn(host, known)
    ncm = Ncm(host, known, NcmSettings())
    host.on_demand.give(VNI, ncm.at_hand)
    macs: set[int] = set()
    while len(macs) < len(known.forwarding):
        questions = await asked_now(host, ncm.at_hand)
        assert questions is None or not questions[VNI].ipv4 or len(macs) + len(questions[VNI].macs) == 3_000
        macs |= questions[VNI].macs if questions is not None else set()
        host.now += STEP


async def test_an_address_that_a_workload_wants_is_asked_before_others(host: Host) -> None:
    known = peers(50_000)
    await learn(host, known)
    ncm = Ncm(host, known, NcmSettings())
    host.on_demand.give(VNI, ncm.at_hand)
    while await asked_now(host, ncm.at_hand) is not None:
        pass
    host.ask_arp(IPV4[0] + 100)
    assert len(await host.heard()) == 1, "it is answered with what is known"
    questions = await asked_now(host, ncm.at_hand)
    assert questions is not None and questions[VNI].ipv4 == {IPV4[0] + 100}


async def test_what_went_idle_meanwhile_is_not_asked_about(host: Host) -> None:
    known = peers(10)
    await learn(host, known)
    ncm = Ncm(host, known, NcmSettings())
    host.on_demand.give(VNI, ncm.at_hand)
    idle = MACS[0] + 100
    host.on_demand.remote_idle(VNI, idle)
    questions = await asked_now(host, ncm.at_hand)
    assert questions is not None
    assert questions[VNI].macs == known.forwarding.keys() - {idle}
    assert questions[VNI].ipv4 == known.ipv4.keys() - {IPV4[0] + 100}


async def test_messages_are_small_whatever_is_asked(host: Host) -> None:
    known = peers(5_000)
    await learn(host, known)
    meagre = AtHand("ncm", "ncm:9697", NcmWelcome("ncm", questions_per_second=8))
    host.on_demand.give(VNI, meagre)
    for number in range(20):
        host.ask_arp(0x0B000000 + number)
    asked: set[int] = set()
    while (questions := await asked_now(host, meagre)) is not None:
        assert questions[VNI].count() <= 8
        asked |= questions[VNI].ipv4
    assert asked >= {0x0B000000 + number for number in range(20)}
