"""A controller process: the store, what is above it and what is below it, as its roles ask for."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from alcor.api.routes import Route
from alcor.api.southbound.routes import routes_elsewhere
from alcor.controller import addresses, database_lock, garbage
from alcor.controller.http_server import HttpServer
from alcor.controller.settings import ControllerError, ControllerSettings
from alcor.controller.southbound import Southbound
from alcor.store.later_database import LaterDatabase
from alcor.store.store import Store, open_store

log = logging.getLogger(__name__)

Readiness = Callable[[], str | None]
"""Why the controller is not ready, or None when it is."""

CreateApplication = Callable[[ControllerSettings, Store, Readiness, list[Route]], Any]
"""Makes the ASGI application of a controller on a store, with the routes of its southbound side."""

_CLOSE_SECONDS = 10.0


async def run_controller(settings: ControllerSettings, create_application: CreateApplication) -> None:
    """Run until SIGTERM or SIGINT, then stop in bounded time. Raises ControllerError, saying what to do."""
    listen = addresses.parse(settings.listen, "the API")
    if settings.is_southbound() and not settings.southbound.startswith("unix:"):
        addresses.parse(settings.southbound, "agents")
    settings.check_roles()
    settings.region_queues()
    garbage.look_seldom()
    addresses.check_free(listen, settings.listen, "the API")
    with database_lock.locked(settings.database_url), _no_later_database():
        async with _open_store(settings) as store:
            log.info("roles %s; HTTP at %s", " ".join(sorted(settings.roles)), settings.listen)
            if settings.is_southbound():
                southbound = Southbound(settings, store)
                routes, parts, not_ready = southbound.routes(), [southbound.run()], southbound.not_ready
            else:
                routes, parts, not_ready = routes_elsewhere(settings.roles), [], _always_ready
            if settings.compute is not None and settings.identity.keystone is not None:
                # What speaks to Nova takes as long to import as all of the API.
                from alcor.controller.compute.teller import tell

                parts.append(tell(settings.compute, settings.identity.keystone, store))
            http_server = HttpServer(create_application(settings, store, not_ready, routes), listen)
            await _until_signal(http_server.run(), store.until_later(), *parts)


def _always_ready() -> str | None:
    return None


@contextlib.contextmanager
def _no_later_database() -> Iterator[None]:
    """Raises ControllerError for the error of whichever part first finds that a later version has the database."""
    try:
        yield
    except LaterDatabase as error:
        raise ControllerError(error.message) from error


@contextlib.asynccontextmanager
async def _open_store(settings: ControllerSettings) -> AsyncIterator[Store]:
    try:
        store = await open_store(settings.database_url, settings.store_choices())
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
