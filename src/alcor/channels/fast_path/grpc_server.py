"""The gRPC server that agents reach, whichever services of the protocol it has."""

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from alcor.channels.fast_path.engine import keep_engine
from alcor.channels.fast_path.options import CONTROLLERS_KEEPALIVE, Keepalive

ServerCredentials = Callable[[], Any]
"""Makes those of opening.server_credentials, when the server starts."""


class AddressUnusable(RuntimeError):
    """The server cannot listen; the message names the address and says what to do."""


class GrpcServer:
    """Listens at one address."""

    def __init__(
        self, address: str, keepalive: Keepalive | None = None, credentials: ServerCredentials | None = None
    ) -> None:
        """``address`` is HOST:PORT or unix:PATH. Without ``credentials`` everybody is let in, in the clear."""
        self._address = address
        self._keepalive = keepalive or CONTROLLERS_KEEPALIVE
        self._credentials = credentials
        self._services: list[Any] = []
        self._server: Any = None

    def add_service(self, handler: Any) -> None:
        """Have a service; before start."""
        self._services.append(handler)

    async def start(self) -> None:
        """Listen. Raises AddressUnusable."""
        _check_unix_socket(self._address)
        keep_engine()
        self._server = grpc.aio.server(options=[*self._keepalive.options(), ("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers(tuple(self._services))
        try:
            if self._credentials is None:
                self._server.add_insecure_port(self._address)
            else:
                self._server.add_secure_port(self._address, self._credentials())
        except RuntimeError as error:
            raise AddressUnusable(
                f"cannot listen for agents at {self._address}: is it taken, or not an address of this machine?"
            ) from error
        await self._server.start()

    async def stop(self, grace: float = 1.0) -> None:
        """End every stream and stop listening, within about ``grace`` seconds."""
        if self._server is not None:
            await self._server.stop(grace)


def _check_unix_socket(address: str) -> None:
    """gRPC would silently take a socket away from a server still listening on it."""
    if not address.startswith("unix:"):
        return
    path = address.removeprefix("unix:")
    if not Path(path).parent.is_dir():
        raise AddressUnusable(f"cannot listen for agents at {address}: there is no directory {Path(path).parent}")
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(path)
        raise AddressUnusable(f"cannot listen for agents at {address}: another process is listening there")
