"""What waits to be sent to one host, never more than one goal state: while the host is slow, deltas are merged."""

import time
from collections.abc import Callable

import msgspec

from alcor.channels.interface import Waiting
from alcor.model.goal_state import GoalStateDelta
from alcor.model.merge import copy_delta, merge_into

MERGED_ITEMS_LIMIT = 500_000
"""Above this many changes waiting, a snapshot taken when the host is ready again takes less memory."""


class Outbox:
    """A queue of one: deliver() merges, take() empties. Base revisions are set on the way out.

    There is one for each connected host, so it is kept small.
    """

    __slots__ = ("_resync", "_waiting", "_waiting_is_ours", "sent_revision", "waiting_items", "waiting_since")

    def __init__(self, applied_revision: int) -> None:
        self.sent_revision = applied_revision
        self._waiting: GoalStateDelta | None = None
        self._waiting_is_ours = False
        self._resync = False
        self.waiting_items = 0  # what the waiting delta puts or removes, merged or not
        self.waiting_since: float | None = None  # time.monotonic of the oldest of what waits

    def deliver(self, delta: GoalStateDelta) -> None:
        """Add a delta; nothing to do when a snapshot, which will cover it, is still to be taken."""
        if self._resync:
            return
        self.waiting_items += delta.item_count()
        if self._waiting is None:
            self._waiting, self._waiting_is_ours, self.waiting_since = delta, False, time.monotonic()
        elif self.waiting_items > MERGED_ITEMS_LIMIT:
            self.resync()
        else:
            if not self._waiting_is_ours:
                self._waiting, self._waiting_is_ours = copy_delta(self._waiting), True
            merge_into(self._waiting, delta)

    def resync(self) -> None:
        """Send a snapshot next, and nothing of what waits."""
        self._resync = True
        since = self.waiting_since
        self._forget_waiting()
        self.waiting_since = time.monotonic() if since is None else since

    def is_empty(self) -> bool:
        """Whether there is nothing to take."""
        return self._waiting is None and not self._resync

    @property
    def snapshot_is_next(self) -> bool:
        """Whether take() would make a snapshot."""
        return self._resync

    def waiting(self) -> Waiting:
        """What take() would make."""
        if self._resync:
            return Waiting.SNAPSHOT
        return Waiting.NOTHING if self._waiting is None else Waiting.DELTA

    def take(self, snapshot: Callable[[], GoalStateDelta]) -> GoalStateDelta | None:
        """The next goal state to send, or None when there is none. ``snapshot`` makes one when it is to be one."""
        delta = snapshot() if self._resync else self._waiting
        self._resync = False
        self._forget_waiting()
        if delta is None:
            return None
        base_revision = 0 if delta.snapshot else self.sent_revision
        self.sent_revision = delta.revision
        return msgspec.structs.replace(delta, base_revision=base_revision)

    def _forget_waiting(self) -> None:
        self._waiting, self._waiting_is_ours, self.waiting_items, self.waiting_since = None, False, 0, None
