"""The Data Plane Manager: follows the change log, tells every connected host what changed, and hears what came of it.

Several controllers on one database each follow the whole log and serve the agents connected to them. Everything but
reading and writing the store happens on one event loop.
"""

import asyncio
import logging
from functools import partial
from typing import Protocol

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from alcor.channels.interface import HostConnection
from alcor.channels.messages import Acknowledgement, PortReport, ResyncRequest
from alcor.dpm.compiler import Compiled, compile_entry
from alcor.dpm.goal_states import snapshot
from alcor.dpm.history import History
from alcor.dpm.host_writer import HostWriter
from alcor.dpm.liveness import Liveness
from alcor.dpm.loading import load
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.read_model import ReadModel
from alcor.dpm.reports import Failures, reported_statuses
from alcor.model.goal_state import GoalStateDelta
from alcor.model.programming import DEFAULT_ON_DEMAND_ABOVE
from alcor.model.records import LogEntry
from alcor.store import change_log
from alcor.store.change_log import LogTrimmed
from alcor.store.snapshot import read_records
from alcor.store.store import Store

log = logging.getLogger(__name__)

_ENTRIES_AT_ONCE = 100
_WAIT_SECONDS = 5.0
_RETRY_SECONDS = 1.0


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
    on_demand_above: int = DEFAULT_ON_DEMAND_ABOVE  # ports of a VPC above which hosts ask for them


class DataPlaneManager:
    """One controller's Data Plane Manager: a channels.interface.ChannelListener."""

    def __init__(
        self, store: Store, controller_id: str, settings: DpmSettings | None = None, metrics: DpmMetrics | None = None
    ) -> None:
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
        self._liveness = Liveness(store, self._writer, controller_id, self._settings.host_grace)
        self.failures = Failures(self._metrics)

    def not_ready(self) -> str | None:
        """Why hosts cannot be served yet, or None when they can."""
        return None if self._loaded else "the Data Plane Manager is still reading the database"

    async def load(self) -> None:
        """Read everything from the tables. To be called before any host connects."""
        self._model = await self._store.read(partial(_load, on_demand_above=self._settings.on_demand_above))
        self._history = History(self._model.revision)
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
    def revision(self) -> int:
        """The position in the change log up to which hosts have been told."""
        return self._model.revision

    async def run(self) -> None:
        """Follow the log for ever; survives a database that is away for a while."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._writer.run())
            tasks.create_task(self._liveness.run())
            tasks.create_task(self._trim())
            tasks.create_task(self._follow())

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
                log.warning("the change log was trimmed past revision %d: reading everything anew", self.revision)
                model_is_good = False
            except SQLAlchemyError as error:
                log.error("the change log cannot be read and is tried again: %s", str(error).splitlines()[0])
                await asyncio.sleep(_RETRY_SECONDS)
            except Exception:
                log.exception(
                    "an entry after revision %d could not be taken in: reading everything anew", self.revision
                )
                model_is_good = False
                await asyncio.sleep(_RETRY_SECONDS)

    async def _read_on(self) -> None:
        ahead = list(self._ahead)
        head, entries = await self._store.read(partial(_read_on, after=self.revision))
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
                connection.deliver(delta)
                self._metrics.deltas.inc()
        for host_id in compiled.resync:
            if (connection := self._connections.get(host_id)) is not None:
                self._resync(connection, "programming changed")
        for follower in self._followers:
            follower.compiled(compiled)
        for caught_up in [ahead for ahead, revision in self._ahead.items() if revision <= entry.position]:
            del self._ahead[caught_up]

    async def _reload(self) -> None:
        await self.load()
        for follower in self._followers:
            follower.reloaded()
        for connection in self._connections.values():
            self._resync(connection, "reload")

    def _resync(self, connection: HostConnection, reason: str) -> None:
        self._metrics.resyncs.labels(reason).inc()
        self._ahead.pop(connection, None)
        connection.resync()

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
        log.info("host %s connected at revision %d", hello.host_id, hello.applied_revision)
        if hello.host_id not in self._model.nodes:
            log.warning("host %s is not a known node: create it, so that its ports can be bound", hello.host_id)
        if hello.log_id != self._store.log_id:
            self._resync(connection, "another change log" if hello.log_id else "new host")
        elif hello.applied_revision > self.revision:
            self._ahead[connection] = hello.applied_revision
        elif not self._history.covers(hello.host_id, hello.applied_revision):
            self._resync(connection, "too long away")
        elif (missed := self._history.since(hello.host_id, hello.applied_revision)) is not None:
            connection.deliver(missed)
            self._metrics.deltas.inc()

    def host_disconnected(self, connection: HostConnection) -> None:
        """The host has the grace to come back."""
        host_id = connection.hello.host_id
        self._liveness.disconnected(connection)
        self._ahead.pop(connection, None)
        if self._connections.get(host_id) is connection:
            del self._connections[host_id]
            self.failures.forget_host(host_id)
            self._metrics.connected_hosts.set(len(self._connections))
            log.info("host %s disconnected", host_id)

    def snapshot(self, connection: HostConnection) -> GoalStateDelta:
        """Everything the host should have now."""
        return snapshot(self._model, connection.hello.host_id)

    def acknowledged(self, connection: HostConnection, acknowledgement: Acknowledgement, seconds: float) -> None:
        """The host has taken a goal state. What of its ports became UP comes in reports."""
        self._metrics.acknowledgement_seconds.observe(seconds)
        for resource, reason in acknowledgement.failures.items():
            self.failures.failed(connection.hello.host_id, resource, reason)

    def reported(self, connection: HostConnection, report: PortReport) -> None:
        """The host says how its ports do; a stream that was replaced has no say any more."""
        host_id = connection.hello.host_id
        if self._connections.get(host_id) is not connection:
            return
        self.failures.reported(host_id, report)
        self._writer.report(reported_statuses(self._model, host_id, report))

    def resync_requested(self, connection: HostConnection, request: ResyncRequest) -> None:
        """The host cannot go on: it gets everything."""
        log.warning(
            "host %s asks for everything anew at revision %d: %s",
            connection.hello.host_id,
            request.applied_revision,
            request.reason,
        )
        self._resync(connection, "asked for")

    def _hosts_lost(self, hosts: list[str]) -> None:
        self._metrics.lost_hosts.inc(len(hosts))
        for host_id in hosts:
            log.warning("host %s is lost: its ports are DOWN", host_id)


def _load(connection: Connection, on_demand_above: int) -> ReadModel:
    return load(*read_records(connection), on_demand_above)


def _read_on(connection: Connection, after: int) -> tuple[int, list[LogEntry]]:
    return change_log.head(connection), change_log.read_entries(connection, after, _ENTRIES_AT_ONCE)
