"""When packets notice that the flows have changed.

ovs-vswitchd caches what the flow tables decided. As soon as flows change it goes over its cache and corrects what is
no longer right, which takes less than a millisecond for a few cached decisions and longer for many. The command
``revalidator/wait`` answers when such a pass ends. It must be given before the flows change: given afterwards, it may
come when the pass has ended already, and the next one is up to half a second away.
"""

import asyncio
import logging
from typing import Any

from alcor.dataplane.ovs.control_socket import ControlSocket
from alcor.dataplane.ovs.jsonrpc import RpcError

_PATIENCE_SECONDS = 5.0

log = logging.getLogger(__name__)


class Revalidation:
    """Waits for the pass that a change of flows starts."""

    def __init__(self, control: ControlSocket) -> None:
        self._control = control
        self._pass_ended: asyncio.Future[Any] | None = None
        self._warned = False

    async def expect(self) -> None:
        """Flows are about to change."""
        self.forget()
        try:
            self._pass_ended = await self._control.begin("revalidator/wait")
        except OSError as error:
            self._warn(error)

    async def wait(self) -> None:
        """Return when packets notice the change; at once when none was expected."""
        ended, self._pass_ended = self._pass_ended, None
        if ended is None:
            return
        try:
            await asyncio.wait_for(ended, _PATIENCE_SECONDS)
        except (OSError, RpcError, TimeoutError) as error:
            self._warn(error)

    def forget(self) -> None:
        """Expect nothing any more."""
        if self._pass_ended is not None:
            self._pass_ended.cancel()
            self._pass_ended = None

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            log.warning("changed flows may take a moment to take effect: %s", error or "ovs-vswitchd is slow")
        self._warned = True
