"""Publishing what changes of what is queued, each on its topic, when it is this controller's turn.

All controllers that hold it would publish; the message queue has one do so at a time. What hosts read more than once
they pass over, and what leads from an earlier revision than theirs to a later one they take. So one whose turn has come
publishes all that it knows to have changed lately, in one message, and goes on from there.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from functools import partial

from alcor.channels.topic_beats import BEAT_SECONDS, interval
from alcor.channels.topics import TopicChange, TopicQueue, TopicWriter, encode_change
from alcor.dpm.read_model import ReadModel
from alcor.dpm.shared_changes import SharedChanges
from alcor.model.goal_state import GoalStateDelta, Subject


class _Topic:
    """Of one subject."""

    def __init__(self, name: str, writer: TopicWriter) -> None:
        self.name, self.writer = name, writer
        self.has_turn = False
        self.quiet = self.looks = 0  # messages without a change in a row, and looks since the last message
        self.again_from: int | None = None  # what follows on this revision may not have been published
        self.lost_at: float | None = None  # time.monotonic, when that came about


class Publishing:
    """Of one controller, on one message queue."""

    def __init__(
        self,
        queue: TopicQueue,
        log_id: bytes,
        longest_interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``longest_interval`` are the seconds that a topic may be without a message, about."""
        self.published = 0
        """Messages handed to the message queue."""
        self.lost = 0
        """How often a message may not have been published."""
        self._queue, self._log_id, self._clock = queue, log_id, clock
        self._longest_interval = longest_interval
        self._topics: dict[Subject, _Topic] = {}
        self._model, self._changes = ReadModel(), SharedChanges()

    @property
    def turns(self) -> int:
        """On how many topics it is this controller's turn."""
        return sum(topic.has_turn for topic in self._topics.values())

    @property
    def topics(self) -> int:
        """On how many topics it publishes, or waits for its turn to."""
        return len(self._topics)

    def lag_seconds(self) -> float:
        """How long the oldest change has waited that may not have been published."""
        now = self._clock()
        return max((now - topic.lost_at for topic in self._topics.values() if topic.lost_at is not None), default=0.0)

    def follow(self, model: ReadModel, changes: SharedChanges, subjects: Collection[Subject]) -> None:
        """These of what is queued are to be published here now, and this is what changed of it."""
        self._model, self._changes = model, changes
        names = {subject: model.topic(subject) for subject in subjects}
        for subject in [each for each, topic in self._topics.items() if names.get(each) != topic.name]:
            self._topics.pop(subject).writer.close()
        for subject in names.keys() - self._topics.keys():
            writer = self._queue.write(names[subject], partial(self._turn, subject))
            self._topics[subject] = _Topic(names[subject], writer)

    def publish(self, subject: Subject, change: GoalStateDelta) -> None:
        """Publish a change, if it is this controller's turn."""
        topic = self._topics.get(subject)
        if topic is not None and topic.has_turn:
            self._send(subject, topic, change)

    async def run(self) -> None:
        """Let hosts notice what they missed, and publish again what was lost, for ever."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self.beat()

    def beat(self) -> None:
        """Look at all topics: say up to where each is published where that is due, with what may have been lost."""
        for subject, topic in list(self._topics.items()):
            topic.looks += 1
            if topic.has_turn and self._is_due(topic):
                self._say(subject, topic)

    def _is_due(self, topic: _Topic) -> bool:
        if topic.again_from is not None:
            return True
        return topic.looks * BEAT_SECONDS >= interval(topic.quiet, self._longest_interval)

    def _turn(self, subject: Subject) -> None:
        topic = self._topics.get(subject)
        if topic is not None:
            topic.has_turn = True
            topic.again_from = self._changes.floor(self._model, subject)
            topic.quiet = 0
            self._say(subject, topic)

    def _say(self, subject: Subject, topic: _Topic) -> None:
        if not self._model.is_queued(subject):
            return
        changed_at = self._model.fed.changed_at(subject)
        change = GoalStateDelta(revision=changed_at, base_revision=changed_at)
        if topic.again_from is not None:
            since = max(topic.again_from, self._changes.floor(self._model, subject))
            change = self._changes.since(self._model, subject, since) or change
        topic.again_from = topic.lost_at = None
        self._send(subject, topic, change)

    def _send(self, subject: Subject, topic: _Topic, change: GoalStateDelta) -> None:
        lost = partial(self._lost, subject, change.base_revision)
        topic.looks, topic.quiet = 0, 0 if change.base_revision < change.revision else topic.quiet + 1
        for message in encode_change(TopicChange(self._log_id, change)):
            topic.writer.send(message, lost)
            self.published += 1

    def _lost(self, subject: Subject, base: int) -> None:
        self.lost += 1
        topic = self._topics.get(subject)
        if topic is not None:
            topic.again_from = base if topic.again_from is None else min(base, topic.again_from)
            topic.lost_at = topic.lost_at or self._clock()
