"""A controller: the store, the API above it, the Data Plane Manager and the fast path below it, in one process."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from alcor.api.routes import Route
from alcor.api.southbound.routes import southbound_routes
from alcor.channels.fast_path.ncm_server import NcmService
from alcor.channels.fast_path.server import AddressUnusable, FastPathServer
from alcor.channels.messages import Welcome
from alcor.controller import addresses, database_lock
from alcor.controller.http_server import HttpServer
from alcor.controller.settings import ControllerError, ControllerSettings
from alcor.dpm.manager import DataPlaneManager, DpmSettings
from alcor.model.identifiers import new_id
from alcor.ncm.manager import NetworkConfigManager
from alcor.ncm.source import WholeModel
from alcor.store.store import Store, open_store

log = logging.getLogger(__name__)

Readiness = Callable[[], str | None]
"""Why the controller is not ready, or None when it is."""

CreateApplication = Callable[[Store, Readiness, list[Route]], Any]
"""Makes the ASGI application that serves the API on a store, and the routes of the southbound side."""

_CLOSE_SECONDS = 10.0
_STREAMS_END_SECONDS = 0.5


async def run_controller(settings: ControllerSettings, create_application: CreateApplication) -> None:
    """Run until SIGTERM or SIGINT, then stop in bounded time. Raises ControllerError, saying what to do."""
    listen = addresses.parse(settings.listen, "the API")
    if not settings.southbound.startswith("unix:"):
        addresses.parse(settings.southbound, "agents")
    addresses.check_free(listen, settings.listen, "the API")
    with database_lock.locked(settings.database_url):
        async with _open_store(settings) as store:
            process = _Process(settings, store)
            http_server = HttpServer(create_application(store, process.not_ready, process.routes()), listen)
            await _until_signal(http_server.run(), process.run())


class _Process:
    """What a controller does besides HTTP."""

    def __init__(self, settings: ControllerSettings, store: Store) -> None:
        self._settings = settings
        self._store = store
        controller_id = new_id()
        self._manager = DataPlaneManager(store, controller_id, DpmSettings(host_grace=settings.host_grace))
        welcome = Welcome(store.log_id, controller_id, digest_interval=settings.digest_interval)
        self._southbound = FastPathServer(settings.southbound, welcome, self._manager)
        self._ncm = NetworkConfigManager(WholeModel(lambda: self._manager.model))
        self._manager.follow(self._ncm)
        self._questions = NcmService(self._ncm.welcome(controller_id), self._ncm)
        self._southbound.add_service(self._questions.handler())
        self._listening = False

    def not_ready(self) -> str | None:
        """Why agents cannot be served yet, or None when they can."""
        if (reason := self._manager.not_ready()) is not None:
            return reason
        return None if self._listening else "the controller does not listen for agents"

    def routes(self) -> list[Route]:
        """What operators ask of the southbound side."""
        return southbound_routes(self._store, self._manager, self._ncm.figures)

    async def run(self) -> None:
        """Load, serve agents and follow the change log, for ever."""
        await self._manager.load()
        gc.freeze()  # millions of objects that stay: collecting garbage must not walk them again and again
        try:
            await self._southbound.start()
        except AddressUnusable as error:
            raise ControllerError(str(error)) from error
        self._listening = True
        log.info("ready: API at %s, agents at %s", self._settings.listen, self._settings.southbound)
        working = asyncio.create_task(self._work())
        try:
            await asyncio.shield(working)
        finally:
            self._listening = False
            await self._let_hosts_go()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._manager.run())
            tasks.create_task(self._ncm.run())

    async def _let_hosts_go(self) -> None:
        """Take no more hosts and end all streams: a few at a time if there are others for the hosts to go on to."""
        seconds = self._settings.stop_seconds if await self._manager.retire() else 0.0
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._southbound.stop(grace=seconds + _STREAMS_END_SECONDS))
            tasks.create_task(self._manager.let_hosts_go(seconds))
            tasks.create_task(self._questions.let_hosts_go(seconds))


@contextlib.asynccontextmanager
async def _open_store(settings: ControllerSettings) -> AsyncIterator[Store]:
    try:
        store = await open_store(settings.database_url, settings.on_demand_above)
    except (ValueError, SQLAlchemyError, OSError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise ControllerError(f"cannot open the database: {reason}") from error
    try:
        yield store
    finally:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await store.close()
        except TimeoutError:
            log.error("the database did not finish its writes within %g s", _CLOSE_SECONDS)


async def _until_signal(*parts: Any) -> None:
    """Run the parts side by side until a signal or until one of them fails; then cancel them all and wait."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, _stop, stopped, number)
    tasks = [asyncio.ensure_future(part) for part in parts]
    stop = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in [*tasks, stop]:
            task.cancel()
        results = await asyncio.gather(*tasks, stop, return_exceptions=True)
        for number in signals:
            loop.remove_signal_handler(number)
    failures = [result for result in results if isinstance(result, Exception)]
    if failures:
        raise failures[0]


def _stop(stopped: asyncio.Event, number: int) -> None:
    """The first signal stops in order; another one at once."""
    if stopped.is_set():
        os._exit(128 + number)
    log.info("stopping on %s", signal.Signals(number).name)
    stopped.set()
