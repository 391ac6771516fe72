"""A consumer is closed whatever happens meanwhile: the client ends the process that lets go of one that is not."""

import asyncio
import contextlib
from typing import Any

import pulsar
from pulsar.asyncio import PulsarException

from alcor.channels.message_queue.pulsar_queue import PulsarConsumer


class Subscribed:
    """Of a client to whom the broker says nothing; ``away`` fails at once what only a broker can do."""

    def __init__(self, *, away: bool) -> None:
        self.is_unsubscribing, self.is_closed = asyncio.Event(), False
        self._away = away

    async def receive(self) -> Any:
        await asyncio.Event().wait()

    async def unsubscribe(self) -> None:
        self.is_unsubscribing.set()
        if self._away:
            raise PulsarException(pulsar.Result.NotConnected)
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.is_closed = True


async def waited_for(subscribed: Subscribed) -> PulsarConsumer:
    """A consumer that somebody has waited at for a message, and no longer does."""
    consumer = PulsarConsumer(subscribed)  # type: ignore[arg-type]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0):
            await consumer.next()
    return consumer


async def test_a_consumer_whose_broker_is_away_is_closed() -> None:
    subscribed = Subscribed(away=True)
    await (await waited_for(subscribed)).close(for_good=True)
    assert subscribed.is_closed


async def test_a_consumer_is_closed_when_nobody_waits_for_that_any_more() -> None:
    subscribed = Subscribed(away=False)
    closing = asyncio.create_task((await waited_for(subscribed)).close(for_good=True))
    await subscribed.is_unsubscribing.wait()
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    assert subscribed.is_closed
