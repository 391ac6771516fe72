"""What topics promise, on a real broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from alcor.channels.message_queue.address import QueueAddress
from alcor.channels.message_queue.pulsar_client import PulsarClient
from alcor.channels.message_queue.pulsar_topics import PulsarTopics, PulsarWriter
from alcor.model.subjects import vpc_topic
from tests.brokers import Broker

TOPIC = vpc_topic(b"v" * 16)
_SECONDS = 60

pytestmark = pytest.mark.timeout(300)  # the first of them starts the broker


@asynccontextmanager
async def opened(broker: Broker, namespace: str) -> AsyncIterator[PulsarTopics]:
    client = PulsarClient(QueueAddress(broker.url, namespace))
    try:
        async with asyncio.timeout(_SECONDS):
            yield PulsarTopics(client)
    finally:
        await client.close()


async def writer_with_turn(topics: PulsarTopics) -> PulsarWriter:
    turn = asyncio.Event()
    writer = topics.write(TOPIC, turn.set)
    await turn.wait()
    return writer


def never_lost() -> None:
    raise AssertionError("it was lost")


async def test_what_is_published_after_it_was_opened_reaches_every_reader_in_order(
    broker: Broker, namespace: str
) -> None:
    async with opened(broker, namespace) as topics, opened(broker, namespace) as others:
        writer = await writer_with_turn(topics)
        writer.send(b"before", never_lost)
        await asyncio.gather(*writer._sending)
        readers = [await topics.read(TOPIC), await others.read(TOPIC)]
        for number in range(100):
            writer.send(b"%d" % number, never_lost)
        for reader in readers:
            assert [await reader.next() for _ in range(100)] == [b"%d" % number for number in range(100)]


async def test_one_publishes_and_the_next_does_when_that_goes(broker: Broker, namespace: str) -> None:
    async with opened(broker, namespace) as topics, opened(broker, namespace) as others:
        first, second_turn = await writer_with_turn(topics), asyncio.Event()
        second = others.write(TOPIC, second_turn.set)
        await asyncio.sleep(0.5)
        assert not second_turn.is_set()
        lost: list[bool] = []
        second.send(b"not its turn", lambda: lost.append(True))
        assert lost
        first.close()
        await second_turn.wait()
        reader = await topics.read(TOPIC)
        second.send(b"its turn", never_lost)
        assert await reader.next() == b"its turn"
