"""Whether another host is reached, judged by answers to probes, and not by each lost packet. Pure."""

from collections import deque

from alcor.channels.messages import Fault

SILENCE = 3
"""Probes in a row without an answer after which a host is not reached."""

ANSWERS = 2
"""Probes answered since one was given up after which it is reached again."""


class Line:
    """Probes of one size to one host. One waits for its answer until as many others were sent as silence takes."""

    def __init__(self) -> None:
        self.works = True
        self._waiting: deque[bytes] = deque(maxlen=SILENCE)
        self._answers = 0  # since a probe was given up

    def sent(self, number: bytes) -> None:
        """A probe is about to be sent; where too many wait for an answer, the oldest is given up."""
        if len(self._waiting) == SILENCE:
            self.works = False
            self._answers = 0
        self._waiting.append(number)

    def answered(self, number: bytes) -> bool:
        """An answer came; returns whether it is one that was waited for. Those before it are waited for no more."""
        if number not in self._waiting:
            return False
        while self._waiting.popleft() != number:
            pass
        self._answers += 1
        if self._answers >= ANSWERS:
            self.works = True
        return True


class Peer:
    """One host that is probed, with small packets and with full ones."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.small, self.full = Line(), Line()

    def answered(self, number: bytes) -> bool:
        """An answer came from the host's address; returns whether it was waited for."""
        return self.small.answered(number) or self.full.answered(number)

    def fault(self) -> Fault | None:
        """What is wrong with the way to the host; None for nothing."""
        if not self.small.works:
            return Fault.UNREACHABLE
        return None if self.full.works else Fault.NOT_WITH_FULL_PACKETS
