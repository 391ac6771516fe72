"""When to try again what failed: later each time, up to a bound."""

from collections.abc import Callable


class Backoff:
    """The time of the next attempt, on the caller's clock in seconds."""

    def __init__(self, clock: Callable[[], float], first: float = 0.5, longest: float = 30.0) -> None:
        self._clock, self._first, self._longest = clock, first, longest
        self._pause = first
        self.failing_since: float | None = None
        self.next_attempt: float | None = None

    def failed(self) -> None:
        """Plan another attempt."""
        now = self._clock()
        self.failing_since = now if self.failing_since is None else self.failing_since
        self.next_attempt = now + self._pause
        self._pause = min(self._pause * 2, self._longest)

    def succeeded(self) -> None:
        """Nothing is left to be tried again."""
        self._pause, self.failing_since, self.next_attempt = self._first, None, None

    def is_due(self) -> bool:
        """Is it time for the planned attempt?"""
        return self.next_attempt is not None and self._clock() >= self.next_attempt

    def must_wait(self) -> bool:
        """Is an attempt planned for later?"""
        return self.next_attempt is not None and not self.is_due()

    def try_now(self) -> None:
        """Bring the planned attempt forward: what made it fail seems to be over."""
        if self.next_attempt is not None:
            self.next_attempt = self._clock()

    def seconds_failing(self) -> float:
        """How long it has been failing; 0 when it is not."""
        return 0.0 if self.failing_since is None else self._clock() - self.failing_since
