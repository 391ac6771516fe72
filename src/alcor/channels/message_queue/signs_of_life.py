"""The signs of life that both ends of a session give while they say nothing else."""

import time

LOOKS = 4
"""At whether one is due, in an interval."""

_QUIET = 0.7  # of an interval


def is_due(said_at: float, interval: float) -> bool:
    """Whether it is long enough ago that something was said (time.monotonic)."""
    return time.monotonic() - said_at > interval * _QUIET
