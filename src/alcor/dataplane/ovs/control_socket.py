"""Commands to a running ovs-vswitchd through its control socket: what ovs-appctl(8) does, without its process."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from alcor.dataplane.ovs import jsonrpc


class ControlSocket:
    """A connection to the ovs-vswitchd whose run directory this is; made when first used, and again when lost.

    ovs-vswitchd carries out the commands of one connection one after the other.
    """

    def __init__(self, run_directory: Path) -> None:
        self._run_directory = run_directory
        self._rpc: jsonrpc.JsonRpc | None = None
        self._connecting = asyncio.Lock()

    async def begin(self, command: str, *arguments: str) -> asyncio.Future[Any]:
        """Send a command; its answer is to come. Raises OSError when ovs-vswitchd is away.

        The answer raises ConnectionError when ovs-vswitchd goes away, jsonrpc.RpcError when it refuses.
        """
        async with self._connecting:
            if self._rpc is None or self._rpc.closed.done():
                self._rpc = await jsonrpc.connect(find_control_socket(self._run_directory))
            return self._rpc.begin(command, *arguments)

    async def call(self, command: str, *arguments: str) -> Any:
        """Have a command carried out; returns its answer, usually text.

        Raises OSError when ovs-vswitchd is away, jsonrpc.RpcError when it refuses.
        """
        return await (await self.begin(command, *arguments))

    async def close(self) -> None:
        """Disconnect."""
        if self._rpc is not None:
            await self._rpc.close()


def find_control_socket(run_directory: Path) -> Path:
    """The control socket of the ovs-vswitchd of this run directory. Raises FileNotFoundError when there is none."""
    with contextlib.suppress(OSError, ValueError):
        process = int((run_directory / "ovs-vswitchd.pid").read_text())
        socket = run_directory / f"ovs-vswitchd.{process}.ctl"
        if socket.exists():
            return socket
    sockets = sorted(run_directory.glob("ovs-vswitchd*.ctl"), key=lambda each: each.stat().st_mtime)
    if not sockets:
        raise FileNotFoundError(f"no control socket of ovs-vswitchd (ovs-vswitchd*.ctl) in {run_directory}")
    return sockets[-1]
