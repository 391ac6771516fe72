"""When to do what is done again and again, so that hosts do not do it in step."""

import asyncio
import random
from collections.abc import AsyncIterator

_SPREAD = 0.25


async def paced(seconds: float, first: float) -> AsyncIterator[None]:
    """Comes about every so many seconds, for ever, and at a random time within ``first`` seconds at first."""
    await asyncio.sleep(random.uniform(0, first))
    while True:
        yield
        await asyncio.sleep(random.uniform(1 - _SPREAD, 1 + _SPREAD) * seconds)
