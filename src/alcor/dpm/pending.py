"""Hosts that have not acknowledged all they were given, and since when: known without asking all that are connected."""

import heapq

from alcor.channels.interface import HostConnection


class Pending:
    """Times are those of time.monotonic."""

    def __init__(self) -> None:
        self._since: dict[HostConnection, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def given(self, connection: HostConnection, now: float) -> None:
        """The host was given something."""
        self._since.setdefault(connection, now)

    def acknowledged(self, connection: HostConnection) -> None:
        """The host has acknowledged something, perhaps all."""
        since = connection.owed_since()
        if since is None:
            self._since.pop(connection, None)
        else:
            self._since[connection] = since

    def gone(self, connection: HostConnection) -> None:
        """The host has disconnected."""
        self._since.pop(connection, None)

    def oldest_since(self) -> float | None:
        """When the longest of them began; None when there are none."""
        return min(self._since.values(), default=None)

    def oldest(self, limit: int) -> list[tuple[HostConnection, float]]:
        """Those that owe an answer longest, and since when."""
        return heapq.nsmallest(limit, self._since.items(), key=lambda item: item[1])
