"""Reading the topics of what is queued (model.subjects): what changes of it then comes by them, and not from the
controller.

The controller is told once something was heard of a topic, and when nothing more is: so what waits for nobody, and is
the same for many hosts, costs it one message, and a host that cannot read is told by its stream. A topic that is lost
is tried again, ever less often.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping

from alcor.agent.counters import Counters
from alcor.agent.feeds import Feeds, News
from alcor.agent.reports import Reports
from alcor.agent.wanted import Wanted
from alcor.channels.checks import MalformedMessage
from alcor.channels.fast_path.dialling import Backoff
from alcor.channels.messages import TopicKeys, TopicPosition
from alcor.channels.topic_beats import USUAL_LONGEST, patience
from alcor.channels.topic_sealing import NotOpened, TopicOpener
from alcor.channels.topics import ChangeAssembler, TopicQueue, TopicReader, TopicUnavailable
from alcor.model.goal_state import GoalStateDelta, Subject
from alcor.model.subjects import topics_in, without_topics_in

log = logging.getLogger(__name__)

_GAP_SECONDS = (1.0, 3.0)  # within which what is missing may still come: hosts do not ask in step
_MOST_HELD = 10_000
_BACKOFF = Backoff(first=2.0, maximum=60.0)

HandOn = Callable[[GoalStateDelta], Awaitable[None]]


class _Missed(Exception):
    """The host cannot go on by the topic; the message says why."""


class _Reading:
    """Of one topic, from opening it until it is lost."""

    def __init__(self) -> None:
        self.has_heard = False
        self.quiet: int | None = None  # messages without a change in a row; None while none was heard
        self.seen = 0
        self.held: list[GoalStateDelta] = []  # that come before the controller's answer, or before what they follow on
        self.held_items = 0
        self.gap_until: float | None = None
        self.gap = ""  # what it is


class _Topic:
    """Of one subject."""

    def __init__(self, name: str, keys: Mapping[int, bytes]) -> None:
        self.name, self.opener = name, TopicOpener(name, keys)
        self.reading = _Reading()
        self.task: asyncio.Task[None] | None = None


class Topics:
    """Of one host. Without a ``queue`` it reads none, and goes on from what an earlier life had read."""

    def __init__(
        self,
        queue: TopicQueue | None,
        wanted: Wanted,
        reports: Reports,
        counters: Counters,
        hand_on: HandOn,
        hand_on_read: HandOn,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``hand_on`` takes the controller's goal states, ``hand_on_read`` what was read: as others, between these."""
        self.feeds = Feeds(wanted.state.feeds if wanted.complete else {})
        self._queue, self._reports, self._counters = queue, reports, counters
        self._hand_on, self._hand_on_read = hand_on, hand_on_read
        self._longest_interval, self._clock = float(USUAL_LONGEST), clock
        self._topics: dict[Subject, _Topic] = {}
        self._keys: Mapping[Subject, Mapping[int, bytes]] = {}
        self._log_id, self._applied = wanted.applied()
        for subject, name in topics_in(wanted.state).items() if wanted.complete else ():
            self._begin(subject, name)

    @property
    def read(self) -> int:
        """How many topics are read."""
        return sum(topic.reading.has_heard for topic in self._topics.values())

    @property
    def fed(self) -> int:
        """Of how many of them the host learns by topic."""
        return sum(map(self.feeds.is_by_topic, self._topics))

    def connected(self, log_id: bytes, longest_interval: float) -> None:
        """A controller listens, that counts in this change log: it tells of all until it knows what is read.

        It says how long a topic may be without a message, about, in seconds.
        """
        self._longest_interval = longest_interval
        if log_id != self._log_id:
            self._log_id = log_id
            self._applied = 0
            self.feeds.clear()
        self._say_all()

    def told_keys(self, told: TopicKeys) -> None:
        """These are what topics are sealed with. They are kept in memory only, over connections."""
        self._keys = told.keys
        for subject, topic in self._topics.items():
            topic.opener.keys = self._keys.get(subject, {})

    async def take(self, delta: GoalStateDelta) -> None:
        """Hand on a goal state that follows on the last one, but for what comes by topics."""
        if passed_over := self.feeds.take(delta):
            self._counters.add("topic_changes_told_twice", passed_over)
        self._applied = delta.revision
        feeds, topics, gone = list(delta.feeds), topics_in(delta), without_topics_in(delta)
        if delta.snapshot:
            gone |= self._topics.keys() - topics.keys()
        snapshot = delta.snapshot
        await self._hand_on(delta)
        for subject in gone & self._topics.keys():
            self._end(subject)
        if snapshot:
            self._say_all()
        for subject, name in topics.items():
            self._begin(subject, name)
        for subject in feeds:
            if subject in self._topics:
                await self._take_held(subject, self._topics[subject].reading)

    async def close(self) -> None:
        """Read no more."""
        tasks = [topic.task for topic in self._topics.values() if topic.task is not None]
        self._topics.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, subject: Subject, name: str) -> None:
        if self._queue is None or (subject in self._topics and self._topics[subject].name == name):
            return
        self._end(subject)
        topic = self._topics[subject] = _Topic(name, self._keys.get(subject, {}))
        topic.task = asyncio.create_task(self._keep_reading(self._queue, subject, topic))

    def _end(self, subject: Subject) -> None:
        topic = self._topics.pop(subject, None)
        if topic is None:
            return
        if topic.task is not None:
            topic.task.cancel()
        if topic.reading.has_heard:
            self._say(subject, topic.reading, "it has no topic any more")

    # To the controller.

    def _say_all(self) -> None:
        for subject, topic in self._topics.items():
            if topic.reading.has_heard:
                self._say(subject, topic.reading)

    def _say(self, subject: Subject, reading: _Reading, lost: str = "") -> None:
        reading.held.clear()
        reading.held_items, reading.gap_until = 0, None
        position = TopicPosition(
            subject=subject,
            subscribed=not lost,
            seen=reading.seen,
            revision=self.feeds.revision(subject, self._applied),
            by_topic=self.feeds.is_by_topic(subject),
            reason=lost,
        )
        self._reports.topic_position(self._log_id, position)

    # From the topic.

    async def _keep_reading(self, queue: TopicQueue, subject: Subject, topic: _Topic) -> None:
        failures = 0
        while True:
            reading = topic.reading = _Reading()
            try:
                reader = await queue.read(topic.name)
                try:
                    await self._read(reader, subject, topic.opener, reading)
                finally:
                    with contextlib.suppress(TopicUnavailable):
                        await reader.close()
            except (TopicUnavailable, _Missed) as error:
                reason = str(error)
            except Exception as error:
                log.exception("reading topic %s failed", topic.name)
                reason = type(error).__name__
            self._lost(subject, topic, reason)
            failures = 1 if reading.has_heard else failures + 1
            await asyncio.sleep(_BACKOFF.delay(failures))

    def _lost(self, subject: Subject, topic: _Topic, reason: str) -> None:
        if self._counters.add("topics_lost"):
            log.warning("topic %s is not read: %s", topic.name, reason)
        if topic.reading.has_heard:
            self._say(subject, topic.reading, reason)
        topic.reading = _Reading()

    async def _read(self, reader: TopicReader, subject: Subject, opener: TopicOpener, reading: _Reading) -> None:
        assembler = ChangeAssembler(subject)
        heard_at = self._clock()
        while True:
            silent_until = heard_at + patience(reading.quiet, self._longest_interval)
            until = silent_until if reading.gap_until is None else min(silent_until, reading.gap_until)
            try:
                async with asyncio.timeout(max(0.0, until - self._clock())):
                    data = await reader.next()
            except TimeoutError:
                raise _Missed("nothing is heard" if reading.gap_until is None else reading.gap) from None
            try:
                change = assembler.add(opener.open(data))
            except NotOpened as error:
                self._not_opened(subject, reading, error)
                continue
            except MalformedMessage as error:
                if self._counters.add("topic_messages_refused"):
                    log.error("a message of a topic is refused: %s", error)
                continue
            if change is not None and change.log_id == self._log_id:
                heard_at = self._clock()
                await self._take_change(subject, reading, change.change)

    def _not_opened(self, subject: Subject, reading: _Reading, error: NotOpened) -> None:
        """Something may have been in it: a host that learns by the topic falls back as when something is missing."""
        if self._counters.add("topic_messages_not_opened"):
            log.warning("a message of a topic cannot be opened: %s", error)
        if reading.has_heard and self.feeds.is_by_topic(subject):
            self._begin_gap(reading, "something cannot be opened")

    def _begin_gap(self, reading: _Reading, what: str) -> None:
        if reading.gap_until is None:
            reading.gap, reading.gap_until = what, self._clock() + random.uniform(*_GAP_SECONDS)

    async def _take_change(self, subject: Subject, reading: _Reading, change: GoalStateDelta) -> None:
        reading.seen = max(reading.seen, change.revision)
        reading.quiet = 0 if change.base_revision < change.revision else (reading.quiet or 0) + 1
        if not reading.has_heard:
            reading.has_heard = True
            self._say(subject, reading)
            if not self.feeds.is_by_topic(subject):
                return
        reading.held.append(change)
        reading.held_items += 1 + change.item_count()
        if reading.held_items > _MOST_HELD and not self.feeds.is_by_topic(subject):
            raise _Missed("the controller does not answer")
        await self._take_held(subject, reading)

    async def _take_held(self, subject: Subject, reading: _Reading) -> None:
        """Take what follows on what the host has, if it learns of the subject by topic."""
        while self.feeds.is_by_topic(subject) and (change := self._next(subject, reading)) is not None:
            delta = self.feeds.take_change(subject, change, self._applied)
            self._counters.add("topic_changes_taken")
            await self._hand_on_read(delta)
        if not self.feeds.is_by_topic(subject):
            return
        if not reading.held:
            reading.held_items, reading.gap_until = 0, None
        else:
            self._begin_gap(reading, "something is missing")

    def _next(self, subject: Subject, reading: _Reading) -> GoalStateDelta | None:
        """The first of those held that follows; what the host has is dropped."""
        judged = [(self.feeds.judge(subject, change), change) for change in reading.held]
        reading.held = [change for news, change in judged if news is not News.OLD]
        for news, change in judged:
            if news is News.NEXT:
                reading.held.remove(change)
                return change
        return None
