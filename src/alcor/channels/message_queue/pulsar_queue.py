"""A message queue on Apache Pulsar. A channels.message_queue.queue.Queue."""

import asyncio
import contextlib
import logging
from collections import deque
from typing import Any
from urllib.parse import quote

import pulsar
from pulsar.asyncio import Consumer as Subscribed
from pulsar.asyncio import Producer, PulsarException

from alcor.channels.message_queue.pulsar_client import NOT_OPENED, OPEN_SECONDS, PulsarClient
from alcor.channels.message_queue.queue import FROM_HOSTS, QueueUnavailable, failed

log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0
_AHEAD = 100  # messages that the broker has sent to a consumer that has not taken them
_UNCONFIRMED = 500  # messages handed to the client, of a publisher; the client takes 1,000
_CONTROLLERS, _HOSTS, _PASSING = "controllers", "hosts", "passing"


class PulsarQueue:
    """Topics of the client's namespace."""

    def __init__(self, client: PulsarClient) -> None:
        self._client = client

    async def take_turns(self, topic: str) -> "PulsarConsumer":
        """See Queue."""
        return await self._subscribe(self._name(topic), _CONTROLLERS, consumer_type=pulsar.ConsumerType.Shared)

    async def alone(self, topic: str) -> "PulsarConsumer":
        """See Queue."""
        return await self._subscribe(self._name(topic), _CONTROLLERS, consumer_type=pulsar.ConsumerType.Exclusive)

    async def slot(self, topic: str, slot: int) -> "PulsarConsumer":
        """See Queue."""
        policy = pulsar.ConsumerKeySharedPolicy(
            key_shared_mode=pulsar.KeySharedMode.Sticky, sticky_ranges=[(slot, slot)]
        )
        shared = pulsar.ConsumerType.KeyShared
        return await self._subscribe(self._name(topic), _HOSTS, consumer_type=shared, key_shared_policy=policy)

    async def passing(self, topic: str) -> "PulsarConsumer":
        """See Queue."""
        return await self._subscribe(self._name(topic, "non-persistent"), _PASSING)

    def publisher(self, topic: str) -> "PulsarPublisher":
        """See Queue."""
        return self._publisher(self._name(topic))

    def passing_publisher(self, topic: str) -> "PulsarPublisher":
        """See Queue."""
        return self._publisher(self._name(topic, "non-persistent"))

    def _name(self, topic: str, domain: str = "persistent") -> str:
        if "://" in topic:
            return topic
        address = self._client.address
        name = topic.removeprefix(FROM_HOSTS)
        namespace = address.namespace if name == topic else address.from_hosts
        return f"{domain}://{namespace}/{quote(name, safe='~')}"

    async def _subscribe(self, topic: str, subscription: str, **options: Any) -> "PulsarConsumer":
        opens = self._client.pulsar.subscribe(topic, subscription, receiver_queue_size=_AHEAD, **options)
        try:
            return PulsarConsumer(await self._client.opened(opens, 2 * OPEN_SECONDS))
        except NOT_OPENED as error:
            raise QueueUnavailable(await self._client.why(error, topic)) from error

    def _publisher(self, topic: str) -> "PulsarPublisher":
        publisher = PulsarPublisher(self._client, topic)
        self._client.start(publisher.run())
        return publisher


class PulsarConsumer:
    """A Consumer."""

    def __init__(self, consumer: Subscribed) -> None:
        self._consumer = consumer
        self._receiving: asyncio.Task[pulsar.Message] | None = None
        self._acknowledging: set[asyncio.Task[None]] = set()

    async def next(self) -> bytes:
        """See Consumer."""
        if self._receiving is None:
            self._receiving = asyncio.ensure_future(self._consumer.receive())
        try:
            message = await asyncio.shield(self._receiving)  # what comes when this is cancelled is the next one's
        except PulsarException as error:
            raise QueueUnavailable(f"nothing more comes: {error}") from error
        self._receiving = None
        acknowledging = asyncio.create_task(self._acknowledge(message))
        self._acknowledging.add(acknowledging)
        acknowledging.add_done_callback(self._acknowledging.discard)
        data: bytes = message.data()
        return data

    def is_connected(self) -> bool:
        """See Consumer."""
        connected: bool = self._consumer._consumer.is_connected()  # the client for asyncio does not pass it on
        return connected

    async def _acknowledge(self, message: pulsar.Message) -> None:
        with contextlib.suppress(PulsarException):  # it comes again, and is known by its number
            await self._consumer.acknowledge(message)

    async def close(self, *, for_good: bool = False) -> None:
        """See Consumer.

        It is closed whatever comes in between: the client ends the process when a consumer is let go of that is not,
        while a message is waited for.
        """
        try:
            if for_good:
                with contextlib.suppress(PulsarException):  # the broker is away, and forgets by itself
                    await self._consumer.unsubscribe()
        finally:
            with contextlib.suppress(PulsarException):
                await self._consumer.close()
            if self._receiving is not None:
                self._receiving.cancel()


class PulsarPublisher:
    """A Publisher."""

    def __init__(self, client: PulsarClient, topic: str) -> None:
        self._client, self._topic = client, topic
        self._waiting: deque[tuple[bytes, str, asyncio.Future[None]]] = deque()
        self._filled, self._failed = asyncio.Event(), asyncio.Event()
        self._unconfirmed = asyncio.Semaphore(_UNCONFIRMED)
        self._sending: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._trouble = ""

    def send(self, data: bytes, key: str = "") -> "asyncio.Future[None]":
        """See Publisher."""
        if self._closed:
            return failed("it was closed")
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((data, key, sent))
        self._filled.set()
        return sent

    async def close(self) -> None:
        """See Publisher."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        while self._waiting:
            _fail(self._waiting.popleft()[2], "it was closed")

    async def run(self) -> None:
        """Send what is to be sent, until it is closed."""
        self._task = asyncio.current_task()
        while True:
            producer = await self._open()
            self._failed.clear()
            try:
                await self._send_all(producer)
            finally:
                for task in self._sending:
                    task.cancel()
                with contextlib.suppress(PulsarException):
                    await producer.close()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _send_all(self, producer: Producer) -> None:
        """Until the producer sends no more: what it was given then is lost, which whoever gave it hears."""
        while not self._failed.is_set():
            await self._filled.wait()
            while self._waiting and not self._failed.is_set():
                await self._unconfirmed.acquire()
                # Tasks begin in the order in which they are made, so messages keep theirs.
                task = asyncio.create_task(self._send(producer, *self._waiting.popleft()))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
            if not self._waiting:
                self._filled.clear()

    async def _open(self) -> Producer:
        while True:
            try:
                return await self._client.producer(self._topic, send_timeout_millis=0)
            except NOT_OPENED as error:
                why = await self._client.why(error, self._topic)
                log.log(logging.DEBUG if why == self._trouble else logging.WARNING, "nothing can be sent: %s", why)
                self._trouble = why
                await asyncio.sleep(_RETRY_SECONDS)

    async def _send(self, producer: Producer, data: bytes, key: str, sent: "asyncio.Future[None]") -> None:
        try:
            await producer.send(data, partition_key=key or None)
            if not sent.done():
                sent.set_result(None)
        except PulsarException as error:
            _fail(sent, str(error))
            self._failed.set()
            self._filled.set()
        except asyncio.CancelledError:
            _fail(sent, "it was closed")
            raise
        finally:
            self._unconfirmed.release()


def _fail(sent: "asyncio.Future[None]", why: str) -> None:
    if not sent.done():
        sent.set_exception(QueueUnavailable(why))
        sent.exception()  # whoever does not look need not be told
