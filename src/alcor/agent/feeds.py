"""How the host comes by what changes of each subject (model.subjects), and what of what comes in still is news. Pure.

What is told by its topic is at a revision of its own. What leads from any revision since one that the host is not
before, to one that it is before, brings it there, for it says what is so at its end. All else is passed over, or waits
for what is missing in between.
"""

import enum
from collections.abc import Mapping

from alcor.model.goal_state import Feed, GoalStateDelta, Subject, advance_feeds
from alcor.model.subjects import as_seen_by, removed_by, take_out, told_by


class News(enum.Enum):
    """What a change that was read of a topic is to the host."""

    NEXT = enum.auto()  # it follows on what the host has
    OLD = enum.auto()  # the host has it
    GAP = enum.auto()  # something before it is missing


class Feeds:
    """As the goal states handed on leave them."""

    def __init__(self, feeds: Mapping[Subject, Feed]) -> None:
        self._feeds = dict(feeds)

    def revision(self, subject: Subject, applied: int) -> int:
        """Of a subject, where all else is at ``applied``."""
        feed = self._feeds.get(subject)
        return applied if feed is None else feed.revision

    def said(self) -> dict[Subject, Feed]:
        """See Hello."""
        return dict(self._feeds)

    def is_by_topic(self, subject: Subject) -> bool:
        """Whether the host learns of a subject from its topic."""
        feed = self._feeds.get(subject)
        return feed is not None and feed.by_topic

    def clear(self) -> None:
        """What the host has means nothing any more."""
        self._feeds.clear()

    def take(self, delta: GoalStateDelta) -> int:
        """Take from a goal state, in place, what the host has or will have from topics; it is handed on after that.

        Returns how many subjects were taken out.
        """
        if delta.snapshot:
            self._feeds.clear()
        for subject in removed_by(delta):
            self._feeds.pop(subject, None)
        taken_out = 0
        for subject in told_by(delta) | delta.feeds.keys():
            taken_out += self._take_subject(subject, delta)
        advance_feeds(self._feeds, delta)
        return taken_out

    def _take_subject(self, subject: Subject, delta: GoalStateDelta) -> bool:
        """Returns whether it was taken out."""
        has, told = self._feeds.get(subject), delta.feeds.get(subject)
        until = told.revision if told is not None and told.by_topic else delta.revision
        if told is not None:
            known = Feed(False, 0) if has is None else has
            host_index = told.host_index if told.by_topic else known.host_index
            delta.feeds[subject] = Feed(told.by_topic, max(until, known.revision), host_index)
        if has is None or (has.revision < until and not (has.by_topic and told is None)):
            return False
        return take_out(delta, subject)

    def judge(self, subject: Subject, change: GoalStateDelta) -> News:
        """What the change is to the host, that is told of the subject by topic."""
        revision = self._feeds[subject].revision
        if change.base_revision > revision:
            return News.GAP
        return News.NEXT if change.revision > revision else News.OLD

    def take_change(self, subject: Subject, change: GoalStateDelta, applied: int) -> GoalStateDelta:
        """The next change as a goal state that leaves all else at ``applied``."""
        feed = Feed(True, change.revision, self._feeds[subject].host_index)
        self._feeds[subject] = feed
        delta = as_seen_by(feed.host_index, change)
        delta.base_revision = delta.revision = applied
        delta.feeds[subject] = feed
        return delta
