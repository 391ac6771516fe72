"""Doing something with many, a few at a time."""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import TypeVar

_STEP_SECONDS = 0.05

_Item = TypeVar("_Item")


async def gradually(items: Sequence[_Item], seconds: float, do: Callable[[_Item], None]) -> None:
    """Do something with each item, evenly over so many seconds."""
    steps = min(len(items), max(1, math.ceil(seconds / _STEP_SECONDS)))
    for step in range(steps):
        for item in items[step::steps]:
            do(item)
        await asyncio.sleep(seconds / steps)
