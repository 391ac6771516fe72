"""Whether a goal state that came in follows on what the agent has. Pure."""

import enum

from alcor.model.goal_state import GoalStateDelta


class Verdict(enum.Enum):
    """What to do with a goal state."""

    TAKE = enum.auto()
    IGNORE = enum.auto()  # stale, repeated, or on the way while a snapshot was asked for
    RESYNC = enum.auto()  # something is missing: ask for a snapshot


class Sequence:
    """The revisions one change log has brought this host to."""

    def __init__(self, log_id: bytes, revision: int) -> None:
        self.log_id = log_id
        self.revision = revision
        self._resync_asked = False

    def enter(self, log_id: bytes) -> None:
        """A controller was reached that counts in this change log. Revisions of another log mean nothing in it."""
        self._resync_asked = False
        if log_id != self.log_id:
            self.log_id = log_id
            self.revision = 0

    def judge(self, delta: GoalStateDelta) -> Verdict:
        """What to do with this goal state; TAKE and RESYNC are counted on being done."""
        if not delta.snapshot and delta.base_revision == 0 == self.revision:
            # What leads from nothing says it all, and what the host has from elsewhere must go.
            delta.snapshot = True
        if delta.snapshot or (delta.base_revision == self.revision and not self._resync_asked):
            self.revision = delta.revision
            self._resync_asked = False
            return Verdict.TAKE
        if delta.revision <= self.revision or self._resync_asked:
            return Verdict.IGNORE
        self._resync_asked = True
        return Verdict.RESYNC
