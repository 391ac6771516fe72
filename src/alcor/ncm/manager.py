"""Answering hosts, and telling them of changes: a NcmListener on a read model.

An answer takes a few look-ups, whatever the size of the VPC. Everything happens on one event loop, so that an answer
and a change can never overtake each other on a host's stream.

A question about a VPC that is not held, or of a host that has no port in it as far as is known, waits a while: the VPC
may be on its way, and the host may have heard of its port before this process did.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import msgspec

from alcor.channels.ncm_interface import AskingHost, NotAnswered
from alcor.channels.ncm_messages import (
    DEFAULT_QUESTIONS_PER_SECOND,
    NameAnswer,
    NameQuestion,
    NcmWelcome,
    Questions,
    VpcQuestions,
)
from alcor.dpm.compiler import Compiled
from alcor.dpm.neighbour_changes import VpcChange
from alcor.dpm.read_model import ReadModel, VpcModel
from alcor.model.dns import port_name
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, VpcNeighbours
from alcor.model.token_bucket import TokenBucket
from alcor.ncm.learned import Learned, keys_of
from alcor.ncm.metrics import NcmMetrics
from alcor.ncm.source import Source

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 10.0

Address = int | bytes
"""An IPv4 address as a number, an IPv6 address as its bytes."""

_Address = TypeVar("_Address", int, bytes)


class NcmSettings(msgspec.Struct, frozen=True):
    """How a Network Config Manager behaves."""

    lease: int = 60  # seconds an answer holds
    absence: int = 5  # seconds it holds that something is not there
    questions_per_host: int = DEFAULT_QUESTIONS_PER_SECOND  # a host that asks more is not answered for a while
    patience: float = 1.0  # seconds that a question waits for its VPC or its host to become known
    most_waiting: int = 100_000  # hosts that wait, for one VPC


class _VpcLearned(msgspec.Struct):
    """What hosts have learned of one VPC: where MACs are, and which addresses and MACs are not there."""

    macs: Learned[int, AskingHost] = msgspec.field(default_factory=Learned)
    absent_addresses: Learned[Address, AskingHost] = msgspec.field(default_factory=Learned)
    absent_macs: Learned[int, AskingHost] = msgspec.field(default_factory=Learned)

    def everybody(self) -> set[AskingHost]:
        """All who have learned anything."""
        return self.macs.everybody() | self.absent_addresses.everybody() | self.absent_macs.everybody()

    def rotate(self) -> bool:
        """A lease has passed; returns whether anything is still remembered."""
        parts: tuple[Learned[Any, AskingHost], ...] = (self.macs, self.absent_addresses, self.absent_macs)
        for part in parts:
            part.rotate()
        return any(len(part) for part in parts)


class _Waiting(msgspec.Struct):
    """What a host wants to know of a VPC that it has no part in yet, as far as is known."""

    until: float
    questions: VpcQuestions


class NetworkConfigManager:
    """One process's Network Config Manager: a channels.ncm_interface.NcmListener."""

    def __init__(
        self,
        source: Source,
        settings: NcmSettings | None = None,
        metrics: NcmMetrics | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._settings = settings or NcmSettings()
        self._metrics = metrics or NcmMetrics()
        self._clock = clock
        self._metrics.vpcs.set_function(lambda: len(source.model.on_demand))
        self._metrics.ports.set_function(lambda: len(source.model.ports))
        self._learned: dict[int, _VpcLearned] = {}  # by VNI
        self._budgets: dict[str, TokenBucket] = {}  # by host
        self._waiting: dict[int, dict[AskingHost, _Waiting]] = {}  # by VNI
        self._names_asked: Counter[int] = Counter()  # questions for names that are not answered yet, by VNI
        self._named_until: dict[int, float] = {}  # VPCs that names were asked of, by VNI

    def welcome(self, ncm_id: str) -> NcmWelcome:
        """What hosts are told first."""
        return NcmWelcome(ncm_id, self._settings.lease, self._settings.absence, self._settings.questions_per_host)

    def figures(self) -> dict[str, int]:
        """What it has counted, by name."""
        return self._metrics.figures()

    @property
    def waiting(self) -> int:
        """How many hosts wait for a VPC, or for their port in one."""
        return sum(map(len, self._waiting.values()))

    async def run(self) -> None:
        """Forget what is not asked for any more, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_every(self._settings.lease, self.rotate))
            tasks.create_task(_every(self._settings.patience, self.answer_waiting))

    def rotate(self) -> None:
        """A lease has passed."""
        self._learned = {vni: learned for vni, learned in self._learned.items() if learned.rotate()}
        self._budgets = {}
        now = self._clock()
        self._named_until = {vni: until for vni, until in self._named_until.items() if until > now}
        self._source.tidy()
        self._metrics.learned.set(sum(len(learned.macs) for learned in self._learned.values()))

    def is_needed(self, vni: int) -> bool:
        """Whether hosts know something of the VPC, or wait for it, or ask for its names."""
        asked = vni in self._names_asked or vni in self._named_until
        return asked or vni in self._learned or vni in self._waiting

    # Answers.

    def asked(self, host: AskingHost, questions: Questions) -> None:
        """See NcmListener."""
        if not self._within_budget(host.hello.host_id, sum(asked.count() for asked in questions.values())):
            return
        self._answer_all(host, questions)

    def _answer_all(self, host: AskingHost, questions: Questions) -> None:
        model = self._source.model
        answer = GoalStateDelta(revision=model.revision)
        for vni, asked in questions.items():
            vpc = self._vpc_of_host(vni, host.hello.host_id)
            if vpc is None:
                self._wait(host, vni, asked)
            else:
                self._answer(answer, model, vni, vpc, asked, host)
        if not answer.is_empty():
            host.deliver(answer)

    def _vpc_of_host(self, vni: int, host_id: str) -> VpcModel | None:
        """The VPC, if the host's workloads may speak to it: nobody learns of a VPC that is none of its business."""
        model = self._source.model
        vpc_id = model.vnis.get(vni)
        vpc = None if vpc_id is None else model.vpcs[vpc_id]
        return vpc if vpc is not None and host_id in model.nodes and self._source.reaches(host_id, vpc) else None

    def _wait(self, host: AskingHost, vni: int, asked: VpcQuestions) -> None:
        hosts = self._waiting.setdefault(vni, {})
        waiting = hosts.get(host)
        if waiting is not None:
            waiting.questions.add(asked)
        elif len(hosts) >= self._settings.most_waiting:
            self._metrics.refused.inc(asked.count())
        else:
            hosts[host] = _Waiting(self._clock() + self._settings.patience, asked)
            self._source.want(vni, host.hello.host_id)

    def answer_waiting(self, vnis: Collection[int] | None = None) -> None:
        """Answer what can be answered by now of some VPCs, or of all, and refuse what has waited for too long."""
        waited_for = set(self._waiting) if vnis is None else self._waiting.keys() & vnis
        for vni in waited_for:
            self._answer_waiting(vni)
        self._waiting = {vni: hosts for vni, hosts in self._waiting.items() if hosts}
        for vni in waited_for - self._waiting.keys():
            self._source.let_go(vni)

    def _answer_waiting(self, vni: int) -> None:
        now, is_coming = self._clock(), self._source.is_coming(vni)
        for host, waiting in list(self._waiting[vni].items()):
            answerable = self._vpc_of_host(vni, host.hello.host_id) is not None
            if host.connected and not answerable and (now < waiting.until or is_coming):
                continue
            del self._waiting[vni][host]
            if host.connected and answerable:
                self._answer_all(host, {vni: waiting.questions})
            else:
                self._metrics.refused.inc(waiting.questions.count())

    async def resolve(self, question: NameQuestion) -> NameAnswer:
        """See NcmListener. The cost is that of a look-up, whatever the size of the VPC."""
        if not self._within_budget(question.host_id, 1):
            raise NotAnswered("the host asks too much")
        self._names_asked[question.vni] += 1
        try:
            vpc = await self._vpc_to_name(question)
            self._named_until[question.vni] = self._clock() + self._settings.lease
        finally:
            self._names_asked[question.vni] -= 1
            self._names_asked += Counter()
            self._source.let_go(question.vni)
        return _name_answer(self._source.model, vpc, question.about)

    async def _vpc_to_name(self, question: NameQuestion) -> VpcModel:
        """The VPC that a question is about, once it is here. Raises NotAnswered."""
        vni, began, is_wanted = question.vni, self._clock(), False
        while (vpc := self._vpc_of_host(vni, question.host_id)) is None:
            waited, is_coming = self._clock() - began, self._source.is_coming(vni)
            if not is_wanted:
                self._source.want(vni, question.host_id)
                is_wanted = True
            elif waited >= self._settings.patience and not is_coming:
                raise NotAnswered("the host has no ports in such a VPC", is_final=True)
            elif waited >= _LONGEST_WAIT_SECONDS:
                raise NotAnswered("the VPC is still being read")
            await asyncio.sleep(_LOOK_SECONDS)
        return vpc

    def _within_budget(self, host_id: str, count: int) -> bool:
        now, rate = self._clock(), self._settings.questions_per_host
        bucket = self._budgets.get(host_id)
        if bucket is None:
            bucket = self._budgets[host_id] = TokenBucket(rate, rate * 2, now)
        if bucket.take(now, count):
            return True
        self._metrics.over_budget.inc(count)
        return False

    def _answer(
        self, answer: GoalStateDelta, model: ReadModel, vni: int, vpc: VpcModel, asked: VpcQuestions, host: AskingHost
    ) -> None:
        learned = self._learned.setdefault(vni, _VpcLearned())
        change = answer.neighbours.setdefault(vni, NeighbourDelta())
        known = vpc.neighbours
        macs = set(asked.macs)
        for address in asked.ipv4:
            if (mac := known.ipv4.get(address)) is None:
                change.removed_ipv4.add(address)
                learned.absent_addresses.add(address, host)
            else:
                change.put.ipv4[address] = mac
                macs.add(mac)
        for packed in asked.ipv6:
            if (mac := known.ipv6.get(packed)) is None:
                change.removed_ipv6.add(packed)
                learned.absent_addresses.add(packed, host)
            else:
                change.put.ipv6[packed] = mac
                macs.add(mac)
        for mac in macs:
            self._answer_mac(answer, change, model, known, mac, learned, host)
        absent = len(change.removed_ipv4) + len(change.removed_ipv6) + len(change.removed_macs)
        self._metrics.answered.inc(asked.count() - absent)
        self._metrics.absent.inc(absent)

    def _answer_mac(
        self,
        answer: GoalStateDelta,
        change: NeighbourDelta,
        model: ReadModel,
        known: VpcNeighbours,
        mac: int,
        learned: _VpcLearned,
        host: AskingHost,
    ) -> None:
        index = known.forwarding.get(mac)
        if index is None:
            change.removed_macs.add(mac)
            learned.absent_macs.add(mac, host)
            return
        change.put.forwarding[mac] = index
        if (membership := known.memberships.get(mac)) is not None:
            change.put.memberships[mac] = membership
        answer.vteps[index] = model.vteps[index]
        learned.macs.add(mac, host)

    # Changes.

    def compiled(self, compiled: Compiled) -> None:
        """A log entry was taken into the model: tell those who learned what it changed."""
        self._tell_learners(compiled)
        if self._waiting:
            self.answer_waiting(compiled.on_demand.keys())

    def _tell_learners(self, compiled: Compiled) -> None:
        model = self._source.model
        news: dict[AskingHost, GoalStateDelta] = {}
        for vni, change in compiled.on_demand.items():
            learned = self._learned.get(vni)
            if learned is not None:
                _Change(model, vni, change, learned, news).tell()
        if compiled.moved:
            self._tell_moved(compiled.moved, news)
        for host, delta in news.items():
            if host.connected:
                host.deliver(delta)
                self._metrics.changes.inc()

    def reloaded(self) -> None:
        """Entries were missed: whoever learned anything has to ask anew."""
        for learned in self._learned.values():
            for host in learned.everybody():
                host.end()
        self._learned = {}

    def _tell_moved(self, moved: dict[int, int], news: dict[AskingHost, GoalStateDelta]) -> None:
        """VTEPs of hosts changed, which happens hardly ever: everybody who has learned anything is told."""
        for learned in self._learned.values():
            for host in learned.macs.everybody():
                news.setdefault(host, GoalStateDelta()).vteps.update(moved)


def _name_answer(model: ReadModel, vpc: VpcModel, about: str | bytes) -> NameAnswer:
    if isinstance(about, bytes):
        port_id = vpc.named.get(about)
        named = None if port_id is None else model.port(port_id)
        return NameAnswer(name="" if named is None else port_name(named.hostname))
    ports = map(model.port, sorted(vpc.names.get(about, ())))
    return NameAnswer(tuple(address for port in ports if port is not None for _, address in port.fixed_ips))


async def _every(seconds: float, action: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        action()


class _Change:
    """A change of a VPC on demand on its way to those who learned what it was."""

    def __init__(
        self,
        model: ReadModel,
        vni: int,
        change: VpcChange,
        learned: _VpcLearned,
        news: dict[AskingHost, GoalStateDelta],
    ) -> None:
        self._model, self._vni, self._learned, self._news = model, vni, learned, news
        self._old, self._new = change.old, change.new

    def tell(self) -> None:
        """Gather what each of them must be told."""
        # Addresses first: who learned of a MAC that goes is forgotten with it.
        self._tell_addresses(self._old.ipv4, self._new.ipv4)
        self._tell_addresses(self._old.ipv6, self._new.ipv6)
        for mac in keys_of(self._old.forwarding, self._new.forwarding):
            index = self._new.forwarding.get(mac)
            if index != self._old.forwarding.get(mac):
                self._tell_mac(mac, index)
            elif index is not None and self._new.memberships.get(mac) != self._old.memberships.get(mac):
                for host in self._learned.macs.learners(mac):
                    self._put_mac(host, mac, index)

    def _tell_mac(self, mac: int, index: int | None) -> None:
        waiting = self._learned.absent_macs.take(mac)
        if index is None:
            for host in self._learned.macs.take(mac):
                self._of(host).removed_macs.add(mac)
            return
        for host in self._learned.macs.learners(mac) | waiting:
            self._put_mac(host, mac, index)

    def _tell_addresses(self, old: Mapping[_Address, int], new: Mapping[_Address, int]) -> None:
        for address in keys_of(old, new):
            before, now = old.get(address), new.get(address)
            if before == now:
                continue
            hosts = set(self._learned.absent_addresses.take(address))
            if before is not None:
                hosts |= self._learned.macs.learners(before)
            if now is not None:
                hosts |= self._learned.macs.learners(now)
            for host in hosts:
                self._tell_address(host, address, now)

    def _tell_address(self, host: AskingHost, address: Address, mac: int | None) -> None:
        change = self._of(host)
        if mac is None:
            self._learned.absent_addresses.add(address, host)  # workloads may remember who had it
            if isinstance(address, int):
                change.removed_ipv4.add(address)
            else:
                change.removed_ipv6.add(address)
            return
        if isinstance(address, int):
            change.put.ipv4[address] = mac
        else:
            change.put.ipv6[address] = mac
        self._put_mac(host, mac, self._new.forwarding[mac])

    def _put_mac(self, host: AskingHost, mac: int, index: int) -> None:
        change = self._of(host)
        change.put.forwarding[mac] = index
        if (membership := self._new.memberships.get(mac)) is not None:
            change.put.memberships[mac] = membership
        self._news[host].vteps[index] = self._model.vteps[index]
        self._learned.macs.add(mac, host)

    def _of(self, host: AskingHost) -> NeighbourDelta:
        delta = self._news.get(host)
        if delta is None:
            delta = self._news[host] = GoalStateDelta(revision=self._model.revision)
        return delta.neighbours.setdefault(self._vni, NeighbourDelta())
