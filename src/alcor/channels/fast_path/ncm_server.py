"""The Network Config Manager's end of the stream that agents ask on: a service of the controller's gRPC server."""

import asyncio
import logging
from typing import Any

import grpc

from alcor.channels.checks import MalformedMessage
from alcor.channels.codec import goal_state_to_messages
from alcor.channels.fast_path.calls import abort, read_hello
from alcor.channels.fast_path.options import END_OF_STREAM
from alcor.channels.ncm_codec import decode_host_message, encode_ncm_welcome
from alcor.channels.ncm_interface import NcmListener
from alcor.channels.ncm_messages import NcmHello, NcmWelcome
from alcor.model.goal_state import GoalStateDelta
from alcor.model.merge import merge_into
from alcor.southbound.v1 import network_config_pb2 as pb

log = logging.getLogger(__name__)

_HELLO_SECONDS = 10.0
_MOST_WAITING = 500_000
"""News that may wait for a host that does not take them, in items; then its stream is ended, and it asks anew."""


def ncm_service(welcome: NcmWelcome, listener: NcmListener) -> Any:
    """The service, for a gRPC server that agents can reach."""
    service = _Service(encode_ncm_welcome(welcome), listener)
    handler = grpc.stream_stream_rpc_method_handler(service.ask)
    return grpc.method_handlers_generic_handler("alcor.southbound.v1.NetworkConfig", {"Ask": handler})


class _AskingHost:
    """One agent's stream: an AskingHost."""

    __slots__ = ("_filled", "_items", "_waiting", "connected", "ended", "hello")

    def __init__(self, hello: NcmHello) -> None:
        self.hello = hello
        self.connected = True
        self.ended = False
        self._waiting: GoalStateDelta | None = None
        self._items = 0
        self._filled = asyncio.Event()

    def end(self) -> None:
        """See AskingHost."""
        self.ended = True
        self._filled.set()

    def deliver(self, news: GoalStateDelta) -> None:
        """See AskingHost."""
        self._items += news.item_count()
        if self._waiting is None:
            self._waiting = news
        elif self._items > _MOST_WAITING:
            log.warning("host %s does not take its news: it has to ask anew", self.hello.host_id)
            self.end()
        else:
            merge_into(self._waiting, news)
        self._filled.set()

    async def take(self) -> GoalStateDelta:
        """Wait for news and take all there are."""
        await self._filled.wait()
        self._filled.clear()
        news, self._waiting, self._items = self._waiting, None, 0
        return news or GoalStateDelta()


class _Service:
    """Serves agents' streams."""

    def __init__(self, welcome: bytes, listener: NcmListener) -> None:
        self._welcome = welcome
        self._listener = listener

    async def ask(self, _requests: object, context: Any) -> None:
        """One agent's call, for as long as it lasts."""
        host = _AskingHost(await read_hello(context, NcmHello, decode_host_message, _HELLO_SECONDS))
        await context.write(self._welcome)
        receiving = asyncio.create_task(self._receive(host, context))
        sending = asyncio.create_task(_send(host, context))
        try:
            await asyncio.wait((receiving, sending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            host.connected = False
            for task in (receiving, sending):
                task.cancel()
            results = await asyncio.gather(receiving, sending, return_exceptions=True)
        for error in results:
            if isinstance(error, MalformedMessage):
                log.warning("host %s asks a malformed question: %s", host.hello.host_id, error)
                await abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        if host.ended:
            await abort(context, grpc.StatusCode.ABORTED, "ask anew: news were missed")

    async def _receive(self, host: _AskingHost, context: Any) -> None:
        while (data := await context.read()) is not END_OF_STREAM:
            questions = decode_host_message(data)
            if isinstance(questions, NcmHello):
                raise MalformedMessage("a hello comes once, as the first message")
            self._listener.asked(host, questions)


async def _send(host: _AskingHost, context: Any) -> None:
    while True:
        news = await host.take()
        if host.ended:
            return
        for part in goal_state_to_messages(news):
            await context.write(pb.NeighbourNews(neighbours=part).SerializeToString())
