"""Writing to a call so that it can be ended at any time.

gRPC refuses to send a status while a message is under way, and forgets the call all the same: the peer, which has
neither a next message nor an end, would wait for ever.
"""

import asyncio
from typing import Any, NoReturn

import grpc

from alcor.channels.fast_path.calls import abort


class CallWriter:
    """The server's half of one call that writes. One message at a time."""

    def __init__(self, context: Any) -> None:
        """``context`` is gRPC's of the call."""
        self._context = context
        self._writing: asyncio.Future[None] | None = None

    async def write(self, data: bytes) -> None:
        """Hand over a message; waits while the peer cannot take more. It stays under way if this is cancelled."""
        self._writing = asyncio.ensure_future(self._context.write(data))
        await asyncio.shield(self._writing)

    async def finish(self) -> None:
        """Wait until the call may end: the peer has taken the last message, or gone (then this is cancelled)."""
        if self._writing is not None:
            await asyncio.wait({self._writing})

    async def abort(self, code: grpc.StatusCode, reason: str) -> NoReturn:
        """End the call, saying why, once it may end."""
        await self.finish()
        await abort(self._context, code, reason)
