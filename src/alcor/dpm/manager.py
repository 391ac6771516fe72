"""The Data Plane Manager: follows the change log, tells every connected host what changed, and hears what came of it.

Several controllers on one database each follow the whole log and serve the agents connected to them. Everything but
reading and writing the store happens on one event loop.
"""

import asyncio
import logging
import time
from functools import partial
from typing import Protocol

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from alcor.channels.interface import HostConnection
from alcor.channels.messages import Acknowledgement, GoalStateDigest, PortReport, ResyncRequest
from alcor.dpm.balancing import Balancing
from alcor.dpm.compiler import Compiled, compile_entry
from alcor.dpm.drift import Compared, compare, has_everything
from alcor.dpm.failures import Failures
from alcor.dpm.goal_states import ports_again, snapshot
from alcor.dpm.history import History
from alcor.dpm.host_writer import HostWriter
from alcor.dpm.lag import Lag
from alcor.dpm.liveness import Liveness
from alcor.dpm.loading import load
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.pending import Pending
from alcor.dpm.read_model import ReadModel
from alcor.dpm.reports import reported_statuses
from alcor.model.errors import conflict, not_found
from alcor.model.goal_state import GoalStateDelta
from alcor.model.identifiers import Id, id_text
from alcor.model.records import LogEntry
from alcor.store import change_log
from alcor.store.change_log import LogTrimmed
from alcor.store.snapshot import read_records
from alcor.store.store import Store

log = logging.getLogger(__name__)

_ENTRIES_AT_ONCE = 100
_WAIT_SECONDS = 5.0
_RETRY_SECONDS = 1.0
_LOST_REMEMBERED = 1000


class Follower(Protocol):
    """Somebody else who lives on the read model, on the same event loop."""

    def compiled(self, compiled: Compiled) -> None:
        """An entry was taken into the model, and this is what it means."""

    def reloaded(self) -> None:
        """The model was read anew: entries were missed."""


class DpmSettings(msgspec.Struct, frozen=True):
    """How the Data Plane Manager behaves."""

    host_grace: float = 15.0  # seconds a host may be away before its ports go DOWN
    kept_log_entries: int = 100_000
    trim_interval: float = 300.0  # seconds
    moves_per_second: int = 100  # hosts that are let go when others serve fewer


class DataPlaneManager:
    """One controller's Data Plane Manager: a channels.interface.ChannelListener."""

    def __init__(
        self, store: Store, controller_id: str, settings: DpmSettings | None = None, metrics: DpmMetrics | None = None
    ) -> None:
        self.controller_id = controller_id
        self.trouble = ""
        """Why the change log is not followed at the moment; empty when it is."""
        self.lag = Lag()
        self.pending = Pending()
        self.lost: dict[str, float] = {}
        """The hosts lost last and not back here, with the time (seconds since the epoch)."""
        self._store = store
        self._settings = settings or DpmSettings()
        self._metrics = metrics or DpmMetrics()
        self._model = ReadModel()
        self._history = History(0)
        self._followers: list[Follower] = []
        self._loaded = False
        self._connections: dict[str, HostConnection] = {}
        # Hosts that had applied more than was read here, and how much: told by another controller.
        self._ahead: dict[HostConnection, int] = {}
        self._writer = HostWriter(store, controller_id, self._metrics, self._hosts_lost)
        self._liveness = Liveness(
            store,
            self._writer,
            controller_id,
            self._settings.host_grace,
            self._host_given_up,
            partial(self._resync, reason="silence"),
        )
        self._balancing = Balancing(
            store,
            controller_id,
            self._connections,
            self._metrics,
            self._liveness.beat_interval,
            self._settings.moves_per_second,
        )
        self.failures = Failures(self._metrics, lambda port_id, host_id: self._model.is_bound(port_id, host_id))
        self._metrics.pending_hosts.set_function(lambda: len(self.pending))
        self._metrics.oldest_pending_seconds.set_function(self.oldest_pending_seconds)
        self._metrics.log_lag_seconds.set_function(lambda: self.lag.seconds(time.monotonic()))

    def not_ready(self) -> str | None:
        """Why hosts cannot be served yet, or None when they can."""
        return None if self._loaded else "the Data Plane Manager is still reading the database"

    async def load(self) -> None:
        """Read everything from the tables. To be called before any host connects."""
        self._model = await self._store.read(_load)
        self._history = History(self._model.revision)
        self.lag.compiled(self.revision)
        self._loaded = True
        log.info(
            "read %d ports of %d VPCs at revision %d", len(self._model.ports), len(self._model.vpcs), self.revision
        )

    def follow(self, follower: "Follower") -> None:
        """Tell somebody else of every entry, once hosts have been told."""
        self._followers.append(follower)

    @property
    def model(self) -> ReadModel:
        """What is known as of the revision; another after everything was read anew."""
        return self._model

    @property
    def connected_hosts(self) -> int:
        """How many hosts are connected to this controller."""
        return len(self._connections)

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
            tasks.create_task(self._trim())
            tasks.create_task(self._follow())

    async def retire(self) -> bool:
        """This controller is about to stop; returns whether there are others that its hosts can go on to."""
        return await self._balancing.retire()

    async def let_hosts_go(self, seconds: float) -> None:
        """Let all hosts go, one after the other over so many seconds. They may not come back here."""
        await self._balancing.let_all_go(seconds)

    # The way down.

    async def _follow(self) -> None:
        model_is_good = True
        while True:
            try:
                if not model_is_good:
                    await self._reload()
                    model_is_good = True
                await self._read_on()
            except LogTrimmed:
                self.trouble = f"the change log was trimmed past revision {self.revision}: reading everything anew"
                log.warning("%s", self.trouble)
                model_is_good = False
            except SQLAlchemyError as error:
                self.trouble = f"the change log cannot be read and is tried again: {str(error).splitlines()[0]}"
                log.error("%s", self.trouble)
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:
                self.trouble = f"an entry after revision {self.revision} could not be taken in: reading everything anew"
                log.exception("%s", self.trouble)
                model_is_good = False
                await asyncio.sleep(_RETRY_SECONDS)

    async def _read_on(self) -> None:
        ahead = list(self._ahead)
        head, entries = await self._store.read(partial(_read_on, after=self.revision))
        self.trouble = ""
        self.lag.seen(head, time.monotonic())
        self._metrics.log_lag.set(head - self.revision)
        for entry in entries:
            self._distribute(entry)
            await asyncio.sleep(0)
        self._metrics.log_lag.set(head - self.revision)
        if not entries:
            for connection in self._ahead.keys() & ahead:
                self._resync(connection, "ahead of the change log")
            await self._store.wait_for_entries(self.revision, _WAIT_SECONDS)

    def _distribute(self, entry: LogEntry) -> None:
        compiled = compile_entry(self._model, entry)
        self._history.add(entry.position, compiled.deltas, compiled.resync)
        for host_id, delta in compiled.deltas.items():
            self.failures.forget(host_id, delta.removed_ports)
            connection = self._connections.get(host_id)
            if connection is not None and self._ahead.get(connection, 0) < entry.position:
                self._deliver(connection, delta)
        for host_id in compiled.resync:
            if (connection := self._connections.get(host_id)) is not None:
                self._resync(connection, "programming changed")
        for follower in self._followers:
            follower.compiled(compiled)
        for caught_up in [ahead for ahead, revision in self._ahead.items() if revision <= entry.position]:
            del self._ahead[caught_up]
        self.lag.compiled(entry.position)

    async def _reload(self) -> None:
        await self.load()
        for follower in self._followers:
            follower.reloaded()
        for connection in self._connections.values():
            self._resync(connection, "reload")

    def _deliver(self, connection: HostConnection, delta: GoalStateDelta) -> None:
        self._metrics.deltas.inc()
        self.pending.given(connection, time.monotonic())
        connection.deliver(delta)

    def _resync(self, connection: HostConnection, reason: str) -> None:
        self._metrics.resyncs.labels(reason).inc()
        self._ahead.pop(connection, None)
        self.pending.given(connection, time.monotonic())
        connection.resync()

    def retry(self, host_id: str, port_id: Id | None = None) -> list[Id] | None:
        """Have a host try one of its ports again at once, or all that it could not program.

        A host programs whatever port it is given, changed or not. Returns the ports it was given; None when the host
        is not connected here. Raises AlcorError when it does not have the port (404), or this controller has not
        caught up with it (409).
        """
        connection = self._connections.get(host_id)
        if connection is None:
            return None
        if connection in self._ahead:
            raise conflict(
                "ControllerBehind", f"This controller has not caught up with host {host_id} yet: try again in a moment."
            )
        wanted = self.failures.of_host(host_id).keys() if port_id is None else {port_id}
        again = ports_again(self._model, host_id, wanted)
        if port_id is not None and not again.ports:
            raise not_found("port", f"{id_text(port_id)} on host {host_id}")
        self._metrics.retries.inc(len(again.ports))
        if again.ports:
            self._deliver(connection, again)
        return list(again.ports)

    async def _trim(self) -> None:
        while True:
            await asyncio.sleep(self._settings.trim_interval)
            try:
                await self._store.write(
                    lambda transaction: change_log.trim(transaction.connection, self._settings.kept_log_entries)
                )
            except SQLAlchemyError as error:
                log.error("the change log could not be trimmed and is tried again: %s", str(error).splitlines()[0])

    # The way up: channels.interface.ChannelListener.

    def host_connected(self, connection: HostConnection) -> None:
        """Give the host what it missed, or everything."""
        hello = connection.hello
        self._connections[hello.host_id] = connection
        self._metrics.connected_hosts.set(len(self._connections))
        self._liveness.connected(connection)
        self.lost.pop(hello.host_id, None)
        log.info("host %s connected at revision %d", hello.host_id, hello.applied_revision)
        if hello.host_id not in self._model.nodes:
            log.warning("host %s is not a known node: create it, so that its ports can be bound", hello.host_id)
        if hello.log_id != self._store.log_id:
            self._resync(connection, "another change log" if hello.log_id else "new host")
        elif hello.applied_revision > self.revision:
            self._ahead[connection] = hello.applied_revision
        elif not self._history.covers(hello.host_id, hello.applied_revision):
            if not has_everything(self._model, hello):
                self._resync(connection, "too long away")
        elif (missed := self._history.since(hello.host_id, hello.applied_revision)) is not None:
            self._deliver(connection, missed)

    def host_disconnected(self, connection: HostConnection) -> None:
        """The host has the grace to come back."""
        host_id = connection.hello.host_id
        self._liveness.disconnected(connection)
        self._ahead.pop(connection, None)
        self.pending.gone(connection)
        if self._connections.get(host_id) is connection:
            del self._connections[host_id]
            self._metrics.connected_hosts.set(len(self._connections))
            log.info("host %s disconnected", host_id)

    def snapshot(self, connection: HostConnection) -> GoalStateDelta:
        """Everything the host should have now."""
        return snapshot(self._model, connection.hello.host_id)

    def acknowledged(self, connection: HostConnection, acknowledgement: Acknowledgement, seconds: float) -> None:
        """The host has taken a goal state. What of its ports became UP comes in reports."""
        self._metrics.acknowledgement_seconds.observe(seconds)
        self.pending.acknowledged(connection)
        if acknowledgement.failures and self._connections.get(connection.hello.host_id) is connection:
            self.failures.acknowledged(connection.hello.host_id, acknowledgement.failures)

    def reported(self, connection: HostConnection, report: PortReport) -> None:
        """The host says how its ports do; a stream that was replaced has no say any more."""
        host_id = connection.hello.host_id
        if self._connections.get(host_id) is not connection:
            return
        self.failures.reported(host_id, report)
        self._writer.report(reported_statuses(self._model, host_id, report))

    def digested(self, connection: HostConnection, digest: GoalStateDigest) -> None:
        """The host says what it has: where that is not what it should have, it gets everything."""
        if self._connections.get(connection.hello.host_id) is not connection or connection in self._ahead:
            return
        compared = compare(self._model, connection, digest)
        self._metrics.digests.labels(compared.value).inc()
        if compared is Compared.DIFFERENT:
            self._resync(connection, "drift")

    def resync_requested(self, connection: HostConnection, request: ResyncRequest) -> None:
        """The host cannot go on: it gets everything."""
        log.warning(
            "host %s asks for everything anew at revision %d: %s",
            connection.hello.host_id,
            request.applied_revision,
            request.reason,
        )
        self._resync(connection, "asked for")

    def _host_given_up(self, host_id: str) -> None:
        if host_id not in self._connections:
            self.failures.forget_host(host_id)

    def _hosts_lost(self, hosts: list[str]) -> None:
        self._metrics.lost_hosts.inc(len(hosts))
        for host_id in hosts:
            log.warning("host %s is lost: its ports are DOWN", host_id)
            if host_id not in self._connections:
                self.lost[host_id] = time.time()
        for host_id in list(self.lost)[:-_LOST_REMEMBERED]:
            del self.lost[host_id]


def _load(connection: Connection) -> ReadModel:
    return load(*read_records(connection))


def _read_on(connection: Connection, after: int) -> tuple[int, list[LogEntry]]:
    return change_log.head(connection), change_log.read_entries(connection, after, _ENTRIES_AT_ONCE)
