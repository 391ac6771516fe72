"""How many of its hosts a controller should let go, so that every controller has about as many. Pure.

What others have is known as of their last sign of life; what was let go since is counted as under way to them. Both
errors make the share look larger than it is, so that too few are let go rather than too many.
"""

import math
from collections.abc import Collection

CLEARLY_HOSTS = 10
CLEARLY_FRACTION = 0.1
_AT_ONCE = 0.5  # of what is too much: the others' figures are older than one's own


class Share:
    """Of one controller. It begins to let go when it has clearly more than its share, and goes on until it has it."""

    def __init__(self) -> None:
        self._letting_go = False
        self._under_way = 0

    def surplus(self, own: int, others: Collection[int], most: int) -> int:
        """How many hosts to let go now, up to ``most``; to be asked once after each of the others' signs of life."""
        mean = (own + sum(others) + self._under_way) / (1 + len(others))
        too_many = own - mean
        if too_many > max(CLEARLY_HOSTS, CLEARLY_FRACTION * mean):
            self._letting_go = True
        elif too_many < 1:
            self._letting_go = False
        self._under_way = min(most, math.ceil(too_many * _AT_ONCE)) if self._letting_go else 0
        return self._under_way
