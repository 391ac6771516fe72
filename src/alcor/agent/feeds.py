"""How the host comes by what changes of each VPC's neighbours, and what of what comes in still is news. Pure.

The neighbours of a VPC that is told by its topic are at a revision of their own. What leads from any revision since one
that the host is not before, to one that it is before, brings it there, for it says what is so at its end. All else is
passed over, or waits for what is missing in between.
"""

import enum
from collections.abc import Mapping

from alcor.channels.topics import TopicChange
from alcor.model.goal_state import Feed, GoalStateDelta, advance_feeds, without_own


class News(enum.Enum):
    """What a change that was read of a topic is to the host."""

    NEXT = enum.auto()  # it follows on what the host has
    OLD = enum.auto()  # the host has it
    GAP = enum.auto()  # something before it is missing


class Feeds:
    """As the goal states handed on leave them."""

    def __init__(self, feeds: Mapping[int, Feed]) -> None:
        self._feeds = dict(feeds)

    def revision(self, vni: int, applied: int) -> int:
        """Of a VPC's neighbours, where all else is at ``applied``."""
        feed = self._feeds.get(vni)
        return applied if feed is None else feed.revision

    def said(self) -> dict[int, Feed]:
        """See Hello."""
        return dict(self._feeds)

    def is_by_topic(self, vni: int) -> bool:
        """Whether the host learns of a VPC's neighbours from its topic."""
        feed = self._feeds.get(vni)
        return feed is not None and feed.by_topic

    def clear(self) -> None:
        """What the host has means nothing any more."""
        self._feeds.clear()

    def take(self, delta: GoalStateDelta) -> int:
        """Take from a goal state, in place, what the host has or will have from topics; it is handed on after that.

        Returns of how many VPCs neighbours were taken out.
        """
        if delta.snapshot:
            self._feeds.clear()
        for vni in delta.removed_vpcs:
            self._feeds.pop(vni, None)
        taken_out = 0
        for vni in delta.neighbours.keys() | delta.feeds.keys():
            taken_out += self._take_vpc(vni, delta)
        advance_feeds(self._feeds, delta)
        return taken_out

    def _take_vpc(self, vni: int, delta: GoalStateDelta) -> bool:
        """Returns whether its neighbours were taken out."""
        has, told = self._feeds.get(vni), delta.feeds.get(vni)
        until = told.revision if told is not None and told.by_topic else delta.revision
        if told is not None:
            known = Feed(False, 0) if has is None else has
            host_index = told.host_index if told.by_topic else known.host_index
            delta.feeds[vni] = Feed(told.by_topic, max(until, known.revision), host_index)
        if has is None or (has.revision < until and not (has.by_topic and told is None)):
            return False
        return delta.neighbours.pop(vni, None) is not None

    def judge(self, vni: int, change: TopicChange) -> News:
        """What the change is to the host, that is told of the VPC by topic."""
        revision = self._feeds[vni].revision
        if change.base > revision:
            return News.GAP
        return News.NEXT if change.revision > revision else News.OLD

    def take_change(self, vni: int, change: TopicChange, applied: int) -> GoalStateDelta:
        """The next change as a goal state that leaves all else at ``applied``."""
        feed = Feed(True, change.revision, self._feeds[vni].host_index)
        self._feeds[vni] = feed
        return GoalStateDelta(
            revision=applied,
            base_revision=applied,
            neighbours={vni: without_own(change.neighbours, feed.host_index)},
            feeds={vni: feed},
        )
