"""Requests by several clients at once, each sending the next when it has its answer, or at a given rate."""

import asyncio
import time
from array import array
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Load(msgspec.Struct):
    """What the clients went through. Latencies are in seconds.

    At a given rate a latency counts from when the request was due, so that a controller that stalls does not hide how
    long those would have waited that were not sent meanwhile.
    """

    seconds: float
    latencies: array  # type: ignore[type-arg]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


async def drive(items: Iterable[T], request: Callable[[T], Awaitable[object]], clients: int, rate: float = 0.0) -> Load:
    """Carry out ``request`` for each item. ``rate`` is requests a second, at most; 0 for no limit.

    What a request raises ends it all.
    """
    waiting = iter(items)
    latencies = array("d")
    started = time.perf_counter()
    sent = 0

    async def client() -> None:
        nonlocal sent
        for item in waiting:
            due = started + sent / rate if rate else time.perf_counter()
            sent += 1
            if (pause := due - time.perf_counter()) > 0:
                await asyncio.sleep(pause)
            await request(item)
            latencies.append(time.perf_counter() - due)

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(clients):
                tasks.create_task(client())
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from group
    return Load(time.perf_counter() - started, latencies)
