"""When a controller counts as living: it gave a sign of life within two of the intervals in which all give them."""

import math
import time


def heard_since(interval: float) -> int:
    """Who was heard of since then (seconds since the epoch) lives. ``interval``: seconds between two signs of life."""
    return int(time.time()) - math.ceil(2 * interval) - 1  # the store's times are whole seconds
