"""The Data Plane Manager: follows the change log, tells every connected host what changed, and hears what came of it.

Several controllers on one database each follow the log and serve the agents connected to them: what a change means is
worked out only for these. Everything but reading and writing the store happens on one event loop.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial

from alcor.channels.cells import ONE_QUEUE, Cells
from alcor.channels.interface import HostConnection
from alcor.channels.messages import (
    Acknowledgement,
    GoalStateDigest,
    HostHealth,
    PortReport,
    ResyncRequest,
    TopicPosition,
)
from alcor.channels.topic_keys import TopicKeySchedule
from alcor.channels.topics import TopicQueue
from alcor.dpm.balancing import Balancing
from alcor.dpm.compiler import Compiled
from alcor.dpm.drift import Compared, compare
from alcor.dpm.failures import Failures
from alcor.dpm.follower import Follower
from alcor.dpm.following import Following
from alcor.dpm.goal_states import ports_again, snapshot
from alcor.dpm.holding import Everything, Holding, ServedHosts
from alcor.dpm.host_health import HostsHealth
from alcor.dpm.host_writer import HostWriter
from alcor.dpm.lag import Lag
from alcor.dpm.liveness import Liveness
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.probe_targets import ProbeTargeting
from alcor.dpm.read_model import ReadModel
from alcor.dpm.reports import reported_statuses
from alcor.dpm.serving import Serving
from alcor.dpm.settings import DpmSettings
from alcor.dpm.trimming import keep_trimmed
from alcor.model.errors import conflict, not_found
from alcor.model.goal_state import GoalStateDelta
from alcor.model.identifiers import Id, id_text
from alcor.services.hosts.relay_secret import relay_secret
from alcor.store.store import Store

log = logging.getLogger(__name__)

_WAIT_SECONDS = 5.0
_LOST_REMEMBERED = 1000


class DataPlaneManager:
    """One controller's Data Plane Manager: a channels.interface.ChannelListener."""

    def __init__(
        self,
        store: Store,
        controller_id: str,
        settings: DpmSettings | None = None,
        metrics: DpmMetrics | None = None,
        queues: Sequence[TopicQueue] = (),
        cells: Cells = ONE_QUEUE,
        topic_keys: TopicKeySchedule | None = None,
    ) -> None:
        """``queues`` carry topics to hosts of their cells, sealed with ``topic_keys`` if there are any; without any,
        hosts are told all by goal states.
        """
        self.controller_id = controller_id
        self.lag = Lag()
        self.lost: dict[str, float] = {}
        """The hosts lost last and not back here, with the time (seconds since the epoch)."""
        self._store = store
        self._settings = settings or DpmSettings()
        self._metrics = metrics or DpmMetrics()
        self._holding: Holding = Everything() if self._settings.holds_everything else ServedHosts()
        self._model = ReadModel(served=set())
        self._followers: list[Follower] = []
        self._loaded = False
        self._relay_secret = b""
        self.relayed: dict[str, str] = {}
        """Hosts connected here that others lead here: host → the one that does."""
        self._serving = Serving(
            store.log_id,
            queues,
            cells,
            self._settings.topic_interval,
            self._metrics,
            lambda host_id: self._holding.has(self._model, host_id),
            self.reported,
            topic_keys,
        )
        self.pending = self._serving.pending
        self.topics = self._serving.topics
        self.publishing = self._serving.publishing
        self._following = Following(self._read_on, self._wait, self._reload, lambda: self.revision)
        self._writer = HostWriter(store, controller_id, self._metrics, self._hosts_lost)
        self._liveness = Liveness(
            store,
            self._writer,
            controller_id,
            self._settings.host_grace,
            self._host_given_up,
            self._perhaps_given_up,
        )
        self._probes = ProbeTargeting(
            self._serving.connections,
            lambda: self._model,
            self._settings.probe_interval,
            self._settings.probe_bytes,
            lambda: self._relay_secret,
        )
        self._health = HostsHealth(self._writer, self._metrics, self._probes.host_id)
        self._balancing = Balancing(
            store,
            controller_id,
            self._serving.connections,
            self._metrics,
            self._liveness.beat_interval,
            self._settings.moves_per_second,
        )
        self.failures = Failures(self._metrics, lambda port_id, host_id: self._model.is_bound(port_id, host_id))
        self._metrics.pending_hosts.set_function(lambda: len(self.pending))
        self._metrics.relayed_hosts.set_function(lambda: len(self.relayed))
        self._metrics.oldest_pending_seconds.set_function(self.oldest_pending_seconds)
        self._metrics.log_lag_seconds.set_function(lambda: self.lag.seconds(time.monotonic()))

    def not_ready(self) -> str | None:
        """Why hosts cannot be served yet, or None when they can."""
        return None if self._loaded else "the Data Plane Manager is still reading the database"

    async def load(self) -> None:
        """Read what is held from the tables. To be called before any host connects."""
        self._relay_secret = self._relay_secret or await self._store.write(relay_secret)
        self._model = await self._store.read(self._holding.load)
        self._serving.loaded(self._model)
        self.lag.compiled(self.revision)
        self._loaded = True
        model = self._model
        log.info("read %d ports of %d VPCs at revision %d", len(model.ports), len(model.vpcs), self.revision)

    def follow(self, follower: Follower) -> None:
        """Tell somebody else of every entry, once hosts have been told."""
        self._followers.append(follower)

    @property
    def trouble(self) -> str:
        """Why the change log is not followed at the moment; empty when it is."""
        return self._following.trouble

    @property
    def model(self) -> ReadModel:
        """What is known as of the revision; another after everything was read anew."""
        return self._model

    @property
    def connected_hosts(self) -> int:
        """How many hosts are connected to this controller."""
        return len(self._serving.connections)

    def oldest_pending_seconds(self) -> float:
        """How long the longest of the pending hosts has owed an acknowledgement; 0 when there are none."""
        since = self.pending.oldest_since()
        return 0.0 if since is None else time.monotonic() - since

    @property
    def revision(self) -> int:
        """The position in the change log up to which hosts have been told."""
        return self._model.revision

    async def run(self) -> None:
        """Follow the log for ever; survives a database that is away for a while."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._writer.run())
            tasks.create_task(self._liveness.run())
            tasks.create_task(self._balancing.run())
            tasks.create_task(keep_trimmed(self._store, self._settings.trim_interval, self._settings.kept_log_entries))
            if self.publishing is not None:
                tasks.create_task(self.publishing.run())
            tasks.create_task(self._following.run())
            tasks.create_task(self._probes.run())
            tasks.create_task(self._serving.keys.run())

    async def retire(self) -> bool:
        """This controller is about to stop; returns whether there are others that its hosts can go on to."""
        return await self._balancing.retire()

    async def let_hosts_go(self, seconds: float) -> None:
        """Let all hosts go, one after the other over so many seconds. They may not come back here."""
        await self._balancing.let_all_go(seconds)

    # The way down.

    async def _read_on(self) -> bool:
        arriving = self._serving.arrivals.first()
        hosts = {connection.hello.host_id for connection in arriving}
        batch = await self._store.read(partial(self._holding.read, model=self._model, hosts=hosts))
        self.lag.seen(batch.head, time.monotonic())
        self._metrics.log_lag.set(batch.head - self.revision)
        for position, compiled in self._holding.take_in(self._model, batch):
            self._distribute(position, compiled)
            await asyncio.sleep(0)
        self._metrics.log_lag.set(batch.head - self.revision)
        if self.revision >= batch.head:
            self._serving.welcome(arriving, batch.newcomers)
        self._holding.release(self._model, self._serving.release())
        self.topics.follow()
        return bool(batch.entries or arriving)

    async def _wait(self) -> None:
        """Return when there may be entries, or hosts have come, or after a while."""
        entries = asyncio.ensure_future(self._store.wait_for_entries(self.revision, _WAIT_SECONDS))
        hosts = asyncio.ensure_future(self._serving.arrivals.came.wait())
        try:
            await asyncio.wait((entries, hosts), return_when=asyncio.FIRST_COMPLETED)
            if entries.done():
                entries.result()
        finally:
            entries.cancel()
            hosts.cancel()
            await asyncio.gather(entries, hosts, return_exceptions=True)

    def _distribute(self, position: int, compiled: Compiled) -> None:
        for host_id, delta in compiled.deltas.items():
            self.failures.forget(host_id, delta.removed_ports)
        self._serving.distribute(position, compiled)
        for follower in self._followers:
            follower.compiled(compiled)
        self.lag.compiled(position)

    async def _reload(self) -> None:
        await self.load()
        for follower in self._followers:
            follower.reloaded()
        self._serving.begin_anew()

    def retry(self, host_id: str, port_id: Id | None = None) -> list[Id] | None:
        """Have a host try one of its ports again at once, or all that it could not program.

        A host programs whatever port it is given, changed or not. Returns the ports it was given; None when the host
        is not connected here. Raises AlcorError when it does not have the port (404), or this controller has not
        caught up with it (409).
        """
        connection = self._serving.connections.get(host_id)
        if connection is None:
            return None
        if connection in self._serving.arrivals:
            raise conflict(
                "ControllerBehind", f"This controller has not caught up with host {host_id} yet: try again in a moment."
            )
        wanted = self.failures.of_host(host_id).keys() if port_id is None else {port_id}
        again = ports_again(self._model, host_id, wanted)
        if port_id is not None and not again.ports:
            raise not_found("port", f"{id_text(port_id)} on host {host_id}")
        self._metrics.retries.inc(len(again.ports))
        if again.ports:
            self._serving.deliver(connection, again)
        return list(again.ports)

    # The way up: channels.interface.ChannelListener.

    def host_connected(self, connection: HostConnection) -> None:
        """The host gets what it missed, or everything, as soon as that is known here."""
        hello = connection.hello
        self._liveness.connected(connection)
        self.lost.pop(hello.host_id, None)
        self.relayed.pop(hello.host_id, None)
        if hello.relayed_by:
            self.relayed[hello.host_id] = hello.relayed_by
            log.warning("host %s is led here by host %s", hello.host_id, hello.relayed_by)
        log.info("host %s connected at revision %d", hello.host_id, hello.applied_revision)
        if hello.host_id not in self._model.nodes:
            log.warning("host %s is not a known node: create it, so that its ports can be bound", hello.host_id)
        self._serving.connected(connection)
        self._probes.connected(hello.host_id)

    def host_disconnected(self, connection: HostConnection) -> None:
        """The host has the grace to come back."""
        host_id = connection.hello.host_id
        self._liveness.disconnected(connection)
        if self._serving.disconnected(connection):
            self._health.gone(host_id)
            self._probes.disconnected(host_id)
            self.relayed.pop(host_id, None)
            log.info("host %s disconnected", host_id)

    def snapshot(self, connection: HostConnection) -> GoalStateDelta:
        """Everything the host should have now."""
        self.topics.everything_taken(connection.hello.host_id)
        return snapshot(self._model, connection.hello.host_id)

    def acknowledged(self, connection: HostConnection, acknowledgement: Acknowledgement, seconds: float) -> None:
        """The host has taken a goal state. What of its ports became UP comes in reports."""
        self._metrics.acknowledgement_seconds.observe(seconds)
        self.pending.acknowledged(connection)
        if acknowledgement.failures and self._serving.is_current(connection):
            self.failures.acknowledged(connection.hello.host_id, acknowledgement.failures)

    def reported(self, connection: HostConnection, report: PortReport) -> None:
        """The host says how its ports do; a stream that was replaced has no say any more."""
        host_id = connection.hello.host_id
        if not self._serving.is_current(connection):
            return
        if connection in self._serving.arrivals:
            self._serving.arrivals[connection].reports.append(report)
            return
        self.failures.reported(host_id, report)
        session, as_of = self._liveness.session(connection), partial(self._serving.as_of, connection)
        self._writer.report(reported_statuses(self._model, session, report, as_of))

    def digested(self, connection: HostConnection, digest: GoalStateDigest) -> None:
        """The host says what it has: where that is not what it should have, it gets everything."""
        if not self._serving.is_current(connection):
            return
        self._liveness.heard(connection)
        if connection in self._serving.arrivals:
            return
        compared = compare(self._model, connection, digest)
        self._metrics.digests.labels(compared.value).inc()
        if compared is Compared.DIFFERENT:
            self._serving.resync(connection, "drift")

    def health_heard(self, connection: HostConnection, health: HostHealth) -> None:
        """The host says how it does."""
        if self._serving.is_current(connection):
            self._health.heard(connection.hello.host_id, health)

    def topic_position(self, connection: HostConnection, position: TopicPosition) -> None:
        """The host says how it stands with a topic."""
        if self._serving.is_current(connection):
            self._serving.position(connection, position)

    def resync_requested(self, connection: HostConnection, request: ResyncRequest) -> None:
        """The host cannot go on: it gets everything."""
        log.warning(
            "host %s asks for everything anew at revision %d: %s",
            connection.hello.host_id,
            request.applied_revision,
            request.reason,
        )
        self._serving.resync(connection, "asked for")

    def _perhaps_given_up(self, connection: HostConnection) -> None:
        """This controller gave no sign of life: others may have taken back what was written of its hosts."""
        self._serving.resync(connection, "silence")
        self._health.write_again(connection.hello.host_id)

    def _host_given_up(self, host_id: str) -> None:
        if host_id not in self._serving.connections:
            self.failures.forget_host(host_id)
            self._serving.give_up(host_id)

    def _hosts_lost(self, hosts: list[str]) -> None:
        self._metrics.lost_hosts.inc(len(hosts))
        for host_id in hosts:
            log.warning("host %s is lost: its ports are DOWN", host_id)
            if host_id not in self._serving.connections:
                self.lost[host_id] = time.time()
        for host_id in list(self.lost)[:-_LOST_REMEMBERED]:
            del self.lost[host_id]
