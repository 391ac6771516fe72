"""A host that a controller serves over a message queue."""

import time
from collections.abc import Callable

from alcor.channels.message_queue.envelopes import FromQueuedHost, Place, ToQueuedHost
from alcor.channels.message_queue.host_trust import Known
from alcor.channels.message_queue.numbers import Numbers
from alcor.channels.messages import Hello


class ServedHost:
    """A host that is served."""

    __slots__ = ("hello", "known", "number", "numbers", "place", "quiet_looks", "session", "told_at", "unwatch")

    def __init__(self, number: int, session: bytes, hello: Hello, place: Place, known: Known | None) -> None:
        self.number, self.session, self.hello, self.place = number, session, hello, place
        self.numbers = Numbers()
        self.quiet_looks = 0  # in which nothing was heard of it
        self.told_at = time.monotonic()
        self.known = known  # None where no certificates are shown
        self.unwatch: Callable[[], None] = _nothing

    def sealed(self, said: ToQueuedHost) -> ToQueuedHost:
        """As only the host can read it."""
        return said if self.known is None else self.known.sealed(said)

    def opened(self, said: FromQueuedHost) -> FromQueuedHost:
        """Raises MalformedMessage when the host did not say it."""
        return said if self.known is None else self.known.seal.from_host(said)


def _nothing() -> None:
    """Nobody watches."""
