"""The names of ports on other hosts, asked of the Network Config Managers and remembered for moments."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from alcor.agent.counters import Counters
from alcor.agent.dns.answering import NotAtHand
from alcor.channels.ncm_interface import NotAnswered
from alcor.channels.ncm_messages import NameAnswer, NameQuestion

_SECONDS, _NEGATIVE_SECONDS = 10.0, 5.0
_MOST_KNOWN = 10_000
_TRIES = 3
_TRY_SECONDS = 2.0

_Key = tuple[int, str | bytes]


class Client(Protocol):
    """Asks one manager."""

    async def resolve(self, address: str, question: NameQuestion, timeout: float) -> NameAnswer:
        """Raises NotAnswered."""


class NameDirectory:
    """A Directory. What several workloads ask at once is asked once."""

    def __init__(
        self,
        host_id: str,
        managers: Callable[[int], Sequence[str]],
        client: Client,
        counters: Counters,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``managers`` names those to ask about a VPC, the best first."""
        self._host_id, self._managers, self._client = host_id, managers, client
        self._counters, self._clock = counters, clock
        self._known: dict[_Key, tuple[float, NameAnswer]] = {}  # until when, and what; the oldest first
        self._open: dict[_Key, asyncio.Task[NameAnswer]] = {}

    async def addresses(self, vni: int, name: str) -> tuple[bytes, ...] | None:
        """See Directory."""
        return (await self._answer((vni, name))).addresses or None

    async def name(self, vni: int, address: bytes) -> str | None:
        """See Directory."""
        return (await self._answer((vni, address))).name or None

    async def _answer(self, key: _Key) -> NameAnswer:
        until, answer = self._known.get(key, (0.0, NameAnswer()))
        if self._clock() < until:
            return answer
        task = self._open.get(key)
        if task is None:
            task = self._open[key] = asyncio.create_task(self._ask(key))
            task.add_done_callback(lambda _: self._open.pop(key, None))
        return await asyncio.shield(task)

    async def _ask(self, key: _Key) -> NameAnswer:
        vni, about = key
        question = NameQuestion(self._host_id, vni, about)
        for manager in self._managers(vni)[:_TRIES]:
            try:
                answer = await self._client.resolve(manager, question, _TRY_SECONDS)
            except NotAnswered as error:
                self._counters.add("names_not_answered")
                if error.is_final:
                    break
            else:
                self._counters.add("names_asked")
                self._remember(key, answer)
                return answer
        raise NotAtHand(f"nobody says who is {about!r} in VNI {vni}")

    def _remember(self, key: _Key, answer: NameAnswer) -> None:
        seconds = _NEGATIVE_SECONDS if answer == NameAnswer() else _SECONDS
        self._known.pop(key, None)
        self._known[key] = self._clock() + seconds, answer
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
