"""What is to be asked about each VPC and of whom, and what was asked and is not answered yet."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec

from alcor.agent.on_demand.manager import Manager
from alcor.channels.ncm_messages import Questions, VpcQuestions
from alcor.model.addresses import Address

_ASK_AGAIN_SECONDS = 1.0


class Question(NamedTuple):
    """Where is this MAC of a VPC, or, without a MAC, who has this address?"""

    vni: int
    address: Address | None = None
    mac: int | None = None


class _Vpc(msgspec.Struct):
    manager: Manager | None = None
    waiting: VpcQuestions = msgspec.field(default_factory=VpcQuestions)  # for the manager to take
    asked_at: dict[Question, float] = {}


class OpenQuestions:
    """By VPC. A question is open for a second; while there is nobody to ask, nothing waits to be asked."""

    def __init__(self) -> None:
        self._vpcs: dict[int, _Vpc] = {}

    def vnis(self) -> AbstractSet[int]:
        """The VPCs there are."""
        return self._vpcs.keys()

    def keep_vpcs(self, vnis: AbstractSet[int]) -> bool:
        """These are the VPCs from now on; returns whether others were before."""
        if vnis == self._vpcs.keys():
            return False
        for vni in self._vpcs.keys() - vnis:
            self.give(vni, None)
            del self._vpcs[vni]
        for vni in vnis - self._vpcs.keys():
            self._vpcs[vni] = _Vpc()
        return True

    def manager(self, vni: int) -> Manager | None:
        """Who is asked about a VPC."""
        vpc = self._vpcs.get(vni)
        return None if vpc is None else vpc.manager

    def at_hand(self) -> set[int]:
        """The VPCs about which somebody can be asked."""
        return {vni for vni, vpc in self._vpcs.items() if vpc.manager is not None}

    def give(self, vni: int, manager: Manager | None) -> None:
        """From now on this one is asked about the VPC, and nothing is asked yet."""
        vpc = self._vpcs[vni]
        if vpc.manager is not None:
            vpc.manager.vnis.discard(vni)
        if manager is not None:
            manager.vnis.add(vni)
        vpc.manager, vpc.waiting, vpc.asked_at = manager, VpcQuestions(), {}

    def is_open(self, question: Question, now: float) -> bool:
        """Whether it was asked a moment ago and is not answered."""
        vpc = self._vpcs.get(question.vni)
        asked = None if vpc is None else vpc.asked_at.get(question)
        return asked is not None and now - asked < _ASK_AGAIN_SECONDS

    def ask(self, questions: Iterable[Question], now: float) -> None:
        """Have these asked, now or when there is somebody to ask."""
        for question in questions:
            vpc = self._vpcs[question.vni]
            vpc.asked_at[question] = now
            if vpc.manager is None:
                continue
            if question.mac is not None:
                vpc.waiting.macs.add(question.mac)
            elif isinstance(question.address, int):
                vpc.waiting.ipv4.add(question.address)
            elif question.address is not None:
                vpc.waiting.ipv6.add(question.address)
            vpc.manager.to_ask.add(question.vni)
            vpc.manager.filled.set()

    def close(self, question: Question) -> None:
        """The question is answered."""
        self._vpcs[question.vni].asked_at.pop(question, None)

    def take(self, manager: Manager, most: int) -> Questions:
        """What a manager is to be asked now, but not more questions than this."""
        questions: Questions = {}
        manager.to_ask &= manager.vnis
        while manager.to_ask and most > 0:
            vni = next(iter(manager.to_ask))
            waiting = self._vpcs[vni].waiting
            questions[vni] = waiting.take(most)
            most -= questions[vni].count()
            if not waiting.count():
                manager.to_ask.discard(vni)
        return questions

    def expire(self, now: float) -> None:
        """Forget questions that nobody has answered in time: they may be asked again."""
        for vpc in self._vpcs.values():
            vpc.asked_at = {what: at for what, at in vpc.asked_at.items() if now - at < _ASK_AGAIN_SECONDS}
