"""When packets notice that the flows have changed.

ovs-vswitchd caches what the flow tables decided. Its main loop sees, one turn after flows have changed, that the cache
may be wrong, and starts a pass that goes over it and corrects what is no longer right. That takes less than a
millisecond for a few cached decisions and longer for many. Passes begin for other reasons, too, at least twice a
second, and two of them never less than five milliseconds apart.

A pass counts that began when the main loop knew. Nothing tells when a pass began, but the command ``revalidator/wait``
answers when the first one ends that was not over when the command came, and ``upcall/show`` says how long the last one
took. So a pass began late enough when it ended so long after the main loop knew, or was the second to end after that.
For one to end soon, one is started: by a change of flows that changes nothing. And as ovs-vswitchd may sleep over the
end of a pass, it is woken until it answers.
"""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable

from alcor.dataplane.ovs.control_socket import ControlSocket
from alcor.dataplane.ovs.jsonrpc import RpcError

_PATIENCE_SECONDS = 5.0
_NUDGE_SECONDS = 0.01
_CLOCK_STEP_SECONDS = 0.001  # durations are told in whole milliseconds, at least one
_DURATION = re.compile(r"dump duration : (\d+)ms")

log = logging.getLogger(__name__)


class Revalidation:
    """Waits until no packet goes by what the flows were.

    ``waits`` is a connection of its own, because a command that waits holds up those behind it.
    """

    def __init__(self, waits: ControlSocket, commands: ControlSocket) -> None:
        self._waits, self._commands = waits, commands
        self._warned = False

    async def wait(self, start_pass: Callable[[], Awaitable[object]]) -> None:
        """Return when packets notice what was changed before; ``start_pass`` changes flows, to no effect."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                for _ in range(2):  # the first may be carried out in the turn in which flows changed
                    await self._commands.call("version")
                known = time.monotonic()
                await asyncio.sleep(2 * _CLOCK_STEP_SECONDS)  # nothing is lost: one has just begun, the next is not yet
                if await self._next_pass(start_pass) < known:
                    await self._next_pass(start_pass)
        except (RpcError, TimeoutError, OSError) as error:
            self._warn(error)

    async def _next_pass(self, start_pass: Callable[[], Awaitable[object]]) -> float:
        """Wait for the next pass to end; the earliest moment at which it may have begun, by time.monotonic()."""
        asked = time.monotonic()
        ended = await self._waits.begin("revalidator/wait")
        try:
            await start_pass()
            while not ended.done():
                await asyncio.wait((ended,), timeout=_NUDGE_SECONDS)
                if not ended.done():
                    await self._commands.call("version")
            ended.result()
        finally:
            ended.cancel()
        return asked - await self._last_duration() - _CLOCK_STEP_SECONDS

    async def _last_duration(self) -> float:
        """Seconds that the pass took that ended last; of several datapaths, the longest."""
        answer = await self._commands.call("upcall/show")
        return max((int(duration) / 1000 for duration in _DURATION.findall(str(answer))), default=0.0)

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            log.warning("changed flows may take a moment to take effect: %s", error or "ovs-vswitchd is slow")
        self._warned = True
