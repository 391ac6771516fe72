"""The peer of a stream that speaks for many hosts, where that is no host by gRPC but a message queue."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from alcor.southbound.v1 import southbound_pb2 as pb


class ManyHostsCall:
    """gRPC's side of a stream that speaks for many hosts, as ManyHostsStream has it."""

    def __init__(self, tell: Callable[[pb.ControllerMessages], Awaitable[None]]) -> None:
        self._tell = tell
        self._heard: deque[pb.FromHost] = deque()
        self._filled = asyncio.Event()

    def hear(self, message: pb.FromHost) -> None:
        """A host says this."""
        self._heard.append(message)
        self._filled.set()

    async def read(self) -> bytes:
        """What hosts said since."""
        await self._filled.wait()
        self._filled.clear()
        messages = pb.HostMessages(messages=self._heard)
        self._heard.clear()
        return messages.SerializeToString()

    async def write(self, data: bytes) -> None:
        """Say this to hosts; waits while the queue cannot take more."""
        await self._tell(pb.ControllerMessages.FromString(data))
