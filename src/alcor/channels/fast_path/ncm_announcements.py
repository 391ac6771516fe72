"""Telling hosts which Network Config Managers there are: whoever is connected, and whoever comes later.

Each stream keeps one list that is still to be sent, the latest, so that a host that does not read holds up nobody.
"""

import contextlib
from collections.abc import Collection, Iterator
from typing import Protocol

from alcor.channels.agent_codec import ncms_message
from alcor.southbound.v1 import southbound_pb2 as pb


class Told(Protocol):
    """A stream that lists can be sent on."""

    def tell_ncms(self, ncms: pb.NetworkConfigManagers) -> None:
        """Send this list, and no earlier one that still waits. Returns at once."""


class NcmAnnouncements:
    """The list as it is, and the streams that are told of it."""

    def __init__(self) -> None:
        self._ncms: pb.NetworkConfigManagers | None = None
        self._streams: set[Told] = set()

    @contextlib.contextmanager
    def to(self, stream: Told) -> Iterator[None]:
        """Tell the stream now and at every change for as long as this lasts."""
        self._streams.add(stream)
        if self._ncms is not None:
            stream.tell_ncms(self._ncms)
        try:
            yield
        finally:
            self._streams.remove(stream)

    def tell(self, addresses: Collection[str]) -> None:
        """These are all there are. Raises MalformedMessage when no agent would take that."""
        ncms = ncms_message(sorted(set(addresses)))
        if ncms == self._ncms:
            return
        self._ncms = ncms
        for stream in self._streams:
            stream.tell_ncms(ncms)
