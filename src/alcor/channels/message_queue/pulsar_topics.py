"""Topics on Apache Pulsar. A channels.topics.TopicQueue.

Readers are not durable: the broker keeps nothing for a host that is away, which is told what it missed otherwise. Who
publishes is the one whose exclusive producer the broker let in; the next is let in when that one has gone.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import pulsar
from pulsar.asyncio import Producer, PulsarException, Reader

from alcor.channels.message_queue.pulsar_client import NOT_OPENED, OPEN_SECONDS, PulsarClient
from alcor.channels.topics import TopicUnavailable

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_AWAY_SECONDS = 3.0  # that a reader may be unconnected before it counts as lost
_RETRY_SECONDS = 1.0
_SEND_MILLISECONDS = 10_000
_WAITING_MESSAGES = 1000  # to be sent on a topic; what is beyond is lost, and published again


class PulsarTopics:
    """Everything of it happens on one event loop."""

    def __init__(self, client: PulsarClient) -> None:
        self._client = client

    async def read(self, topic: str) -> "PulsarReader":
        """See TopicQueue."""
        name = self._name(topic)
        opens = self._client.pulsar.create_reader(name, pulsar.MessageId.latest)
        try:
            return PulsarReader(await self._client.opened(opens, OPEN_SECONDS))
        except NOT_OPENED as error:
            raise TopicUnavailable(await self._client.why(error, name)) from error

    def write(self, topic: str, turn: Callable[[], None]) -> "PulsarWriter":
        """See TopicQueue."""
        writer = PulsarWriter(self._client, self._name(topic), turn)
        self._client.start(writer.run())
        return writer

    def _name(self, topic: str) -> str:
        return f"persistent://{self._client.address.namespace}/{topic}"


class PulsarReader:
    """A channels.topics.TopicReader."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._reading: asyncio.Task[pulsar.Message] | None = None
        self._looks_away = 0

    async def next(self) -> bytes:
        """See TopicReader."""
        while True:
            if self._reading is None:
                self._reading = asyncio.ensure_future(self._reader.read_next())
            done, _ = await asyncio.wait((self._reading,), timeout=_LOOK_SECONDS)
            if done:
                reading, self._reading = self._reading, None
                self._looks_away = 0
                try:
                    data: bytes = reading.result().data()
                except PulsarException as error:
                    raise TopicUnavailable(str(error)) from error
                return data
            self._looks_away = 0 if self._reader.is_connected() else self._looks_away + 1
            if self._looks_away * _LOOK_SECONDS >= _AWAY_SECONDS:
                raise TopicUnavailable("the broker is away")

    async def close(self) -> None:
        """See TopicReader."""
        if self._reading is not None:
            self._reading.cancel()
        try:
            await self._reader.close()
        except PulsarException as error:
            raise TopicUnavailable(str(error)) from error


class PulsarWriter:
    """A channels.topics.TopicWriter."""

    def __init__(self, client: PulsarClient, topic: str, turn: Callable[[], None]) -> None:
        self._client, self._topic, self._turn = client, topic, turn
        self._producer: Producer | None = None
        self._failed = asyncio.Event()
        self._sending: set[asyncio.Future[None]] = set()
        self._task: asyncio.Task[None] | None = None

    def send(self, data: bytes, lost: Callable[[], None]) -> None:
        """See TopicWriter."""
        if self._producer is None:
            lost()
            return
        sending = asyncio.ensure_future(self._send(self._producer, data, lost))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    def close(self) -> None:
        """See TopicWriter."""
        if self._task is not None:
            self._task.cancel()

    async def _send(self, producer: Producer, data: bytes, lost: Callable[[], None]) -> None:
        try:
            await producer.send(data)
        except PulsarException as error:
            log.debug("nothing was published on %s: %s", self._topic, error)
            if producer is self._producer and error.error() != pulsar.Result.Timeout:
                self._failed.set()
            lost()

    async def run(self) -> None:
        """Wait for the turn, and have it for as long as it lasts, again and again."""
        self._task = asyncio.current_task()
        while True:
            try:
                self._producer = await self._client.producer(
                    self._topic,
                    send_timeout_millis=_SEND_MILLISECONDS,
                    max_pending_messages=_WAITING_MESSAGES,
                    access_mode=pulsar.ProducerAccessMode.WaitForExclusive,
                )
            except NOT_OPENED as error:
                why = await self._client.why(error, self._topic)
                log.debug("it cannot be published on %s: %s", self._topic, why)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            try:
                self._turn()
                await self._failed.wait()
                self._failed.clear()
            finally:
                producer, self._producer = self._producer, None
                with contextlib.suppress(PulsarException):
                    await producer.close()
            await asyncio.sleep(_RETRY_SECONDS)
