"""When Python looks for garbage in cycles, in a controller process.

A controller makes hardly any cycles, and millions of objects that stay. With the interpreter's own settings a fifth of
its time goes into walking those again and again.
"""

import contextlib
import gc
from collections.abc import Iterator

_YOUNG = 50_000  # new objects, more than went, before they are looked at
_OLDER = 20  # looks at those before one at what they left
_ALL = 10  # looks at what was left before one at everything: ten million objects more than there were


def look_seldom() -> None:
    """Look for garbage when there is reason to expect some."""
    gc.set_threshold(_YOUNG, _OLDER, _ALL)


@contextlib.contextmanager
def making_what_stays() -> Iterator[None]:
    """Do not look while objects are made that stay as long as the process does; those are never looked at again.

    For the start, when little else is at work: all objects that there are in the end are taken for such.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
    gc.freeze()
