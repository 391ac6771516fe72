"""A Network Config Manager at hand, as those see it who ask it and listen to it."""

import asyncio

from alcor.channels.ncm_messages import NcmWelcome


class Manager:
    """One stream to a manager that has welcomed this host. One that is reached again is another."""

    __slots__ = ("absence", "address", "filled", "lease", "name", "to_ask", "vnis")

    def __init__(self, name: str, address: str, welcome: NcmWelcome) -> None:
        """``name`` is what it is chosen by (choosing), ``address`` where it was reached."""
        self.name, self.address = name, address
        self.lease, self.absence = float(welcome.lease), float(welcome.absence)  # seconds
        self.vnis: set[int] = set()  # VPCs it answers for
        self.to_ask: set[int] = set()  # those of which something waits to be asked
        self.filled = asyncio.Event()  # to_ask is
