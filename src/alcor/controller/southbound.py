"""The southbound side of one controller process, as its roles ask for: what serves hosts, and what answers them."""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Mapping
from functools import partial

from alcor.api.routes import Route
from alcor.api.southbound.routes import ncm_routes, southbound_routes
from alcor.channels.cells import ONE_QUEUE
from alcor.channels.fast_path.grpc_server import AddressUnusable, GrpcServer
from alcor.channels.fast_path.ncm_server import NcmService
from alcor.channels.fast_path.server import FastPathServer
from alcor.channels.messages import Welcome
from alcor.channels.trust.guard import Guard, Unguarded
from alcor.controller import garbage
from alcor.controller.queues import ControllerQueues
from alcor.controller.settings import DPM, NCM, ControllerError, ControllerSettings
from alcor.controller.trust import Trust
from alcor.dpm.manager import DataPlaneManager
from alcor.dpm.settings import DpmSettings
from alcor.model.identifiers import new_id
from alcor.model.records import NodeRecord
from alcor.ncm.manager import NetworkConfigManager
from alcor.ncm.membership import Membership
from alcor.ncm.metrics import NcmMetrics
from alcor.ncm.shard import Shard
from alcor.ncm.source import WholeModel
from alcor.ncm.status import ncm_status
from alcor.store.store import Store

log = logging.getLogger(__name__)

_STREAMS_END_SECONDS = 0.5
_LONGEST_BEAT_SECONDS = 5.0


class Southbound:
    """A process that serves hosts and answers them holds every VPC; one that does only either holds its shard."""

    def __init__(self, settings: ControllerSettings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._controller_id = new_id()
        self._manager: DataPlaneManager | None = None
        self._fast_path: FastPathServer | None = None
        self._queues: ControllerQueues | None = None
        self._shard: Shard | None = None
        self._ncm: NetworkConfigManager | None = None
        self._questions: NcmService | None = None
        self._trust = self._new_trust() if settings.is_secure() else None
        self._guard: Guard = Unguarded() if self._trust is None else self._trust.guard
        self._credentials = None if self._trust is None else self._trust.server_credentials
        self._server: FastPathServer | GrpcServer = GrpcServer(settings.southbound, credentials=self._credentials)
        if DPM in settings.roles:
            self._serve_hosts()
        if NCM in settings.roles:
            self._answer_hosts()
        if self._trust is not None:
            self._server.add_service(self._trust.renewal_service())
        beat = min(settings.host_grace / 3, _LONGEST_BEAT_SECONDS)
        self._membership = Membership(store, self._controller_id, settings.ncm_address(), beat, self._members)
        self._listening = False

    def _serve_hosts(self) -> None:
        settings = self._settings
        welcome = Welcome(
            self._store.log_id,
            self._controller_id,
            digest_interval=settings.digest_interval,
            topic_interval=settings.topic_interval,
        )
        dpm_settings = DpmSettings(
            host_grace=settings.host_grace,
            holds_everything=NCM in settings.roles,
            probe_interval=settings.probe_interval,
            probe_bytes=settings.choices.underlay_mtu,
            topic_interval=settings.topic_interval,
        )
        self._queues = queues = self._opened_queues()
        self._manager = DataPlaneManager(
            self._store,
            self._controller_id,
            dpm_settings,
            queues=() if queues is None else queues.topics,
            cells=ONE_QUEUE if queues is None else queues.region.cells,
            topic_keys=None if self._trust is None else self._trust.topic_keys,
        )
        self._server = self._fast_path = FastPathServer(
            settings.southbound, welcome, self._manager, guard=self._guard, credentials=self._credentials
        )
        if self._trust is not None:
            self._manager.follow(self._trust)
        if queues is not None:
            trust = None if self._trust is None else self._trust.over_queue()
            queues.serve(welcome, self._manager, self._fast_path.hosts, trust)

    def _opened_queues(self) -> ControllerQueues | None:
        region = self._settings.region_queues()
        credentials = None if self._trust is None else self._trust.current
        return None if region is None else ControllerQueues(region, credentials)

    def _answer_hosts(self) -> None:
        manager, metrics = self._manager, NcmMetrics()
        if manager is not None:
            self._ncm = NetworkConfigManager(WholeModel(lambda: manager.model), metrics=metrics)
            manager.follow(self._ncm)
        else:
            self._shard = Shard(self._store, self._settings.ncm_address(), metrics)
            self._ncm = NetworkConfigManager(self._shard, metrics=metrics)
            self._shard.answers(self._ncm)
            if self._trust is not None:
                self._shard.follow(self._trust)
        self._questions = NcmService(self._ncm.welcome(self._controller_id), self._ncm, self._guard)
        self._server.add_service(self._questions.handler())

    def _new_trust(self) -> Trust:
        return Trust(self._store, self._controller_id, self._settings.trust, self._known_nodes)

    def _known_nodes(self) -> Mapping[str, NodeRecord]:
        part = self._manager or self._shard
        return {} if part is None else part.model.nodes

    def _members(self, addresses: Collection[str]) -> None:
        if self._fast_path is not None:
            self._fast_path.tell_ncms(addresses)
        if self._queues is not None:
            self._queues.tell_ncms(addresses)
        if self._shard is not None:
            self._shard.set_members(addresses)

    def not_ready(self) -> str | None:
        """Why agents cannot be served or answered yet, or None when they can."""
        for part in (self._manager, self._shard):
            if part is not None and (reason := part.not_ready()) is not None:
                return reason
        return None if self._listening else "the controller does not listen for agents"

    def routes(self) -> list[Route]:
        """What operators ask of the southbound side."""
        if self._manager is not None:
            ncm = self._ncm.figures if self._ncm is not None else dict
            queues = self._queues.figures if self._queues is not None else dict
            return southbound_routes(self._store, self._manager, ncm, queues)
        assert self._shard is not None and self._ncm is not None, "what serves no hosts answers them"
        return ncm_routes(self._settings.roles, partial(ncm_status, self._controller_id, self._shard, self._ncm))

    async def run(self) -> None:
        """Load, serve and answer agents, and follow the change log, for ever. Raises ControllerError."""
        if self._trust is not None:
            await self._trust.load()
        with garbage.making_what_stays():
            for part in (self._manager, self._shard):
                if part is not None:
                    await part.load()
        await self._membership.look()
        async with self._enrolling():
            await self._serve()

    def _enrolling(self) -> contextlib.AbstractAsyncContextManager[None]:
        if self._trust is None or DPM not in self._settings.roles:
            return contextlib.nullcontext()
        return self._trust.enrolling(self._settings.enrolment_address())

    async def _serve(self) -> None:
        try:
            await self._server.start()
        except AddressUnusable as error:
            raise ControllerError(str(error)) from error
        self._listening = True
        log.info("ready: agents at %s", self._settings.southbound)
        working = asyncio.create_task(self._work())
        try:
            await asyncio.shield(working)
        finally:
            self._listening = False
            await self._let_hosts_go()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            if self._queues is not None:
                await self._queues.close()

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for part in (self._manager, self._shard, self._ncm, self._membership, self._trust, self._queues):
                if part is not None:
                    tasks.create_task(part.run())

    async def _let_hosts_go(self) -> None:
        """Take no more hosts and end all streams: a few at a time if there are others for the hosts to go on to."""
        await self._membership.retire()
        go_on = await self._manager.retire() if self._manager is not None else self._has_peers()
        seconds = self._settings.stop_seconds if go_on else 0.0
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._server.stop(grace=seconds + _STREAMS_END_SECONDS))
            if self._queues is not None:
                tasks.create_task(self._queues.stop(grace=seconds + _STREAMS_END_SECONDS))
            if self._manager is not None:
                tasks.create_task(self._manager.let_hosts_go(seconds))
            if self._questions is not None:
                tasks.create_task(self._questions.let_hosts_go(seconds))

    def _has_peers(self) -> bool:
        return self._shard is not None and len(self._shard.members) > 1
