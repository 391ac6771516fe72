"""Names of other hosts' ports are asked once, of whoever is at hand, and remembered for moments."""

import asyncio

import pytest

from alcor.agent.counters import Counters
from alcor.agent.dns.answering import NotAtHand
from alcor.agent.dns.directory import NameDirectory
from alcor.channels.ncm_interface import NotAnswered
from alcor.channels.ncm_messages import NameAnswer, NameQuestion

ADDRESS = bytes(4)


class Managers:
    def __init__(self) -> None:
        self.dead: set[str] = set()
        self.known: dict[str | bytes, NameAnswer] = {"web": NameAnswer((ADDRESS,)), ADDRESS: NameAnswer(name="web")}
        self.asked: list[str] = []
        self.is_final = False
        self.now = 100.0
        self.directory = NameDirectory("host-1", lambda vni: ["a", "b", "c", "d"], self, Counters(), lambda: self.now)

    async def resolve(self, address: str, question: NameQuestion, timeout: float) -> NameAnswer:
        self.asked.append(address)
        await asyncio.sleep(0)
        if address in self.dead:
            raise NotAnswered("dead", self.is_final)
        return self.known.get(question.about, NameAnswer())


@pytest.fixture
def managers() -> Managers:
    return Managers()


async def test_the_first_is_asked_and_the_next_when_it_is_away(managers: Managers) -> None:
    assert await managers.directory.addresses(7, "web") == (ADDRESS,)
    managers.dead = {"a", "b"}
    assert await managers.directory.name(7, ADDRESS) == "web"
    assert managers.asked == ["a", "a", "b", "c"]


async def test_when_few_answer_nobody_waits_for_all(managers: Managers) -> None:
    managers.dead = {"a", "b", "c"}
    with pytest.raises(NotAtHand):
        await managers.directory.addresses(7, "web")
    managers.is_final = True
    with pytest.raises(NotAtHand):
        await managers.directory.addresses(7, "web")
    assert managers.asked == ["a", "b", "c", "a"]


async def test_an_answer_holds_for_moments_and_an_absence_for_fewer(managers: Managers) -> None:
    for seconds, asked in ((0, 2), (4.9, 2), (5.1, 3), (10.1, 5)):
        managers.now = 100.0 + seconds
        assert await managers.directory.addresses(7, "web") == (ADDRESS,)
        assert await managers.directory.addresses(7, "absent") is None
        assert len(managers.asked) == asked


async def test_what_many_ask_at_once_is_asked_once(managers: Managers) -> None:
    assert await asyncio.gather(*(managers.directory.addresses(7, "web") for _ in range(9))) == [(ADDRESS,)] * 9
    assert managers.asked == ["a"]
    await managers.directory.addresses(8, "web")
    assert len(managers.asked) == 2


async def test_who_asks_no_longer_takes_the_answer_from_nobody(managers: Managers) -> None:
    first = asyncio.create_task(managers.directory.addresses(7, "web"))
    second = asyncio.create_task(managers.directory.addresses(7, "web"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == (ADDRESS,)


async def test_little_is_remembered(managers: Managers) -> None:
    for number in range(10_050):
        await managers.directory.addresses(7, f"absent-{number}")
    assert len(managers.directory._known) == 10_000
