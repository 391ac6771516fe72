"""Packets that wait for an answer: few for each port, few in all, and not for long. Pure."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from alcor.agent.on_demand.open_questions import Question
from alcor.model.identifiers import Id

Again = Callable[[Id, bytes, bool], None]
"""Told a packet when what it waited for is known: whether it is there."""


class Waiting(NamedTuple):
    """A packet of a port that needs to know something, and who is told then; nobody: the data plane has it again.

    What comes to the port (``ingress``) has room and questions of its own: those who send to a workload cannot use up
    what it needs for what it sends itself.
    """

    port_id: Id
    frame: bytes
    again: Again | None = None
    ingress: bool = False


class HeldPacket(msgspec.Struct, frozen=True):
    """A packet that waits, and until when it is worth sending."""

    packet: Waiting
    until: float


class HeldPackets:
    """Packets by what they wait for. Where there is no room for another, the new one is dropped."""

    def __init__(self, per_port: int = 16, in_all: int = 2048, seconds: float = 2.0) -> None:
        self._per_port, self._in_all, self._seconds = per_port, in_all, seconds
        self._waiting: dict[Question, deque[HeldPacket]] = {}
        self._counts: dict[tuple[Id, bool], int] = {}  # by port and direction
        self._count = 0

    def hold(self, what: Question, packet: Waiting, now: float) -> bool:
        """Keep a packet; False when there is no room for it."""
        key = packet.port_id, packet.ingress
        if self._counts.get(key, 0) >= self._per_port or self._count >= self._in_all:
            return False
        self._waiting.setdefault(what, deque()).append(HeldPacket(packet, now + self._seconds))
        self._counts[key] = self._counts.get(key, 0) + 1
        self._count += 1
        return True

    def questions(self) -> Iterable[Question]:
        """What is waited for."""
        return self._waiting.keys()

    def release(self, what: Question, now: float) -> list[Waiting]:
        """The packets that waited for this and are still worth sending, in their order."""
        released = self._waiting.pop(what, deque())
        self._uncount(released)
        return [held.packet for held in released if held.until > now]

    def expire(self, now: float) -> int:
        """Drop what has waited too long; returns how many went."""
        dropped = 0
        for what, waiting in list(self._waiting.items()):
            gone = []
            while waiting and waiting[0].until <= now:
                gone.append(waiting.popleft())
            self._uncount(gone)
            dropped += len(gone)
            if not waiting:
                del self._waiting[what]
        return dropped

    def __len__(self) -> int:
        return self._count

    def _uncount(self, packets: Iterable[HeldPacket]) -> None:
        for held in packets:
            self._count -= 1
            key = held.packet.port_id, held.packet.ingress
            self._counts[key] -= 1
            if not self._counts[key]:
                del self._counts[key]
