"""The latest deltas of all hosts, for hosts that come back after a short time away."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping

from alcor.model.goal_state import GoalStateDelta
from alcor.model.merge import copy_delta, merge_into

DELTA_ITEMS = 10
"""What a delta takes in memory besides what it holds, in things put or removed: about 1.5 KiB."""


class History:
    """Every delta after a position, which moves up as the history grows beyond its limits."""

    def __init__(self, position: int, maximum_entries: int = 10_000, maximum_items: int = 1_000_000) -> None:
        """``maximum_items`` bounds the memory: deltas, and things put or removed, once where hosts share them."""
        self._floor = position
        self._maximum_entries = maximum_entries
        self._maximum_items = maximum_items
        self._entries: deque[tuple[int, Mapping[str, GoalStateDelta], int]] = deque()
        self._resynced: dict[str, int] = {}  # hosts with nothing from before, and when that was
        self._items = 0

    def add(self, position: int, deltas: Mapping[str, GoalStateDelta], resync: Iterable[str] = ()) -> None:
        """The deltas of the log entry after the last one added, and the hosts that need everything anew."""
        items = _distinct_items(deltas.values())
        self._entries.append((position, deltas, items))
        self._items += items
        while self._items > self._maximum_items or len(self._entries) > self._maximum_entries:
            self._floor, _, items = self._entries.popleft()
            self._items -= items
        self._resynced.update(dict.fromkeys(resync, position))

    def begin(self, host_id: str, position: int) -> None:
        """Deltas of the host are here only from this position on."""
        if position > self._floor:
            self._resynced[host_id] = position

    def forget(self, host_id: str) -> None:
        """The host is not served any more."""
        self._resynced.pop(host_id, None)

    def covers(self, host_id: str, revision: int) -> bool:
        """Whether all that the host needs after the revision is here, as deltas."""
        resynced = self._resynced.get(host_id, 0)
        if resynced <= self._floor:
            self._resynced.pop(host_id, None)
        return revision >= max(self._floor, resynced)

    def since(self, host_id: str, revision: int) -> GoalStateDelta | None:
        """What the host missed after the revision, as one delta; None when nothing. The history must cover it."""
        missed = [deltas[host_id] for position, deltas, _ in self._entries if position > revision and host_id in deltas]
        if not missed:
            return None
        merged = copy_delta(missed[0])
        for delta in missed[1:]:
            merge_into(merged, delta)
        return merged


def _distinct_items(deltas: Collection[GoalStateDelta]) -> int:
    """Things put or removed, deltas, and hosts; deltas and neighbours that hosts share are counted once."""
    own = len(deltas)
    shared: dict[int, int] = {}  # by identity
    for delta in {id(delta): delta for delta in deltas}.values():
        own += DELTA_ITEMS + delta.item_count() - delta.neighbour_count()
        for change in delta.neighbours.values():
            put = change.put
            for part in (put.forwarding, put.ipv4, put.ipv6, put.memberships):
                shared[id(part)] = len(part)
            removals = (change.removed_macs, change.removed_ipv4, change.removed_ipv6, change.removed_memberships)
            for removed in removals:
                shared[id(removed)] = len(removed)
    return own + sum(shared.values())
