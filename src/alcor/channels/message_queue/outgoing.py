"""What a controller says to hosts over a message queue: on which topics, and how much of it is on its way."""

import asyncio
from collections.abc import Collection

from alcor.channels.message_queue.envelopes import Place
from alcor.channels.message_queue.queue import Publisher, Queue


class Outgoing:
    """A publisher for each topic that hosts listen to."""

    def __init__(self, queue: Queue, most_bytes: int) -> None:
        """There is room while no more than ``most_bytes`` are on their way."""
        self._queue, self._most_bytes = queue, most_bytes
        self._publishers: dict[str, Publisher] = {}
        self._bytes = 0  # handed to the queue and not yet there
        self._room, self._nothing = asyncio.Event(), asyncio.Event()
        self._count(0)

    def send(self, place: Place, data: bytes) -> None:
        """Send, whether or not there is room."""
        publisher = self._publishers.get(place.topic)
        if publisher is None:
            publisher = self._publishers[place.topic] = self._queue.publisher(place.topic)
        self._count(len(data))
        publisher.send(data, place.key).add_done_callback(lambda _: self._count(-len(data)))

    async def room(self) -> None:
        """Wait for it."""
        await self._room.wait()

    async def all_there(self) -> None:
        """Wait until nothing is on its way."""
        await self._nothing.wait()

    async def keep(self, topics: Collection[str]) -> None:
        """Close the publishers of other topics; what still waits there is given up."""
        for topic in self._publishers.keys() - topics:
            await self._publishers.pop(topic).close()

    def _count(self, more: int) -> None:
        self._bytes += more
        for event, holds in ((self._room, self._bytes <= self._most_bytes), (self._nothing, not self._bytes)):
            if holds:
                event.set()
            else:
                event.clear()
