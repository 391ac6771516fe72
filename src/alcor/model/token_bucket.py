"""A rate limit that lets short bursts through."""


class TokenBucket:
    """``rate`` events a second in the long run, ``burst`` at once. Times are seconds on any clock that goes forward."""

    __slots__ = ("_burst", "_rate", "_tokens", "_updated")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._updated = burst, now

    def take(self, now: float, count: float = 1) -> bool:
        """May so many more events pass now? All or none."""
        if self.available(now) < count:
            return False
        self._tokens -= count
        return True

    def available(self, now: float) -> float:
        """How many events may pass now."""
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._updated) * self._rate)
        self._updated = now
        return self._tokens

    def spend(self, now: float, count: float) -> None:
        """So many events pass, even if they may not: those that ask have to wait for longer."""
        self._tokens = self.available(now) - count

    def wait(self, now: float) -> float:
        """Seconds until a whole burst may pass."""
        return (self._burst - self.available(now)) / self._rate
