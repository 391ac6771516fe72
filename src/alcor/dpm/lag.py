"""How far compiling is behind what was committed."""

from collections import deque


class Lag:
    """In entries of the change log, and in the seconds since the oldest of them was first seen."""

    def __init__(self) -> None:
        self.head = 0
        self._seen: deque[tuple[int, float]] = deque()  # heads, and when each was first seen

    def seen(self, head: int, now: float) -> None:
        """The log goes up to this position."""
        if head > self.head:
            self.head = head
            self._seen.append((head, now))

    def compiled(self, revision: int) -> None:
        """Hosts have been told of everything up to this position."""
        self.head = max(self.head, revision)
        while self._seen and self._seen[0][0] <= revision:
            self._seen.popleft()

    def seconds(self, now: float) -> float:
        """How long the oldest entry not compiled has been known of; 0 when all are."""
        return now - self._seen[0][1] if self._seen else 0.0
