"""The agent's end of the stream to a Network Config Manager."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc

from alcor.channels.checks import MalformedMessage, parse
from alcor.channels.codec import GoalStateAssembler
from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE
from alcor.channels.fast_path.dialling import Backoff, Dialling, reason, send
from alcor.channels.fast_path.opening import OpenChannel, open_plain
from alcor.channels.fast_path.options import ASK_METHOD, END_OF_STREAM, Keepalive
from alcor.channels.ncm_codec import decode_ncm_welcome, encode_hello, encode_questions
from alcor.channels.ncm_messages import NcmHello, NcmWelcome, Questions
from alcor.channels.ways import Ways, direct
from alcor.model.goal_state import GoalStateDelta
from alcor.southbound.v1 import network_config_pb2 as pb

log = logging.getLogger(__name__)


class NcmConnection:
    """One stream to a Network Config Manager that has welcomed this host."""

    def __init__(self, address: str, welcome: NcmWelcome, stream: Any) -> None:
        self.address = address
        self.welcome = welcome
        self.ended: grpc.StatusCode | None = None  # how, once the connection is lost, if the other side said so
        self._stream = stream
        self._sending = asyncio.Lock()

    async def news(self) -> AsyncIterator[GoalStateDelta]:
        """Answers, and changes of what was answered: VTEPs and neighbours. Ends when the connection is lost."""
        assembler = GoalStateAssembler()
        try:
            while (data := await self._stream.read()) is not END_OF_STREAM:
                message = parse(pb.NeighbourNews, data)
                if message.WhichOneof("message") != "neighbours":
                    raise MalformedMessage("only news about neighbours may follow the welcome")
                if (delta := assembler.add(message.neighbours)) is not None:
                    yield delta
        except MalformedMessage as error:
            log.error("Network Config Manager %s sent malformed news: %s", self.address, error)
        except grpc.aio.AioRpcError as error:
            self.ended = error.code()
            level = logging.INFO if error.details() == GO_ELSEWHERE else logging.WARNING
            log.log(level, "connection to Network Config Manager %s lost: %s", self.address, reason(error))
        finally:
            self._stream.cancel()

    async def ask(self, questions: Questions) -> None:
        """Send questions. Raises ConnectionLost."""
        await send(self._stream, encode_questions(questions), self._sending, f"Network Config Manager {self.address}")

    def close(self) -> None:
        """End this stream."""
        self._stream.cancel()


class NcmClient:
    """Keeps one host connected to a Network Config Manager, for ever."""

    def __init__(
        self,
        addresses: Sequence[str],
        hello: Callable[[], NcmHello],
        *,
        backoff: Backoff | None = None,
        keepalive: Keepalive | None = None,
        welcome_timeout: float = 10.0,
        not_welcomed: Callable[[str], None] = lambda address: None,
        open_channel: OpenChannel = open_plain,
        ways: Ways = direct,
    ) -> None:
        """``addresses`` are HOST:PORT or unix:PATH; ``not_welcomed`` is told of each attempt that came to nothing."""
        self._dialling = Dialling(
            addresses,
            ASK_METHOD,
            lambda: encode_hello(hello()),
            lambda address, data, stream: NcmConnection(address, decode_ncm_welcome(data), stream),
            what="Network Config Manager",
            backoff=backoff,
            keepalive=keepalive,
            welcome_timeout=welcome_timeout,
            not_welcomed=not_welcomed,
            open_channel=open_channel,
            ways=ways,
        )

    def connections(self) -> AsyncIterator[NcmConnection]:
        """One connection after the other; see Dialling.connections."""
        return self._dialling.connections()
