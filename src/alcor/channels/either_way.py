"""An agent's way to a controller: the fast path, and the message queue while no controller can be reached by it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

from alcor.channels.messages import AgentMessage, Welcome
from alcor.model.goal_state import GoalStateDelta

PATIENCE_SECONDS = 6.0
"""How long the first way may come to nothing before the second is taken."""


class AgentConnection(Protocol):
    """A controller that has welcomed the host, whichever way."""

    address: str
    welcome: Welcome

    def goal_states(self) -> AsyncIterator[GoalStateDelta]:
        """Whole goal states in the order of their revisions. Ends when the connection is lost."""

    async def send(self, message: AgentMessage) -> None:
        """Hand over a message; waits while the other side cannot take more. Raises ConnectionLost."""

    def close(self) -> None:
        """End; goal_states() ends, and connections() goes on to the next."""


class AgentClient(Protocol):
    """Keeps a host connected, for ever."""

    def connections(self) -> AsyncIterator[AgentConnection]:
        """One connection after the other."""


class EitherWay:
    """Goes by ``first``, and by ``second`` while the first has come to nothing for ``patience`` seconds.

    The first is tried all the time; as soon as it works, the host leaves the second.
    """

    def __init__(self, first: AgentClient, second: AgentClient, patience: float = PATIENCE_SECONDS) -> None:
        self._first, self._second, self._patience = first, second, patience

    async def connections(self) -> AsyncIterator[AgentConnection]:
        """One connection after the other."""
        first = self._first.connections()
        coming = asyncio.ensure_future(anext(first))
        try:
            while True:
                await asyncio.wait({coming}, timeout=self._patience)
                if coming.done():
                    yield coming.result()
                    coming = asyncio.ensure_future(anext(first))
                    continue
                async for connection in self._until(coming):
                    yield connection
        finally:
            coming.cancel()

    async def _until(self, coming: "asyncio.Future[AgentConnection]") -> AsyncIterator[AgentConnection]:
        """Connections of the second way until the first has one."""
        second = self._second.connections()
        try:
            while not coming.done():
                other = asyncio.ensure_future(anext(second))
                await asyncio.wait({coming, other}, return_when=asyncio.FIRST_COMPLETED)
                if not other.done():
                    other.cancel()
                    await asyncio.gather(other, return_exceptions=True)
                    return
                connection = other.result()
                coming.add_done_callback(lambda _, it=connection: it.close())  # type: ignore[misc]
                yield connection
        finally:
            await _aclose(second)


async def _aclose(iterator: AsyncIterator[AgentConnection]) -> None:
    """Have an iterator that is a generator let go of what it opened."""
    close = getattr(iterator, "aclose", None)
    if close is not None:
        with contextlib.suppress(asyncio.CancelledError):
            await close()
