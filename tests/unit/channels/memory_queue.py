"""A message queue in memory, which can be told to repeat messages, to lose them, to be away, and to take none yet."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

from alcor.channels.message_queue.queue import Publisher, QueueUnavailable
from alcor.model.queue_slots import slot_of

Meddle = Callable[[str, bytes], list[bytes]]
"""What becomes of a message of a topic."""


class MemoryQueue:
    """A channels.message_queue.queue.Queue."""

    def __init__(self) -> None:
        self.meddle: Meddle = lambda _topic, data: [data]
        self.there = asyncio.Event()
        self.there.set()
        self._waiting: dict[tuple[str, int | None], asyncio.Queue[bytes | None]] = defaultdict(asyncio.Queue)
        self._slots: set[tuple[str, int]] = set()  # that somebody takes
        self._held: list[MemoryPublisher] | None = None  # those whose messages wait; None when none have to

    def hold(self) -> None:
        """What is sent from now on waits at whoever sends it."""
        self._held = []

    def held(self) -> int:
        """How many messages wait so."""
        return len(self._held or ())

    def release(self) -> None:
        """Take what waits, and what is sent from now on."""
        held, self._held = self._held or [], None
        for publisher in held:
            publisher.go_on()

    def waiting(self, topic: str, slot: int | None = None) -> int:
        """How many messages nobody has taken yet."""
        return self._waiting[topic, slot].qsize()

    def put(self, topic: str, data: bytes, key: str = "") -> None:
        """A message comes."""
        slot = slot_of(key) if key else None
        for each in self.meddle(topic, data):
            self._waiting[topic, slot].put_nowait(each)

    async def take_turns(self, topic: str) -> "MemoryConsumer":
        return MemoryConsumer(self, topic, None)

    async def alone(self, topic: str) -> "MemoryConsumer":
        return MemoryConsumer(self, topic, None)

    async def passing(self, topic: str) -> "MemoryConsumer":
        return MemoryConsumer(self, topic, None)

    async def slot(self, topic: str, slot: int) -> "MemoryConsumer":
        if (topic, slot) in self._slots:
            raise QueueUnavailable("another consumer has this slot")
        self._slots.add((topic, slot))
        return MemoryConsumer(self, topic, slot)

    def publisher(self, topic: str) -> Publisher:
        return MemoryPublisher(self, topic)

    def passing_publisher(self, topic: str) -> Publisher:
        return MemoryPublisher(self, topic)


class MemoryConsumer:
    """A Consumer."""

    def __init__(self, queue: MemoryQueue, topic: str, slot: int | None) -> None:
        self._queue, self._topic, self._slot = queue, topic, slot

    async def next(self) -> bytes:
        await self._queue.there.wait()
        data = await self._queue._waiting[self._topic, self._slot].get()
        if data is None:
            raise QueueUnavailable("it was lost")
        return data

    def is_connected(self) -> bool:
        return self._queue.there.is_set()

    async def close(self, *, for_good: bool = False) -> None:
        if self._slot is not None:
            self._queue._slots.discard((self._topic, self._slot))
        if for_good:
            self._queue._waiting.pop((self._topic, self._slot), None)


class MemoryPublisher:
    """A Publisher."""

    def __init__(self, queue: MemoryQueue, topic: str) -> None:
        self._queue, self._topic = queue, topic
        self._waiting: list[tuple[bytes, str, asyncio.Future[None]]] = []

    def send(self, data: bytes, key: str = "") -> "asyncio.Future[None]":
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((data, key, sent))
        if self._queue._held is None:
            self.go_on()
        else:
            self._queue._held.append(self)
        return sent

    def go_on(self) -> None:
        """Send what waits."""
        waiting, self._waiting = self._waiting, []
        for data, key, sent in waiting:
            self._queue.put(self._topic, data, key)
            if not sent.done():
                sent.set_result(None)

    async def close(self) -> None:
        """See Publisher."""
        for _, _, sent in self._waiting:
            sent.cancel()
        self._waiting.clear()
