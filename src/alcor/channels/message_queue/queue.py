"""A message queue as the ends of a stream over it see it. All is called on one event loop.

Topics are named within the namespace that the queue was opened with, or with one of their own (``persistent://…``).
"""

import asyncio
from typing import Protocol

FROM_HOSTS = "from-hosts/"
"""What names of topics begin with that hosts write to and controllers read: brokers tell the two directions apart."""

HELLOS = f"{FROM_HOSTS}hellos"
"""What hosts say first, to whichever controller takes it."""

MOST_BYTES = 5 * 1024 * 1024 - 64 * 1024
"""Of a message: what brokers take, unless they are told otherwise, less what the client adds."""


def welcome_topic(session: bytes) -> str:
    """Where a host that does not know where it should listen waits to be told."""
    return f"welcome-{session.hex()}"


class QueueUnavailable(Exception):
    """The queue cannot be used in this way now; the message says why."""


def failed(why: str) -> "asyncio.Future[None]":
    """What a publisher returns for what it cannot send; whoever does not look need not be told."""
    sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    sent.set_exception(QueueUnavailable(why))
    sent.exception()
    return sent


class Consumer(Protocol):
    """Takes messages, each of which has been acknowledged when it is given out."""

    async def next(self) -> bytes:
        """The next message. Raises QueueUnavailable when there will be none any more. May be cancelled."""

    def is_connected(self) -> bool:
        """Whether the queue is there, as far as is known."""

    async def close(self, *, for_good: bool = False) -> None:
        """End; ``for_good`` when nobody will go on, and nothing need be kept."""


class Publisher(Protocol):
    """Sends to a topic, in order, for as long as it takes: while the broker is away, what is sent waits."""

    def send(self, data: bytes, key: str = "") -> "asyncio.Future[None]":
        """Send; what is returned is done when the broker has it, or fails with QueueUnavailable."""

    async def close(self) -> None:
        """End. What waits is given up."""


class Queue(Protocol):
    """A message queue. Opening a consumer raises QueueUnavailable when that cannot be done now."""

    async def take_turns(self, topic: str) -> Consumer:
        """One of those who share what comes on a topic."""

    async def alone(self, topic: str) -> Consumer:
        """The only one who takes what comes on a topic."""

    async def slot(self, topic: str, slot: int) -> Consumer:
        """The only one who takes what comes on a topic with keys of this slot (model.queue_slots).

        What comes while nobody takes it waits.
        """

    async def passing(self, topic: str) -> Consumer:
        """One who takes what is said on a topic while it listens; nothing of it is kept."""

    def publisher(self, topic: str) -> Publisher:
        """Opened when the broker is there."""

    def passing_publisher(self, topic: str) -> Publisher:
        """Of a topic of which nothing is kept."""
