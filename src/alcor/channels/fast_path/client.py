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
import msgspec

from alcor.channels.agent_codec import decode_ncms, decode_welcome, encode_agent_message
from alcor.channels.checks import MalformedMessage, parse
from alcor.channels.codec import GoalStateAssembler
from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE
from alcor.channels.fast_path.dialling import Backoff, ConnectionLost, Dialling, Ways, direct, reason, send
from alcor.channels.fast_path.opening import OpenChannel, open_plain
from alcor.channels.fast_path.options import CONNECT_METHOD, END_OF_STREAM, Keepalive
from alcor.channels.health_codec import decode_probe_targets
from alcor.channels.messages import AgentMessage, Hello, ProbeTargets, RelayCandidates, Welcome
from alcor.channels.rescue.codec import decode_relays
from alcor.model.goal_state import GoalStateDelta
from alcor.southbound.v1 import southbound_pb2 as pb

__all__ = ["Backoff", "Connection", "ConnectionLost", "FastPathClient"]

log = logging.getLogger(__name__)

ToldNcms = Callable[[tuple[str, ...]], None]
"""Told all Network Config Managers there are; with none, they are to be asked where the controllers are."""

ToldTargets = Callable[[ProbeTargets], None]
"""Told whom to probe, instead of what was told before."""

ToldRelays = Callable[[RelayCandidates], None]
"""Told who may lead the host to a controller, likewise."""


class Told(msgspec.Struct, frozen=True):
    """Who takes what a controller tells beside goal states; what nobody takes, the hello does not ask for."""

    ncms: ToldNcms | None = None
    probe_targets: ToldTargets | None = None
    relays: ToldRelays | None = None

    def take(self, message: pb.ControllerMessage) -> bool:
        """Hand on what a message tells; False when nobody takes it. Raises MalformedMessage."""
        kind = message.WhichOneof("message")
        if kind == "network_config_managers" and self.ncms is not None:
            self.ncms(decode_ncms(message.network_config_managers))
        elif kind == "probe_targets" and self.probe_targets is not None:
            self.probe_targets(decode_probe_targets(message.probe_targets))
        elif kind == "relay_candidates" and self.relays is not None:
            self.relays(decode_relays(message.relay_candidates))
        else:
            return False
        return True


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
        assembler = GoalStateAssembler()
        try:
            while (data := await self._stream.read()) is not END_OF_STREAM:
                message = parse(pb.ControllerMessage, data)
                if self._told.take(message):
                    continue
                if message.WhichOneof("message") != "goal_state":
                    raise MalformedMessage("only what the hello says is taken may follow the welcome")
                delta = assembler.add(message.goal_state)
                if delta is not None:
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
        told_ncms: ToldNcms | None = None,
        told_targets: ToldTargets | None = None,
        told_relays: ToldRelays | None = None,
        backoff: Backoff | None = None,
        keepalive: Keepalive | None = None,
        welcome_timeout: float = 10.0,
        open_channel: OpenChannel = open_plain,
        ways: Ways = direct,
    ) -> None:
        """``controllers`` are HOST:PORT or unix:PATH; ``hello`` is asked anew before each attempt.

        What is told beside goal states is told while these are waited for. ``ways`` is asked before each attempt.
        """
        told = Told(told_ncms, told_targets, told_relays)

        def first_message() -> bytes:
            takes = {
                "takes_ncms": told_ncms is not None,
                "takes_probe_targets": told_targets is not None,
                "takes_relays": told_relays is not None,
            }
            return encode_agent_message(msgspec.structs.replace(hello(), **takes))

        self._dialling = Dialling(
            controllers,
            CONNECT_METHOD,
            first_message,
            lambda address, data, stream: Connection(address, decode_welcome(data), stream, told),
            what="controller",
            backoff=backoff,
            keepalive=keepalive,
            welcome_timeout=welcome_timeout,
            open_channel=open_channel,
            ways=ways,
        )

    def connections(self) -> AsyncIterator[Connection]:
        """One connection after the other; see Dialling.connections."""
        return self._dialling.connections()
