"""A Network Config Manager at hand, as those see it who ask it and listen to it."""

import asyncio

from alcor.channels.ncm_messages import NcmWelcome
from alcor.model.token_bucket import TokenBucket

_MOST_AT_ONCE = 1000  # questions; answering them holds up others' for some milliseconds
_SHARE = 0.5  # of what a host may ask, for what has time: workloads' questions must find room, too


class Manager:
    """One stream to a manager that has welcomed this host. One that is reached again is another."""

    __slots__ = ("absence", "address", "filled", "lease", "most_at_once", "name", "pace", "to_ask", "to_renew", "vnis")

    def __init__(self, name: str, address: str, welcome: NcmWelcome) -> None:
        """``name`` is what it is chosen by (choosing), ``address`` where it was reached."""
        self.name, self.address = name, address
        self.lease, self.absence = float(welcome.lease), float(welcome.absence)  # seconds
        self.vnis: set[int] = set()  # VPCs it answers for
        self.to_ask: set[int] = set()  # those of which something waits to be asked at once
        self.to_renew: set[int] = set()  # those of which something is to be asked when there is time
        self.filled = asyncio.Event()  # one of them is
        self.most_at_once = max(1, min(_MOST_AT_ONCE, welcome.questions_per_second))  # questions in a message
        rate = max(1.0, welcome.questions_per_second * _SHARE)
        self.pace = TokenBucket(rate, float(self.most_at_once), now=0.0)
        """All questions count; those that have time wait for it."""
