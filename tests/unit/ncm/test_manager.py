"""Hosts that ask get answers, and whoever learned something hears of every change of it until the lease has passed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from alcor.channels.ncm_messages import NcmHello, Questions, VpcQuestions
from alcor.dpm.compiler import compile_entry
from alcor.dpm.read_model import ReadModel
from alcor.model.goal_state import GoalState, GoalStateDelta, VpcNeighbours, apply_delta
from alcor.model.records import LogEntry, NodeRecord, PortDeleted, PortRecord, Record, VpcRecord
from alcor.ncm.manager import NcmSettings, NetworkConfigManager
from alcor.ncm.metrics import NcmMetrics
from alcor.ncm.source import WholeModel
from tests.unit.dpm.cloud import HOSTS, MACS, PORTS, SUBNETS, VPCS

VNI = 7
VPC = VpcRecord(VPCS[0], VNI, 1450, on_demand=True)
NODES = [NodeRecord(host_id, number, 100 + number) for number, host_id in enumerate(HOSTS, 1)]
ADDRESSES = [0x0A000001, 0x0A000002, 0x0A000003, 0x0A000004]


class Asker:
    """A host that asks, and believes what it is told."""

    def __init__(self, host_id: str) -> None:
        self.hello = NcmHello(host_id, bytes(16))
        self.connected = True
        self.state = GoalState()
        self.news: list[GoalStateDelta] = []

    def end(self) -> None:
        self.connected = False

    def deliver(self, news: GoalStateDelta) -> None:
        self.news.append(news)
        apply_delta(self.state, news)

    @property
    def known(self) -> VpcNeighbours:
        return self.state.neighbours.get(VNI) or VpcNeighbours()


class Region:
    """A controller's read model with its manager."""

    def __init__(self, **limits: Any) -> None:
        self.model = ReadModel()
        self.now = 0.0
        metrics = NcmMetrics(CollectorRegistry())
        self.manager = NetworkConfigManager(
            WholeModel(lambda: self.model), NcmSettings(**limits), metrics, lambda: self.now
        )
        self.commit(VPC, *NODES)

    def commit(self, *records: Record) -> None:
        entry = LogEntry(self.model.revision + 1, records)
        self.manager.compiled(compile_entry(self.model, entry))

    def ask(self, asker: Asker, vni: int = VNI, **asked: set[Any]) -> None:
        questions: Questions = {vni: VpcQuestions(**asked)}
        self.manager.asked(asker, questions)


def port(number: int, host: int, *addresses: int, mac: int | None = None) -> PortRecord:
    fixed_ips = tuple((SUBNETS[0], ADDRESSES[address].to_bytes(4)) for address in addresses)
    return PortRecord(PORTS[number], VPCS[0], MACS[number if mac is None else mac], fixed_ips, HOSTS[host])


@pytest.fixture
def region() -> Region:
    region = Region()
    region.commit(port(0, 0, 0), port(1, 1, 1))
    return region


@pytest.fixture
def asker() -> Asker:
    return Asker(HOSTS[0])


def test_an_address_is_answered_with_its_mac_its_host_and_its_vtep(region: Region, asker: Asker) -> None:
    region.ask(asker, ipv4={ADDRESSES[1]})
    assert asker.known == VpcNeighbours({MACS[1]: 2}, {ADDRESSES[1]: MACS[1]})
    assert asker.state.vteps == {2: 102}


def test_a_mac_is_answered_with_its_host(region: Region, asker: Asker) -> None:
    region.ask(asker, macs={MACS[1]})
    assert asker.known == VpcNeighbours({MACS[1]: 2})


def test_many_questions_get_one_answer(region: Region, asker: Asker) -> None:
    region.ask(asker, ipv4={ADDRESSES[0], ADDRESSES[1], ADDRESSES[2]}, macs={MACS[0], MACS[3]})
    assert len(asker.news) == 1
    assert asker.news[0].neighbours[VNI].removed_ipv4 == {ADDRESSES[2]}
    assert asker.news[0].neighbours[VNI].removed_macs == {MACS[3]}


def test_a_host_learns_nothing_of_a_vpc_it_has_no_port_in(region: Region) -> None:
    stranger = Asker(HOSTS[3])
    region.ask(stranger, ipv4={ADDRESSES[1]}, macs={MACS[1]})
    region.ask(stranger, vni=999, ipv4={ADDRESSES[1]})
    assert stranger.news == []


def test_a_question_waits_a_while_for_what_its_host_knew_earlier(region: Region) -> None:
    early = Asker(HOSTS[2])
    region.ask(early, ipv4={ADDRESSES[1]})
    region.ask(early, macs={MACS[0]})
    region.commit(port(2, 2, 2))
    assert early.known == VpcNeighbours({MACS[1]: 2, MACS[0]: 1}, {ADDRESSES[1]: MACS[1]})


def test_a_question_that_has_waited_for_too_long_is_not_answered_later(region: Region) -> None:
    early, gone = Asker(HOSTS[2]), Asker(HOSTS[2])
    region.ask(early, ipv4={ADDRESSES[1]})
    region.ask(gone, ipv4={ADDRESSES[1]})
    gone.connected = False
    region.now += 1.0
    region.manager.answer_waiting()
    assert region.manager.figures()["refusals"] == 2
    region.commit(port(2, 2, 2))
    assert early.news == gone.news == []


def test_a_move_reaches_who_learned_and_nobody_else(region: Region, asker: Asker) -> None:
    region.commit(port(2, 2, 2))
    other = Asker(HOSTS[2])
    region.ask(other, ipv4={ADDRESSES[0]})
    region.ask(asker, ipv4={ADDRESSES[1]})
    asked = len(other.news)
    region.commit(port(1, 3, 1))
    assert asker.known.forwarding == {MACS[1]: 4}
    assert asker.state.vteps[4] == 104
    assert len(other.news) == asked


def test_a_deleted_port_is_forgotten_by_who_learned_it(region: Region, asker: Asker) -> None:
    region.ask(asker, ipv4={ADDRESSES[1]})
    region.commit(PortDeleted(PORTS[1], VPCS[0]))
    assert asker.known.is_empty()


def test_an_address_that_passes_to_another_port_is_told(region: Region, asker: Asker) -> None:
    region.commit(port(2, 2, 2))
    region.ask(asker, ipv4={ADDRESSES[1]})
    region.commit(port(1, 1), port(2, 2, 1))
    assert asker.known.ipv4 == {ADDRESSES[1]: MACS[2]}
    assert asker.known.forwarding[MACS[2]] == 3


def test_an_address_that_passes_to_another_port_after_a_while_is_told(region: Region, asker: Asker) -> None:
    region.commit(port(2, 2, 2))
    region.ask(asker, ipv4={ADDRESSES[1]})
    region.commit(port(1, 1))
    assert ADDRESSES[1] not in asker.known.ipv4
    region.commit(port(2, 2, 2, 1))
    assert asker.known.ipv4[ADDRESSES[1]] == MACS[2]
    assert asker.known.forwarding[MACS[2]] == 3


def test_what_was_not_there_is_told_as_soon_as_it_is(region: Region, asker: Asker) -> None:
    region.ask(asker, ipv4={ADDRESSES[2]})
    assert asker.known.is_empty()
    region.commit(port(2, 2, 2))
    assert asker.known == VpcNeighbours({MACS[2]: 3}, {ADDRESSES[2]: MACS[2]})


def test_a_moved_vtep_is_told_to_who_learned(region: Region, asker: Asker) -> None:
    region.ask(asker, macs={MACS[1]})
    region.commit(NodeRecord(HOSTS[1], 2, 999))
    assert asker.state.vteps == {2: 999}


def test_what_is_not_asked_again_is_forgotten_after_the_lease_and_what_is_asked_again_is_not(
    region: Region, asker: Asker
) -> None:
    renewing = Asker(HOSTS[1])
    region.ask(asker, macs={MACS[1]})
    for _ in range(2):
        region.ask(renewing, macs={MACS[0]})
        region.manager.rotate()
    told, told_renewing = len(asker.news), len(renewing.news)
    region.commit(port(1, 2, 1), port(0, 3, 0))
    assert len(asker.news) == told
    assert len(renewing.news) == told_renewing + 1


def test_a_host_that_is_gone_is_told_nothing(region: Region, asker: Asker) -> None:
    region.ask(asker, macs={MACS[1]})
    asker.connected = False
    told = len(asker.news)
    region.commit(port(1, 2, 1))
    assert len(asker.news) == told


def test_whoever_learned_anything_asks_anew_when_changes_were_missed(region: Region, asker: Asker) -> None:
    region.ask(asker, ipv4={ADDRESSES[2]})
    region.manager.reloaded()
    assert not asker.connected


def test_a_host_that_asks_too_much_has_to_wait(asker: Asker) -> None:
    region = Region(questions_per_host=10)
    region.commit(port(0, 0, 0), port(1, 1, 1))
    for _ in range(21):
        region.ask(asker, macs={MACS[1]})
    assert len(asker.news) == 20
    region.now += 1
    region.ask(asker, macs={MACS[1]})
    assert len(asker.news) == 21


_ports = st.tuples(
    st.just("put"), st.integers(0, 3), st.integers(0, 3), st.lists(st.integers(0, 3), max_size=2, unique=True)
)
_steps = st.lists(
    st.one_of(
        _ports,
        st.tuples(st.just("delete"), st.integers(0, 3)),
        st.tuples(st.just("ask"), st.integers(0, 1), st.sets(st.integers(0, 3)), st.sets(st.integers(0, 3))),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(_steps)
def test_who_has_learned_something_is_never_wrong_about_it(steps: list[tuple[Any, ...]]) -> None:
    region = Region()
    region.commit(PortRecord(PORTS[4], VPCS[0], 0xAA, (), HOSTS[0]), PortRecord(PORTS[5], VPCS[0], 0xBB, (), HOSTS[1]))
    askers = [Asker(HOSTS[0]), Asker(HOSTS[1])]
    ports: dict[int, PortRecord] = {}
    for step in steps:
        match step:
            case "put", number, host, addresses:
                taken = {address for other, held in ports.items() if other != number for _, address in held.fixed_ips}
                free = [each for each in addresses if ADDRESSES[each].to_bytes(4) not in taken]
                ports[number] = port(number, host, *free)
                region.commit(ports[number])
            case "delete", number:
                if ports.pop(number, None) is not None:
                    region.commit(PortDeleted(PORTS[number], VPCS[0]))
            case "ask", who, addresses, macs:
                asked = {"ipv4": {ADDRESSES[each] for each in addresses}, "macs": {MACS[each] for each in macs}}
                region.ask(askers[who], **asked)
        truth = region.model.vpcs[VPCS[0]].neighbours
        for asker in askers:
            assert asker.known.forwarding.items() <= truth.forwarding.items()
            assert asker.known.ipv4.items() <= truth.ipv4.items()
