"""Saying now and then what the host has, in few bytes, so that its controller can find out that something is amiss."""

import asyncio
import logging

from alcor.agent.pace import paced
from alcor.agent.reports import Reports
from alcor.agent.wanted import Wanted
from alcor.channels.messages import GoalStateDigest
from alcor.model.digest import Digest, digest_in_steps
from alcor.model.goal_state import GoalState

log = logging.getLogger(__name__)

_FIRST = 0.1  # of the interval


async def say_digests(wanted: Wanted, reports: Reports, interval: float) -> None:
    """Go on for ever, about every so many seconds, and soon at first."""
    async for _ in paced(interval, _FIRST * interval):
        await say_digest(wanted, reports)


async def say_digest(wanted: Wanted, reports: Reports) -> None:
    """Say what the host has now."""
    if wanted.complete:
        revision, log_id = wanted.state.revision, wanted.log_id
        reports.digest(log_id, GoalStateDigest(revision, await _digest(wanted.state)))


async def _digest(state: GoalState) -> Digest:
    """Without holding up the event loop: a host of a large VPC may have a million neighbours."""
    steps = digest_in_steps(state)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            digest: Digest = end.value
            return digest
        await asyncio.sleep(0)
