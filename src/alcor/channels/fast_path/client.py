"""The agent's end of the fast path: always connected to one of several controllers, or trying to be.

client = FastPathClient(["10.0.0.1:9697", "10.0.0.2:9697"], hello)
async for connection in client.connections():       # for ever; each has been welcomed
    await connection.send(complete_report())
    async for delta in connection.goal_states():    # ends when the connection is lost
        ...
        await connection.send(Acknowledgement(delta.revision))
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc

from alcor.channels.agent_codec import decode_welcome, encode_agent_message
from alcor.channels.checks import MalformedMessage
from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE
from alcor.channels.fast_path.dialling import Backoff, ConnectionLost, Dialling, reason, send
from alcor.channels.fast_path.opening import OpenChannel, open_plain
from alcor.channels.fast_path.options import CONNECT_METHOD, END_OF_STREAM, Keepalive
from alcor.channels.messages import AgentMessage, Hello, Welcome
from alcor.channels.told import FromController, Told
from alcor.channels.ways import Ways, direct
from alcor.model.goal_state import GoalStateDelta

__all__ = ["Backoff", "Connection", "ConnectionLost", "FastPathClient"]

log = logging.getLogger(__name__)


class Connection:
    """One stream to a controller that has welcomed this host."""

    def __init__(self, address: str, welcome: Welcome, stream: Any, told: Told) -> None:
        self.address = address
        self.welcome = welcome
        self._stream = stream
        self._told = told
        self._sending = asyncio.Lock()

    async def goal_states(self) -> AsyncIterator[GoalStateDelta]:
        """Whole goal states in the order of their revisions. Ends when the connection is lost.

        The controller is slowed down (HTTP/2 flow control) while the caller is busy with one. A controller that
        sends what the protocol does not allow is disconnected from.
        """
        said = FromController(self._told)
        try:
            while (data := await self._stream.read()) is not END_OF_STREAM:
                if (delta := said.take(data)) is not None:
                    yield delta
        except MalformedMessage as error:
            log.error("controller %s sent a malformed message: %s", self.address, error)
        except grpc.aio.AioRpcError as error:
            level = logging.INFO if error.details() == GO_ELSEWHERE else logging.WARNING
            log.log(level, "connection to controller %s lost: %s", self.address, reason(error))
        finally:
            self._stream.cancel()

    async def send(self, message: AgentMessage) -> None:
        """Hand a message to the stream; waits while the controller cannot take more. Raises ConnectionLost."""
        await send(self._stream, encode_agent_message(message), self._sending, f"controller {self.address}")

    def close(self) -> None:
        """End this stream; goal_states() ends, and connections() goes on to the next."""
        self._stream.cancel()


class FastPathClient:
    """Keeps one host connected to one of its controllers, for ever."""

    def __init__(
        self,
        controllers: Sequence[str],
        hello: Callable[[], Hello],
        *,
        told: Told | None = None,
        backoff: Backoff | None = None,
        keepalive: Keepalive | None = None,
        welcome_timeout: float = 10.0,
        open_channel: OpenChannel = open_plain,
        ways: Ways = direct,
    ) -> None:
        """``controllers`` are HOST:PORT or unix:PATH; ``hello`` is asked anew before each attempt.

        ``told`` is told while goal states are waited for. ``ways`` is asked before each attempt.
        """
        takers = told or Told()
        self._dialling = Dialling(
            controllers,
            CONNECT_METHOD,
            lambda: encode_agent_message(takers.asked_for(hello())),
            lambda address, data, stream: Connection(address, decode_welcome(data), stream, takers),
            what="controller",
            backoff=backoff,
            keepalive=keepalive,
            welcome_timeout=welcome_timeout,
            open_channel=open_channel,
            ways=ways,
        )

    def dial_anew(self) -> None:
        """See Dialling.dial_anew."""
        self._dialling.dial_anew()

    def connections(self) -> AsyncIterator[Connection]:
        """One connection after the other; see Dialling.connections."""
        return self._dialling.connections()
