"""Saying in few bytes what the host has, so that its controller can find out whether that is what it should have.

It is said with every hello, so that a host that was away gets nothing it has, and now and then, in case something is
amiss.
"""

import asyncio
from collections.abc import Mapping

from alcor.agent.pace import paced
from alcor.agent.reports import Reports
from alcor.agent.wanted import Wanted
from alcor.channels.messages import GoalStateDigest
from alcor.model.digest import digest_in_steps
from alcor.model.goal_state import Feed, Subject

_FIRST = 0.1  # of the interval


class StateDigests:
    """The digest of the wanted state, made without holding up the event loop: there may be a million neighbours."""

    def __init__(self, wanted: Wanted, reports: Reports) -> None:
        self._wanted, self._reports = wanted, reports
        self._latest: GoalStateDigest | None = None

    def known(self, revision: int, feeds: Mapping[Subject, Feed]) -> GoalStateDigest | None:
        """The digest of the wanted state if that is of this revision and these (see Hello), and it is at hand."""
        latest, state = self._latest, self._wanted.state
        if latest is None or not self._wanted.complete:
            return None
        is_same = latest.revision == state.revision == revision
        is_same = is_same and latest.feeds == state.feeds == feeds
        return latest if is_same else None

    async def refresh(self) -> None:
        """Have the digest at hand, of the state as it is now."""
        state = self._wanted.state
        if self._wanted.complete and self.known(state.revision, state.feeds) is None:
            await self._make()

    async def say(self) -> None:
        """Say what the host has, looked at anew."""
        if self._wanted.complete:
            log_id = self._wanted.log_id
            self._reports.digest(log_id, await self._make())

    async def keep_saying(self, interval: float) -> None:
        """Say it for ever, about every so many seconds, and soon at first."""
        async for _ in paced(interval, _FIRST * interval):
            await self.say()

    async def _make(self) -> GoalStateDigest:
        state = self._wanted.state
        revision, feeds, steps = state.revision, dict(state.feeds), digest_in_steps(state)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                self._latest = GoalStateDigest(revision, end.value, feeds=feeds)
                return self._latest
            await asyncio.sleep(0)
