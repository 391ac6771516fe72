"""What a cache that is full lets go."""

from collections import OrderedDict
from typing import Any


def evict_oldest(cache: OrderedDict[Any, Any], most: int) -> None:
    """Have no more than so many.

    One goes for one that comes, so that the memory of the one is that of the other: what goes all at once is given back
    to the kernel, and has to be had anew.
    """
    while len(cache) > most:
        cache.popitem(last=False)
