"""The HTTP server, inside the controller's own event loop: the API shares it with the Data Plane Manager."""

import asyncio
import logging
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from alcor.controller.addresses import ListenAddress
from alcor.controller.settings import ControllerError

log = logging.getLogger(__name__)

_STOP_SECONDS = 5.0


class HttpServer:
    """Serves an ASGI application until stopped."""

    def __init__(self, application: Any, address: ListenAddress) -> None:
        self._server: Any = Server(
            application,
            address=address.host or "127.0.0.1",
            port=address.port,
            uds=address.path,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=1024,
            log_enabled=False,
        )

    async def run(self) -> None:
        """Serve until cancelled; requests under way then have a few seconds to end. Raises ControllerError."""
        serving = asyncio.create_task(self._server.serve())
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self._server.stop()
            _, unfinished = await asyncio.wait({serving}, timeout=_STOP_SECONDS)
            for task in unfinished:
                log.warning("requests still under way after %g s are cut off", _STOP_SECONDS)
                task.cancel()
            raise
        except RuntimeError as error:
            raise ControllerError(f"the HTTP server failed: {str(error).splitlines()[0]}") from error
        raise ControllerError("the HTTP server ended unexpectedly")
