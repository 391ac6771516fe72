"""The goal states that a host has not acknowledged yet, and when they were sent to it."""

import time

_KEPT = 256


class SentTimes:
    """Of the goal states sent to one host; nothing but itself while all are acknowledged."""

    __slots__ = ("_sent", "acknowledged_revision")

    def __init__(self, applied_revision: int) -> None:
        self.acknowledged_revision = applied_revision
        self._sent: list[tuple[int, float, float]] | None = None  # revision, when it began to wait, when it was sent

    def note(self, revision: int, waited_since: float) -> None:
        """A goal state is being sent; the oldest of what it says has waited since then (time.monotonic)."""
        if self._sent is None:
            self._sent = []
        self._sent.append((revision, waited_since, time.monotonic()))
        if len(self._sent) > _KEPT:
            del self._sent[1]  # the first says how long the host has owed an answer

    def seconds_since(self, revision: int) -> float:
        """How long ago the goal state now acknowledged was sent; forgets it and earlier ones."""
        self.acknowledged_revision = revision
        if self._sent is None:
            return 0.0
        acknowledged = [sent_at for sent, _, sent_at in self._sent if sent <= revision]
        self._sent = self._sent[len(acknowledged) :] or None
        return time.monotonic() - acknowledged[-1] if acknowledged else 0.0

    def count(self) -> int:
        """Goal states sent and not acknowledged, as far as remembered."""
        return 0 if self._sent is None else len(self._sent)

    def waited_since(self) -> float | None:
        """When the oldest of what is not acknowledged began to wait (time.monotonic); None when all is."""
        return None if self._sent is None else self._sent[0][1]
