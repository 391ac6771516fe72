"""What a controller says to hosts over a message queue: on which topics, and how much of it is on its way."""

import asyncio
from collections import Counter
from collections.abc import Collection

from alcor.channels.message_queue.envelopes import Place
from alcor.channels.message_queue.queue import Publisher, Queue


class Outgoing:
    """A publisher for each topic that hosts listen to."""

    def __init__(self, queue: Queue, most_bytes: int) -> None:
        """There is room while no more than ``most_bytes`` are on their way."""
        self._queue, self._most_bytes = queue, most_bytes
        self._publishers: dict[str, Publisher] = {}
        self._on_their_way: Counter[str] = Counter()  # messages handed to the queue and not yet there, by topic
        self._bytes = 0  # of these
        self._room, self._nothing = asyncio.Event(), asyncio.Event()
        self._show()

    def send(self, place: Place, data: bytes) -> None:
        """Send, whether or not there is room."""
        publisher = self._publishers.get(place.topic)
        if publisher is None:
            publisher = self._publishers[place.topic] = self._queue.publisher(place.topic)
        self._count(place.topic, 1, len(data))
        sent = publisher.send(data, place.key)
        sent.add_done_callback(lambda _: self._count(place.topic, -1, -len(data)))

    async def room(self) -> None:
        """Wait for it."""
        await self._room.wait()

    async def all_there(self) -> None:
        """Wait until nothing is on its way."""
        await self._nothing.wait()

    async def keep(self, topics: Collection[str]) -> None:
        """Close the publishers of other topics that have sent all: the last on its way is often how a session ended."""
        for topic in self._publishers.keys() - topics - self._on_their_way.keys():
            await self._publishers.pop(topic).close()

    async def close(self) -> None:
        """Close all publishers; what still waits is given up."""
        while self._publishers:
            await self._publishers.popitem()[1].close()

    def _count(self, topic: str, messages: int, octets: int) -> None:
        self._on_their_way[topic] += messages
        if not self._on_their_way[topic]:
            del self._on_their_way[topic]
        self._bytes += octets
        self._show()

    def _show(self) -> None:
        for event, holds in ((self._room, self._bytes <= self._most_bytes), (self._nothing, not self._bytes)):
            if holds:
                event.set()
            else:
                event.clear()
