"""When packets notice that the flows have changed.

ovs-vswitchd caches what the flow tables decided. As soon as flows change it goes over its cache and corrects what is
no longer right, which takes less than a millisecond for a few cached decisions and longer for many; it begins such a
pass at least twice a second, and two passes never less than five milliseconds apart.

The command ``revalidator/wait`` answers when a pass ends. It must be given before the flows change: given afterwards,
it may come when the pass has ended already, and the next one is up to half a second away. Two things remain. The pass
that ends may have begun before the flows changed: how long it took tells, and then the next one, which follows at once,
is the one. When the flows changed is not known, only that it was between the command and the answer to the change;
where a busy switch left much time between these, and the pass may have begun in it, the next one is waited for as well,
as long as it would take to come. So it is where the end was heard of later than a pass takes: on a busy machine the
pass may have ended, and so begun, long before. And ovs-vswitchd may sleep over the end of a pass until something wakes
it, be it the next pass.
"""

import asyncio
import logging
import re
import time
from typing import Any

from alcor.dataplane.ovs.control_socket import ControlSocket
from alcor.dataplane.ovs.jsonrpc import RpcError

_PATIENCE_SECONDS = 5.0
_NUDGE_SECONDS = 0.01
_CLOCK_STEP_SECONDS = 0.001  # durations are told in whole milliseconds, at least one
_FOLLOWING_DURATIONS = 4  # how much longer than the last pass the following one may take
_BETWEEN_PASSES_SECONDS = 0.005
_PROMPT_SECONDS = 0.002  # a change that is answered so soon was made just after it was expected
_DURATION = re.compile(r"dump duration : (\d+)ms")

log = logging.getLogger(__name__)


class Revalidation:
    """Waits for the pass that a change of flows starts.

    ``waits`` is a connection of its own, because a command that waits holds up those behind it.
    """

    def __init__(self, waits: ControlSocket, commands: ControlSocket) -> None:
        self._waits, self._commands = waits, commands
        self._pass_ended: asyncio.Future[Any] | None = None
        self._expected_at = 0.0
        self._warned = False

    async def expect(self) -> None:
        """Flows are about to change."""
        self.forget()
        try:
            self._pass_ended = await self._waits.begin("revalidator/wait")
        except OSError as error:
            self._warn(error)
        self._expected_at = time.monotonic()

    async def wait(self) -> None:
        """Return when packets notice the change; at once when none was expected."""
        ended, self._pass_ended = self._pass_ended, None
        if ended is None:
            return
        changing = time.monotonic() - self._expected_at  # the flows changed at some time in these seconds
        is_early = ended.done()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._end_of(ended)
                passed = time.monotonic() - self._expected_at
                duration = await self._last_duration()
                began = passed - duration + _CLOCK_STEP_SECONDS
                late = passed - changing - duration  # so much may lie between the end of the pass and hearing of it
                may_be_between = is_early or began < changing
                if began < 0:
                    await self._wait_for_following(_FOLLOWING_DURATIONS * duration)
                elif late > _PROMPT_SECONDS or (may_be_between and changing > _PROMPT_SECONDS):
                    unknown = changing + max(late, 0.0)
                    await self._wait_for_following(_BETWEEN_PASSES_SECONDS + _FOLLOWING_DURATIONS * duration + unknown)
        except (OSError, RpcError, TimeoutError) as error:
            self._warn(error)

    async def _wait_for_following(self, longest: float) -> None:
        """Wait for the next pass, so long (s) at most: it may have ended before this is asked for, or not follow."""
        try:
            async with asyncio.timeout(longest):
                await self._end_of(await self._waits.begin("revalidator/wait"))
        except TimeoutError:
            await self._waits.close()

    async def _end_of(self, a_pass: asyncio.Future[Any]) -> None:
        try:
            while not a_pass.done():
                await asyncio.wait((a_pass,), timeout=_NUDGE_SECONDS)
                if not a_pass.done():
                    await self._commands.call("version")
            a_pass.result()
        finally:
            a_pass.cancel()

    async def _last_duration(self) -> float:
        """Seconds that the pass took that ended last; of several datapaths, the longest."""
        answer = await self._commands.call("upcall/show")
        return max((int(duration) / 1000 for duration in _DURATION.findall(str(answer))), default=0.0)

    def forget(self) -> None:
        """Expect nothing any more."""
        if self._pass_ended is not None:
            self._pass_ended.cancel()
            self._pass_ended = None

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            log.warning("changed flows may take a moment to take effect: %s", error or "ovs-vswitchd is slow")
        self._warned = True
