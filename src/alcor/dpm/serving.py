"""The hosts that are connected: they come, catch up, and from then on are given what changes for them."""

import time
from collections.abc import Callable, Collection, Sequence

from alcor.channels.cells import Cells
from alcor.channels.interface import HostConnection
from alcor.channels.messages import Hello, PortReport, TopicPosition
from alcor.channels.topic_keys import TopicKeySchedule
from alcor.channels.topic_sealing import SealedTopics
from alcor.channels.topics import TopicQueue
from alcor.dpm.arrivals import Arrivals
from alcor.dpm.compiler import Compiled
from alcor.dpm.drift import has_everything
from alcor.dpm.history import History
from alcor.dpm.key_telling import KeyTelling
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.pending import Pending
from alcor.dpm.publishings import Publishings
from alcor.dpm.read_model import ReadModel
from alcor.dpm.topics import Topics
from alcor.model.goal_state import GoalStateDelta
from alcor.model.subjects import topics_in


class Serving:
    """Of one controller."""

    def __init__(
        self,
        log_id: bytes,
        queues: Sequence[TopicQueue],
        cells: Cells,
        topic_interval: int,
        metrics: DpmMetrics,
        is_held: Callable[[str], bool],
        reported: Callable[[HostConnection, PortReport], None],
        topic_keys: TopicKeySchedule | None = None,
    ) -> None:
        """``is_held`` says whether a host's ports are in the model; ``reported`` is told what a host that had to wait
        reported meanwhile. With ``topic_keys`` what is published is sealed.
        """
        self.connections: dict[str, HostConnection] = {}
        self.arrivals = Arrivals()
        """Those that are connected and not served yet."""
        self.pending = Pending()
        self.keys = KeyTelling(self.connections, lambda: self._model, topic_keys)
        if topic_keys is not None:
            queues = [SealedTopics(queue, topic_keys) for queue in queues]
        self.publishing = Publishings(queues, cells, log_id, topic_interval) if queues else None
        self.topics = Topics(self.deliver, self.resync, self.publishing, metrics)
        self._log_id, self._metrics, self._is_held, self._reported = log_id, metrics, is_held, reported
        self._model = ReadModel(served=set())
        self._history = History(0)
        self._released: set[str] = set()  # hosts that are not to be served any more
        self._had_everything: dict[HostConnection, int] = {}  # without being told: at which revision

    def loaded(self, model: ReadModel) -> None:
        """This is what is known from now on."""
        self._model = model
        self._history = History(model.revision)
        self.topics.loaded(model)

    def begin_anew(self) -> None:
        """Entries were missed: all hosts need everything."""
        for connection in self.connections.values():
            self.arrivals.add(connection, resync="reload")

    def is_current(self, connection: HostConnection) -> bool:
        """Whether this is the host's connection: one that was replaced has no say any more."""
        return self.connections.get(connection.hello.host_id) is connection

    # They come and go.

    def connected(self, connection: HostConnection) -> None:
        """The host gets what it missed, or everything, as soon as that is known here."""
        hello = connection.hello
        self.topics.disconnected(hello.host_id)
        self.connections[hello.host_id] = connection
        self._metrics.connected_hosts.set(len(self.connections))
        if self._must_wait(hello):
            self.arrivals.add(connection)
        else:
            self._serve(connection)

    def _must_wait(self, hello: Hello) -> bool:
        """Whether something has to be read first: the host's ports, or what another controller told it already."""
        return not self._is_held(hello.host_id) or (hello.log_id == self._log_id and self._is_ahead(hello))

    def _is_ahead(self, hello: Hello) -> bool:
        return hello.applied_revision > self._model.revision or self.topics.is_ahead(hello)

    def disconnected(self, connection: HostConnection) -> bool:
        """Returns whether the host is away now, and not connected anew."""
        host_id = connection.hello.host_id
        self.arrivals.discard(connection)
        self.pending.gone(connection)
        self._had_everything.pop(connection, None)
        if not self.is_current(connection):
            return False
        self.topics.disconnected(host_id)
        del self.connections[host_id]
        self._metrics.connected_hosts.set(len(self.connections))
        return True

    def give_up(self, host_id: str) -> None:
        """The host has been away for too long: nothing is to be kept for it any more."""
        self._released.add(host_id)

    def release(self) -> list[str]:
        """Forget those that were given up; returns which. Only between two reads, which rely on what is held."""
        gone = [host_id for host_id in self._released if host_id not in self.connections]
        self._released.clear()
        for host_id in gone:
            self._history.forget(host_id)
            self.topics.released(host_id)
        return gone

    # They catch up.

    def welcome(self, arriving: list[HostConnection], newcomers: Collection[str]) -> None:
        """Everything up to the head of the log has been read, and so has what newcomers need."""
        for host_id in newcomers:
            self._history.begin(host_id, self._model.revision)
        for connection in arriving:
            if connection not in self.arrivals or not self._is_held(connection.hello.host_id):
                continue
            arrival = self.arrivals[connection]
            self.arrivals.discard(connection)
            self._serve(connection, arrival.resync)
            for report in arrival.reports:
                self._reported(connection, report)
            for position in arrival.positions.values():
                self.topics.position(connection, position)

    def _serve(self, connection: HostConnection, resync: str = "") -> None:
        """Give the host what it missed, or everything."""
        hello = connection.hello
        self._released.discard(hello.host_id)
        served = self._model.served
        if served is not None and hello.host_id not in served:
            served.add(hello.host_id)
            self._history.begin(hello.host_id, self._model.revision)
        if resync:
            self.resync(connection, resync)
        elif hello.log_id != self._log_id:
            self.resync(connection, "another change log" if hello.log_id else "new host")
        elif self._is_ahead(hello):
            self.resync(connection, "ahead of the change log")
        elif (missed := self._missed(connection)) is None:
            self.resync(connection, "too long away")
        else:
            for delta in missed:
                self.deliver(connection, delta)
        self.keys.tell(connection)

    def _missed(self, connection: HostConnection) -> list[GoalStateDelta] | None:
        """What leads the host to what it should have; None when it needs everything."""
        hello, deltas = connection.hello, None
        if not self.topics.knows_itself(hello):
            return None
        if self._history.covers(hello.host_id, hello.applied_revision):
            deltas = self.topics.catch_up(hello, self._history.since(hello.host_id, hello.applied_revision))
        if deltas is None and has_everything(self._model, hello):
            self._had_everything[connection] = self._model.revision
            deltas = self.topics.as_told(hello)
        return deltas

    def as_of(self, connection: HostConnection, revision: int) -> int:
        """The latest revision for which what the host says of its ports at one holds.

        One that came with everything it should have need not be told what it missed: a port may have left it and come
        back meanwhile, and is there as it should be.
        """
        if revision > connection.hello.applied_revision:
            return revision
        return max(revision, self._had_everything.get(connection, 0))

    def position(self, connection: HostConnection, position: TopicPosition) -> None:
        """The host says how it stands with a topic."""
        if connection in self.arrivals:
            self.arrivals[connection].positions[position.subject] = position
        else:
            self.topics.position(connection, position)
            if not position.subscribed:
                self.keys.tell(connection)  # it may be for want of one

    # They are given what changes.

    def distribute(self, position: int, compiled: Compiled) -> None:
        """Give hosts what the entry at this position of the log means for them."""
        self._history.add(position, compiled.deltas, compiled.resync)
        self.topics.changed(compiled.shared)
        for host_id, delta in compiled.deltas.items():
            connection = self.connections.get(host_id)
            if connection is not None and connection not in self.arrivals:
                self.deliver(connection, delta)
        for host_id in compiled.resync:
            connection = self.connections.get(host_id)
            if connection is not None and connection not in self.arrivals:
                self.resync(connection, "programming changed")

    def deliver(self, connection: HostConnection, delta: GoalStateDelta) -> None:
        """Give the host a delta."""
        self._metrics.deltas.inc()
        self.pending.given(connection, time.monotonic())
        connection.deliver(delta)
        if topics_in(delta):
            self.keys.tell(connection)

    def resync(self, connection: HostConnection, reason: str) -> None:
        """Give the host everything, as soon as it is served."""
        if connection in self.arrivals:
            self.arrivals[connection].resync = reason
            return
        self._metrics.resyncs.labels(reason).inc()
        self.pending.given(connection, time.monotonic())
        connection.resync()
        self.keys.tell(connection)
