"""Which hosts are told of what by its topic, and how they come to be and cease to be.

A host reads the topic first, and says so. From a revision of its own on its goal states then say nothing of the
subject (model.subjects); what follows on that revision reaches it by the topic. Where it does not, the host says up to
which revision it came, and is given what it missed, and all that follows, by goal states. A host that connects, or is
given everything anew, is told of all by goal states until it says that it reads.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from alcor.channels.interface import HostConnection
from alcor.channels.messages import Hello, TopicPosition
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.publishings import Publishings
from alcor.dpm.read_model import ReadModel
from alcor.dpm.shared_changes import SharedChanges
from alcor.model.goal_state import Feed, GoalStateDelta, Subject
from alcor.model.subjects import as_seen_by, removed_by, take_out

_REASONS = 20  # that are told apart in figures

Deliver = Callable[[HostConnection, GoalStateDelta], None]
Resync = Callable[[HostConnection, str], None]


class Topics:
    """Of one controller. Without ``publishing`` it has no hosts read topics, and takes on those that did."""

    def __init__(self, deliver: Deliver, resync: Resync, publishing: Publishings | None, metrics: DpmMetrics) -> None:
        self.fallen_back: Counter[str] = Counter()
        """How often hosts ceased to read topics, by the reason they gave."""
        self._metrics = metrics
        metrics.topics.set_function(lambda: len(self._model.queued))
        metrics.topic_hosts.set_function(self.fed)
        if publishing is not None:
            metrics.topic_turns.set_function(lambda: publishing.turns)
            metrics.topic_messages.set_function(lambda: publishing.published)
            metrics.topic_lost.set_function(lambda: publishing.lost)
            metrics.topic_lag_seconds.set_function(publishing.lag_seconds)
        self._deliver, self._resync, self._publishing = deliver, resync, publishing
        self._model = ReadModel()
        self._changes = SharedChanges()
        self._interrupted: dict[str, set[Subject]] = {}  # by host that is away: of what its goal states said nothing
        self._waiting: dict[tuple[str, Subject], tuple[HostConnection, TopicPosition]] = {}  # by host

    def loaded(self, model: ReadModel) -> None:
        """This is what is known from now on."""
        self._model = model
        self._changes.clear()
        self._interrupted.clear()
        self._waiting.clear()
        self.follow()

    def changed(self, shared: Mapping[Subject, GoalStateDelta]) -> None:
        """What an entry changed was taken into the model."""
        for subject, change in shared.items():
            self._changes.add(subject, change)
            if self._publishing is not None:
                self._publishing.publish(subject, change)

    def follow(self) -> None:
        """Between entries: have those read that waited for one, and forget what is of no more use."""
        for key, (connection, position) in list(self._waiting.items()):
            if position.seen <= self._model.revision:
                del self._waiting[key]
                self._feed(connection, position.subject)
        self._changes.forget_unneeded(self._model)
        if self._publishing is not None:
            self._publishing.follow(self._model, self._changes)

    def position(self, connection: HostConnection, position: TopicPosition) -> None:
        """A host says how it stands with a topic; it has been given all up to the model's revision."""
        host_id, subject = connection.hello.host_id, position.subject
        self._waiting.pop((host_id, subject), None)
        if not self._model.is_told(host_id, subject):
            return
        silent_from = self._model.fed.end(subject, host_id)
        if silent_from is not None:
            if not position.subscribed:
                self._count_fallback(position.reason)
            # What waits for the host to take it may lead no further than to where its goal states fell silent.
            since = position.revision if position.by_topic else min(position.revision, silent_from)
            missed = self._missed(subject, host_id, since)
            if missed is None:
                self._resync(connection, "topic missed")
                return
            self._deliver(connection, missed)
        if position.subscribed and self._model.is_queued(subject) and self._publishing is not None:
            if position.seen <= self._model.revision:
                self._feed(connection, subject)
            else:
                self._waiting[host_id, subject] = connection, position

    def _count_fallback(self, reason: str) -> None:
        known = reason in self.fallen_back or len(self.fallen_back) < _REASONS
        counted = reason if known else "other"
        self.fallen_back[counted] += 1
        self._metrics.topic_fallbacks.labels(counted).inc()

    def fed(self) -> int:
        """How many hosts learn by topic, counted for each."""
        return sum(len(self._model.fed.of(subject)) for subject in self._model.queued)

    def _feed(self, connection: HostConnection, subject: Subject) -> None:
        host_id, revision = connection.hello.host_id, self._model.revision
        if self._model.is_queued(subject) and self._model.is_told(host_id, subject):
            self._model.fed.begin(subject, host_id, revision)
            feed = Feed(True, revision, self._model.nodes[host_id].host_index)
            self._deliver(connection, GoalStateDelta(revision=revision, feeds={subject: feed}))

    def _missed(self, subject: Subject, host_id: str, since: int) -> GoalStateDelta | None:
        """What a host missed, with which it is told by goal states again; None when that is not known."""
        change = self._changes.since(self._model, subject, since)
        if change is None:
            return None
        delta = as_seen_by(self._model.nodes[host_id].host_index, change)
        delta.base_revision, delta.revision = 0, self._model.revision
        delta.feeds[subject] = Feed(False, delta.revision)
        return delta

    # Connections.

    def disconnected(self, host_id: str) -> None:
        """The host is away, or connects anew: what it may miss from now on is kept for it as for others."""
        self._forget_waiting(host_id)
        if silent := self._model.fed.end_host(host_id):
            self._interrupted.setdefault(host_id, set()).update(silent)

    def released(self, host_id: str) -> None:
        """Nothing is kept for the host any more."""
        self._interrupted.pop(host_id, None)

    def everything_taken(self, host_id: str) -> None:
        """The host is given everything anew, and all that follows."""
        self._forget_waiting(host_id)
        self._model.fed.end_host(host_id)
        self._interrupted.pop(host_id, None)

    def _forget_waiting(self, host_id: str) -> None:
        for key in [key for key in self._waiting if key[0] == host_id]:
            del self._waiting[key]

    def catch_up(self, hello: Hello, missed: GoalStateDelta | None) -> list[GoalStateDelta] | None:
        """What a host missed that is back, from what it missed but for topics; None when it needs everything."""
        host_id = hello.host_id
        revisions = {subject: feed.revision for subject, feed in hello.feeds.items()}
        for subject in self._interrupted.pop(host_id, ()):
            revisions.setdefault(subject, hello.applied_revision)
        deltas = [] if missed is None else [missed]
        for subject, revision in revisions.items():
            if not self._model.is_told(host_id, subject):
                continue
            if missed is not None and subject in removed_by(missed):
                continue
            again = self._missed(subject, host_id, revision)
            if again is None:
                return None
            if missed is not None:
                take_out(missed, subject)
                missed.feeds.pop(subject, None)
            deltas.append(again)
        return [delta for delta in deltas if not delta.is_empty()]

    def as_told(self, hello: Hello) -> list[GoalStateDelta]:
        """For a host that has everything: that it is told of all by goal states from now on."""
        self._interrupted.pop(hello.host_id, None)
        revision = self._model.revision
        told = (subject for subject in hello.feeds if self._model.is_told(hello.host_id, subject))
        feeds = {subject: Feed(False, revision) for subject in told}
        return [GoalStateDelta(revision=revision, feeds=feeds)] if feeds else []

    def is_ahead(self, hello: Hello) -> bool:
        """Whether the host has read of topics what is not known here yet."""
        return any(feed.revision > self._model.revision for feed in hello.feeds.values())

    def knows_itself(self, hello: Hello) -> bool:
        """Whether what the host takes out of what it reads is its own."""
        node = self._model.nodes.get(hello.host_id)
        return node is None or {feed.host_index for feed in hello.feeds.values()} <= {0, node.host_index}


def settled(model: ReadModel, host_id: str, revision: int, feeds: Mapping[Subject, Feed]) -> bool:
    """Whether all that was published last has reached the host, and no more than is known here.

    ``feeds`` are those of what it has at another revision than ``revision``.
    """
    for subject in feeds.keys() | model.fed.of_host(host_id):
        if not model.is_told(host_id, subject):
            continue
        at = feeds[subject].revision if subject in feeds else revision
        if not model.fed.changed_at(subject) <= at <= model.revision:
            return False
    return True
