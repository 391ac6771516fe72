"""When the goal states that a host has not acknowledged yet were sent to it."""

import time

_KEPT = 256


class SentTimes:
    """Of the latest goal states sent to one host; nothing but itself while all are acknowledged."""

    __slots__ = ("_sent",)

    def __init__(self) -> None:
        self._sent: list[tuple[int, float]] | None = None

    def note(self, revision: int) -> None:
        """A goal state is being sent."""
        if self._sent is None:
            self._sent = []
        self._sent.append((revision, time.monotonic()))
        del self._sent[:-_KEPT]

    def seconds_since(self, revision: int) -> float:
        """How long ago the goal state now acknowledged was sent; forgets it and earlier ones."""
        if self._sent is None:
            return 0.0
        acknowledged = [sent_at for sent, sent_at in self._sent if sent <= revision]
        self._sent = self._sent[len(acknowledged) :] or None
        return time.monotonic() - acknowledged[-1] if acknowledged else 0.0
