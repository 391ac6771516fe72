"""Passing bytes on between two streams, in both directions, until either ends."""

import asyncio
import contextlib
import time
from collections.abc import Callable

from alcor.model.token_bucket import TokenBucket

_CHUNK = 64 * 1024
_IDLE_SECONDS = 60.0  # gRPC says something every few seconds, or its connection is dead

_LAST_SECONDS = 5.0  # that what was passed on last has to be taken

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Pace:
    """How many octets a second may pass, all streams of one source together."""

    def __init__(self, octets_per_second: float) -> None:
        self._rate = octets_per_second
        self._bucket = TokenBucket(octets_per_second, octets_per_second, time.monotonic())

    def spend(self, octets: int) -> float:
        """So many pass; returns how many seconds to wait before more do."""
        now = time.monotonic()
        self._bucket.spend(now, octets)
        return max(0.0, -self._bucket.available(now) / self._rate)


async def splice(one: Stream, other: Stream, passed: Callable[[int], None], pace: Pace | None = None) -> None:
    """Pass on until either stream ends, fails or is silent for a minute; both are closed then.

    ``passed`` is told how many octets went on. A side that does not read stops the other from being read.
    """
    tasks = [
        asyncio.create_task(_pass_on(one[0], other[1], passed, pace)),
        asyncio.create_task(_pass_on(other[0], one[1], passed, pace)),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, writer in (one, other):
            close(writer)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passed: Callable[[int], None], pace: Pace | None
) -> None:
    with contextlib.suppress(OSError, TimeoutError):
        while True:
            async with asyncio.timeout(_IDLE_SECONDS):
                data = await reader.read(_CHUNK)
            if not data:
                return
            writer.write(data)
            passed(len(data))
            async with asyncio.timeout(_IDLE_SECONDS):
                await writer.drain()
            if pace is not None and (wait := pace.spend(len(data))):
                await asyncio.sleep(wait)


def close(writer: asyncio.StreamWriter) -> None:
    """End a stream; one whose other side does not take what is left, a moment later."""
    writer.close()
    asyncio.get_running_loop().call_later(_LAST_SECONDS, writer.transport.abort)
