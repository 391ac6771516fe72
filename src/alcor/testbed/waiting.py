"""Waiting for a condition, not for a time."""

import asyncio
import time
from collections.abc import Callable

from alcor.testbed.errors import TestbedError

_POLL_SECONDS = 0.005


def wait_until(
    condition: Callable[[], bool], what: str, timeout: float = 30, *, poll_seconds: float = _POLL_SECONDS
) -> None:
    """Return when the condition holds. Raises TestbedError saying what was waited for when the timeout (s) is over.

    ``poll_seconds`` are for conditions that are costly to look at.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TestbedError(f"waited {timeout:g} s for {what}")
        time.sleep(poll_seconds)


async def until(condition: Callable[[], bool], what: str, timeout: float = 30) -> None:
    """wait_until for coroutines."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TestbedError(f"waited {timeout:g} s for {what}")
        await asyncio.sleep(_POLL_SECONDS)
