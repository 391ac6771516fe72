"""What is handed to a publisher goes out in order, also when the client's producer has to be opened anew."""

import asyncio
from typing import Any

import pytest
from pulsar import Result
from pulsar.asyncio import PulsarException

from alcor.channels.message_queue import pulsar_queue
from alcor.channels.message_queue.pulsar_queue import PulsarPublisher
from alcor.channels.message_queue.queue import QueueUnavailable


class Producer:
    """Takes so many messages before it is of no more use."""

    def __init__(self, sent: list[bytes], most: int) -> None:
        self._sent, self._most = sent, most

    async def send(self, data: bytes, partition_key: str | None = None) -> None:
        if not self._most:
            raise PulsarException(Result.AlreadyClosed)
        self._most -= 1
        self._sent.append(data)

    async def close(self) -> None: ...


class Client:
    """Cannot open a producer at first, then one that fails soon, then one that does not."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self._producers: list[Producer | None] = [None, Producer(self.sent, 2), Producer(self.sent, 1000)]

    async def why(self, error: Exception, _topic: str) -> str:
        return str(error)

    async def producer(self, _topic: str, **_options: Any) -> Producer:
        producer = self._producers.pop(0)
        if producer is None:
            raise PulsarException(Result.Timeout)
        return producer


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulsar_queue, "_RETRY_SECONDS", 0.01)


async def test_a_producer_that_fails_is_opened_anew_and_what_it_lost_is_said() -> None:
    client = Client()
    publisher = PulsarPublisher(client, "t")  # type: ignore[arg-type]
    running = asyncio.create_task(publisher.run())
    outcomes = [publisher.send(data) for data in (b"1", b"2", b"3")]
    async with asyncio.timeout(30):
        await asyncio.wait(outcomes)
        await publisher.send(b"4")
    assert client.sent == [b"1", b"2", b"4"]
    assert [outcome.exception() is None for outcome in outcomes] == [True, True, False]
    await publisher.close()
    assert running.done()


async def test_what_waits_is_given_up_when_it_is_closed() -> None:
    publisher = PulsarPublisher(Client(), "t")  # type: ignore[arg-type]
    waiting = publisher.send(b"1")
    await publisher.close()
    for outcome in (waiting, publisher.send(b"2")):
        with pytest.raises(QueueUnavailable):
            await outcome
