"""When the next message of a topic comes, though nothing changes: so that hosts notice what they missed. Pure.

Soon after a change, as hosts may have missed just that, and then ever less often, for a topic has as many readers as
hosts. Both ends reckon by it.
"""

BEAT_SECONDS = 5.0
"""About how long after a change."""

USUAL_LONGEST = 60
"""Seconds between two messages of a topic at most, about, unless operators choose."""

_MISSED = 3  # messages in a row that may not arrive
_MOST_DOUBLINGS = 16


def interval(quiet: int, longest: float) -> float:
    """Seconds until the next message, after so many in a row that said that there was no change."""
    return max(BEAT_SECONDS, min(BEAT_SECONDS * float(2 ** min(quiet, _MOST_DOUBLINGS)), longest))


def patience(quiet: int | None, longest: float) -> float:
    """Seconds in which there is a message, if any come at all; ``quiet`` is None while none was heard."""
    known = _MOST_DOUBLINGS if quiet is None else quiet
    return BEAT_SECONDS + sum(interval(known + each, longest) for each in range(_MISSED))
