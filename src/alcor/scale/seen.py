"""What the hosts of a process have seen: counted, timed, and told to whoever runs the test now and then."""

import time
from array import array
from collections.abc import Iterable

import msgspec

from alcor.model.identifiers import Id
from alcor.scale.counts import Counts


class Heard(msgspec.Struct, array_like=True):
    """A host has heard of a change that hosts were to watch for."""

    host: int
    mark: int  # the MAC address of a port somewhere else, or how many rules a security group has
    at: float  # time.monotonic


class Seen:
    """Of one process."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.watching = False
        """Whether it is noted which host heard of what, and when."""
        self._up: list[tuple[Id, float]] = []
        self._connects = array("d")
        self._heard: list[Heard] = []

    def up(self, port_ids: Iterable[Id]) -> None:
        """Ports have been programmed."""
        now = time.monotonic()
        self._up.extend((port_id, now) for port_id in port_ids)

    def connected(self, since: float) -> None:
        """A host has its first goal state since it tried to connect."""
        self._connects.append(time.monotonic() - since)

    def heard(self, host: int, marks: Iterable[int]) -> None:
        """A host was told of these, while that is watched."""
        if self.watching:
            now = time.monotonic()
            self._heard.extend([Heard(host, mark, now) for mark in marks])

    def taken(self) -> tuple[list[tuple[Id, float]], bytes, list[Heard]]:
        """Ports and when they were programmed, seconds until hosts were connected, and what was heard, since the last
        time."""
        found = self._up, self._connects.tobytes(), self._heard
        self._up, self._connects, self._heard = [], array("d"), []
        return found
