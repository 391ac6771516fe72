"""Packets that wait for an answer: few for each port, few in all, and not for long. Pure."""

from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from alcor.agent.on_demand.open_questions import Question
from alcor.model.identifiers import Id

Again = Callable[[Id, bytes, bool], None]
"""Told a packet when what it waited for is known: whether it is there."""


class HeldPacket(msgspec.Struct, frozen=True):
    """A packet from a workload or to it, until when it is worth sending, and who is told, if not who usually is."""

    port_id: Id
    frame: bytes
    until: float
    again: Again | None = None


class HeldPackets:
    """Packets by what they wait for. Where there is no room for another, the new one is dropped.

    What a port sends and what waits for somebody else who is told have room of their own each: those who send to a
    workload cannot take that of what it sends itself.
    """

    def __init__(self, per_port: int = 16, in_all: int = 2048, seconds: float = 2.0) -> None:
        self._per_port, self._in_all, self._seconds = per_port, in_all, seconds
        self._waiting: dict[Question, deque[HeldPacket]] = {}
        self._counts: dict[tuple[Id, bool], int] = {}
        self._count = 0

    def hold(self, what: Question, port_id: Id, frame: bytes, now: float, again: Again | None = None) -> bool:
        """Keep a packet; False when there is no room for it."""
        key = port_id, again is not None
        if self._counts.get(key, 0) >= self._per_port or self._count >= self._in_all:
            return False
        self._waiting.setdefault(what, deque()).append(HeldPacket(port_id, frame, now + self._seconds, again))
        self._counts[key] = self._counts.get(key, 0) + 1
        self._count += 1
        return True

    def questions(self) -> Iterable[Question]:
        """What is waited for."""
        return self._waiting.keys()

    def release(self, what: Question, now: float) -> list[HeldPacket]:
        """The packets that waited for this and are still worth sending, in their order."""
        released = self._waiting.pop(what, deque())
        self._uncount(released)
        return [packet for packet in released if packet.until > now]

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

    def _uncount(self, packets: "deque[HeldPacket] | list[HeldPacket]") -> None:
        for packet in packets:
            self._count -= 1
            key = packet.port_id, packet.again is not None
            self._counts[key] -= 1
            if not self._counts[key]:
                del self._counts[key]
