"""The latest changes of a subject, as all its hosts are told of them: for hosts that missed some, and for a controller
whose turn it is to publish."""

from collections import deque

from alcor.model.goal_state import GoalStateDelta
from alcor.model.merge import merge_into

_MOST_CHANGES = 1000
_MOST_ITEMS = 50_000


class SharedHistory:
    """Of one subject: its changes after a revision, which moves up as there are more of them than are kept."""

    def __init__(self) -> None:
        self._changes: deque[tuple[GoalStateDelta, int]] = deque()
        self._items = 0

    def add(self, change: GoalStateDelta) -> None:
        """The change after the last one added; if there is something between them, all before it is forgotten."""
        if self._changes and self._changes[-1][0].revision != change.base_revision:
            self._changes.clear()
            self._items = 0
        items = 1 + change.item_count()
        self._changes.append((change, items))
        self._items += items
        while self._items > _MOST_ITEMS or len(self._changes) > _MOST_CHANGES:
            self._items -= self._changes.popleft()[1]

    def floor(self, changed_at: int) -> int:
        """From which revision on all changes are here, of what was last changed at a revision."""
        if not self._changes or self._changes[-1][0].revision != changed_at:
            return changed_at
        return self._changes[0][0].base_revision

    def since(self, revision: int, changed_at: int) -> GoalStateDelta | None:
        """What changed after the revision, as one change; None when that is not known any more."""
        if revision < self.floor(changed_at):
            return None
        merged = GoalStateDelta()
        for change, _ in self._changes:
            if change.revision > revision:
                merge_into(merged, change)
        merged.base_revision, merged.revision = revision, changed_at
        return merged
