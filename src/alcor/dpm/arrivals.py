"""Hosts that have connected and are not served yet: what they need is read from the database first."""

import asyncio
from collections.abc import Iterator

import msgspec

from alcor.channels.interface import HostConnection
from alcor.channels.messages import PortReport, TopicPosition
from alcor.model.goal_state import Subject

_AT_ONCE = 500  # reading the ports of more hosts would keep the others waiting for long


class Arrival(msgspec.Struct):
    """What has to be done once the host can be served."""

    reports: list[PortReport] = []  # that came meanwhile
    positions: dict[Subject, TopicPosition] = {}  # the latest of each
    resync: str = ""  # why it needs everything anew whatever it said; empty if what it said decides


class Arrivals:
    """In the order in which they came."""

    def __init__(self) -> None:
        self.came = asyncio.Event()
        """Set while there are any."""
        self._waiting: dict[HostConnection, Arrival] = {}

    def __contains__(self, connection: HostConnection) -> bool:
        return connection in self._waiting

    def __getitem__(self, connection: HostConnection) -> Arrival:
        return self._waiting[connection]

    def add(self, connection: HostConnection, resync: str = "") -> None:
        """A host that cannot be served yet, or not any more."""
        self._waiting.setdefault(connection, Arrival()).resync = resync
        self.came.set()

    def discard(self, connection: HostConnection) -> None:
        """The host is gone, or has been taken."""
        self._waiting.pop(connection, None)
        if not self._waiting:
            self.came.clear()

    def first(self) -> list[HostConnection]:
        """Those that are next: a bounded number."""
        return [connection for connection, _ in zip(self._waiting, range(_AT_ONCE), strict=False)]

    def __iter__(self) -> Iterator[HostConnection]:
        return iter(self._waiting)
