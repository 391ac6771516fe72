"""Which hosts are told of neighbours by the topics of their VPCs, and how they come to be and cease to be.

A host reads the topic first, and says so. From a revision of its own on its goal states then say nothing of the VPC's
neighbours; what follows on that revision reaches it by the topic. Where it does not, the host says up to which revision
it came, and is given what it missed, and all that follows, by goal states. A host that connects, or is given
everything anew, is told of all neighbours by goal states until it says that it reads.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from alcor.channels.interface import HostConnection
from alcor.channels.messages import Hello, TopicPosition
from alcor.dpm.compiler import SharedChange
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.publishing import Publishing
from alcor.dpm.read_model import ReadModel, VpcModel
from alcor.dpm.vpc_history import VpcHistory
from alcor.model.goal_state import Feed, GoalStateDelta, without_own
from alcor.model.identifiers import Id

_REASONS = 20  # that are told apart in figures

Deliver = Callable[[HostConnection, GoalStateDelta], None]
Resync = Callable[[HostConnection, str], None]


class Topics:
    """Of one controller. Without ``publishing`` it has no hosts read topics, and takes on those that did."""

    def __init__(self, deliver: Deliver, resync: Resync, publishing: Publishing | None, metrics: DpmMetrics) -> None:
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
        self._histories: dict[Id, VpcHistory] = {}
        self._interrupted: dict[str, set[Id]] = {}  # by host that is away: of which VPCs its goal states said nothing
        self._waiting: dict[tuple[str, int], tuple[HostConnection, TopicPosition]] = {}  # by host and VNI

    def loaded(self, model: ReadModel) -> None:
        """This is what is known from now on."""
        self._model = model
        self._histories.clear()
        self._interrupted.clear()
        self._waiting.clear()
        self.follow()

    def changed(self, shared: Mapping[Id, SharedChange]) -> None:
        """What an entry changed was taken into the model."""
        for vpc_id, change in shared.items():
            self._histories.setdefault(vpc_id, VpcHistory()).add(change)
            if self._publishing is not None:
                self._publishing.publish(vpc_id, change)

    def follow(self) -> None:
        """Between entries: have those read that waited for one, and forget what is of no more use."""
        for key, (connection, position) in list(self._waiting.items()):
            if position.seen <= self._model.revision:
                del self._waiting[key]
                self._feed(connection, position.vni)
        model = self._model
        for vpc_id in [each for each in self._histories if each not in model.queued and not self._is_read(each)]:
            del self._histories[vpc_id]
        if self._publishing is not None:
            self._publishing.follow(model, self._histories)

    def _is_read(self, vpc_id: Id) -> bool:
        vpc = self._model.vpcs.get(vpc_id)
        return vpc is not None and bool(vpc.fed)

    def position(self, connection: HostConnection, position: TopicPosition) -> None:
        """A host says how it stands with a topic; it has been given all up to the model's revision."""
        host_id = connection.hello.host_id
        self._waiting.pop((host_id, position.vni), None)
        vpc = self._vpc(host_id, position.vni)
        if vpc is None:
            return
        silent_from = vpc.fed.pop(host_id, None)
        if silent_from is not None:
            if not position.subscribed:
                self._count_fallback(position.reason)
            # What waits for the host to take it may lead no further than to where its goal states fell silent.
            since = position.revision if position.by_topic else min(position.revision, silent_from)
            missed = self._missed(vpc, host_id, since)
            if missed is None:
                self._resync(connection, "topic missed")
                return
            self._deliver(connection, missed)
        if position.subscribed and vpc.queued and self._publishing is not None:
            if position.seen <= self._model.revision:
                self._feed(connection, position.vni)
            else:
                self._waiting[host_id, position.vni] = connection, position

    def _count_fallback(self, reason: str) -> None:
        known = reason in self.fallen_back or len(self.fallen_back) < _REASONS
        counted = reason if known else "other"
        self.fallen_back[counted] += 1
        self._metrics.topic_fallbacks.labels(counted).inc()

    def fed(self) -> int:
        """How many hosts learn by topic, counted for each VPC."""
        vpcs = (self._model.vpcs.get(vpc_id) for vpc_id in self._model.queued)
        return sum(len(vpc.fed) for vpc in vpcs if vpc is not None)

    def _vpc(self, host_id: str, vni: int) -> VpcModel | None:
        """The VPC, if the host has any business with its topic."""
        vpc = self._model.vpcs.get(self._model.vnis.get(vni, b""))
        known = vpc is not None and not vpc.on_demand and host_id in vpc.hosts and host_id in self._model.nodes
        return vpc if known else None

    def _feed(self, connection: HostConnection, vni: int) -> None:
        host_id, revision = connection.hello.host_id, self._model.revision
        vpc = self._vpc(host_id, vni)
        if vpc is not None and vpc.queued:
            vpc.fed[host_id] = revision
            feed = Feed(True, revision, self._model.nodes[host_id].host_index)
            self._deliver(connection, GoalStateDelta(revision=revision, feeds={vni: feed}))

    def _missed(self, vpc: VpcModel, host_id: str, since: int) -> GoalStateDelta | None:
        """What a host missed of a VPC, with which it is told by goal states again; None when that is not known."""
        assert vpc.record is not None
        change = self._histories.get(vpc.id, VpcHistory()).since(since, vpc.changed_at)
        if change is None:
            return None
        vni, revision = vpc.record.vni, self._model.revision
        delta = GoalStateDelta(revision=revision, feeds={vni: Feed(False, revision)})
        seen = without_own(change, self._model.nodes[host_id].host_index)
        if not seen.is_empty():
            delta.neighbours[vni] = seen
        return delta

    # Connections.

    def disconnected(self, host_id: str) -> None:
        """The host is away, or connects anew: what it may miss from now on is kept for it as for others."""
        self._forget_waiting(host_id)
        if silent := self._model.unfeed(host_id):
            self._interrupted.setdefault(host_id, set()).update(silent)

    def released(self, host_id: str) -> None:
        """Nothing is kept for the host any more."""
        self._interrupted.pop(host_id, None)

    def everything_taken(self, host_id: str) -> None:
        """The host is given everything anew, and all that follows."""
        self._forget_waiting(host_id)
        self._model.unfeed(host_id)
        self._interrupted.pop(host_id, None)

    def _forget_waiting(self, host_id: str) -> None:
        for key in [key for key in self._waiting if key[0] == host_id]:
            del self._waiting[key]

    def catch_up(self, hello: Hello, missed: GoalStateDelta | None) -> list[GoalStateDelta] | None:
        """What a host missed that is back, from what it missed but for topics; None when it needs everything."""
        host_id = hello.host_id
        revisions = {vni: feed.revision for vni, feed in hello.feeds.items()}
        for vpc_id in self._interrupted.pop(host_id, ()):
            record = self._model.vpcs[vpc_id].record if vpc_id in self._model.vpcs else None
            if record is not None:
                revisions.setdefault(record.vni, hello.applied_revision)
        deltas = [] if missed is None else [missed]
        for vni, revision in revisions.items():
            vpc = self._vpc(host_id, vni)
            if vpc is None or (missed is not None and vni in missed.removed_vpcs):
                continue
            again = self._missed(vpc, host_id, revision)
            if again is None:
                return None
            if missed is not None:
                missed.neighbours.pop(vni, None)
            deltas.append(again)
        return [delta for delta in deltas if not delta.is_empty()]

    def as_told(self, hello: Hello) -> list[GoalStateDelta]:
        """For a host that has everything: that it is told of all neighbours by goal states from now on."""
        self._interrupted.pop(hello.host_id, None)
        revision = self._model.revision
        feeds = {vni: Feed(False, revision) for vni in hello.feeds if self._vpc(hello.host_id, vni) is not None}
        return [GoalStateDelta(revision=revision, feeds=feeds)] if feeds else []

    def is_ahead(self, hello: Hello) -> bool:
        """Whether the host has read of topics what is not known here yet."""
        return any(feed.revision > self._model.revision for feed in hello.feeds.values())

    def knows_itself(self, hello: Hello) -> bool:
        """Whether what the host takes out of what it reads is its own."""
        node = self._model.nodes.get(hello.host_id)
        return node is None or {feed.host_index for feed in hello.feeds.values()} <= {0, node.host_index}


def settled(model: ReadModel, host_id: str, revision: int, feeds: Mapping[int, Feed]) -> bool:
    """Whether all that was published last has reached the host, and no more than is known here.

    ``feeds`` are, by VNI, those of VPCs whose neighbours it has at another revision than ``revision``.
    """
    for vpc_id in model.host_vpcs.get(host_id, ()):
        vpc = model.vpcs[vpc_id]
        feed = None if vpc.record is None else feeds.get(vpc.record.vni)
        if feed is None and host_id not in vpc.fed:
            continue
        if not vpc.changed_at <= (revision if feed is None else feed.revision) <= model.revision:
            return False
    return True
