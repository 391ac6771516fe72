"""The client of Apache Pulsar that all of a process share, whatever they say over the message queue.

It has threads of its own, which come back to the event loop with what they did.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

import pulsar
from pulsar.asyncio import Client, PulsarException

from alcor.channels.message_queue.address import QueueAddress

OPEN_SECONDS = 10
"""That the broker has for each step of opening something."""


class _Closable(Protocol):
    async def close(self) -> None: ...


_Opened = TypeVar("_Opened", bound=_Closable)


class PulsarClient:
    """Connects when it is first used, and again whenever the broker was away."""

    def __init__(self, address: QueueAddress) -> None:
        logger = pulsar.ConsoleLogger(pulsar.LoggerLevel.Error)
        self.pulsar = Client(address.service, logger=logger, operation_timeout_seconds=OPEN_SECONDS)
        self.namespace = address.namespace
        self._tasks: set[asyncio.Task[None]] = set()

    async def opened(self, opens: Coroutine[Any, Any, _Opened], seconds: float) -> _Opened:
        """What this opens. Raises TimeoutError or PulsarException; what is opened too late is closed."""
        opening = asyncio.ensure_future(opens)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(opening)
        except (TimeoutError, asyncio.CancelledError):
            self.start(_close_when_open(opening))
            raise

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Go on with this until it ends, or the client is closed."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Close all that was opened."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(PulsarException):
            await self.pulsar.close()


async def _close_when_open(opening: asyncio.Future[_Opened]) -> None:
    with contextlib.suppress(PulsarException):
        await (await opening).close()
