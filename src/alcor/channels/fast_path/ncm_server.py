"""The Network Config Manager's end of the stream that agents ask on: a service of the controller's gRPC server."""

import asyncio
import logging
import random
from typing import Any

import grpc

from alcor.channels.checks import MalformedMessage
from alcor.channels.codec import goal_state_to_messages
from alcor.channels.fast_path.calls import Ending, Status, abort, exchange, read_hello
from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE
from alcor.channels.fast_path.options import END_OF_STREAM
from alcor.channels.gradually import gradually
from alcor.channels.ncm_codec import decode_host_message, decode_name_question, encode_name_answer, encode_ncm_welcome
from alcor.channels.ncm_interface import NcmListener, NotAnswered
from alcor.channels.ncm_messages import NcmHello, NcmWelcome
from alcor.channels.trust.guard import Guard, Refused, Unguarded
from alcor.model.goal_state import GoalStateDelta
from alcor.model.merge import merge_into
from alcor.southbound.v1 import network_config_pb2 as pb

log = logging.getLogger(__name__)

_HELLO_SECONDS = 10.0
_MOST_WAITING = 500_000
"""News that may wait for a host that does not take them, in items; then its stream is ended, and it asks anew."""


class _AskingHost:
    """One agent's stream: an AskingHost."""

    __slots__ = ("_filled", "_items", "_waiting", "connected", "ending", "hello")

    def __init__(self, hello: NcmHello) -> None:
        self.hello = hello
        self.connected = True
        self.ending = Ending()
        self._waiting: GoalStateDelta | None = None
        self._items = 0
        self._filled = asyncio.Event()

    def end(self) -> None:
        """See AskingHost."""
        self.ending.tell(grpc.StatusCode.ABORTED, "ask anew: news were missed")

    def let_go(self) -> None:
        """End the stream: another manager should answer the host."""
        self.ending.tell(grpc.StatusCode.RESOURCE_EXHAUSTED, GO_ELSEWHERE)

    def refuse(self, reason: str) -> None:
        """End the stream: the host is not to be let in any more."""
        self.ending.tell(grpc.StatusCode.PERMISSION_DENIED, reason)

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


class NcmService:
    """Serves the streams of agents that ask."""

    def __init__(self, welcome: NcmWelcome, listener: NcmListener, guard: Guard | None = None) -> None:
        self._welcome = encode_ncm_welcome(welcome)
        self._listener = listener
        self._guard = guard or Unguarded()
        self._hosts: set[_AskingHost] = set()

    def handler(self) -> Any:
        """For a gRPC server that agents can reach."""
        ask = grpc.stream_stream_rpc_method_handler(self._ask)
        resolve = grpc.unary_unary_rpc_method_handler(self._resolve)
        methods = {"Ask": ask, "Resolve": resolve}
        return grpc.method_handlers_generic_handler("alcor.southbound.v1.NetworkConfig", methods)

    async def let_hosts_go(self, seconds: float) -> None:
        """End the streams there are, one after the other over so many seconds: the hosts go on to other managers."""
        hosts = random.sample(list(self._hosts), len(self._hosts))
        await gradually(hosts, seconds, _AskingHost.let_go)

    async def _resolve(self, request: bytes, context: Any) -> bytes:
        """One question for a name."""
        try:
            question = decode_name_question(request)
            self._guard.check_host(context, question.host_id)
            return encode_name_answer(await self._listener.resolve(question))
        except Refused as error:
            await abort(context, grpc.StatusCode.PERMISSION_DENIED, str(error))
        except MalformedMessage as error:
            await abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except NotAnswered as error:
            code = grpc.StatusCode.PERMISSION_DENIED if error.is_final else grpc.StatusCode.UNAVAILABLE
            await abort(context, code, str(error))
        return b""

    async def _ask(self, _requests: object, context: Any) -> None:
        """One agent's call, for as long as it lasts."""
        status = await self._serve_host(context)
        if status is not None:
            await abort(context, *status)

    async def _serve_host(self, context: Any) -> Status | None:
        """Returns how the call must end. That takes until the host has taken what is under way, or has gone; nothing
        is kept of it by then."""
        host = _AskingHost(await read_hello(context, NcmHello, decode_host_message, _HELLO_SECONDS))
        try:
            self._guard.check_host(context, host.hello.host_id)
        except Refused as error:
            return grpc.StatusCode.PERMISSION_DENIED, str(error)
        self._hosts.add(host)
        try:
            with self._guard.watched(context, host.refuse):
                await context.write(self._welcome)
                work = self._receive(host, context), _send(host, context)
                return await exchange(f"host {host.hello.host_id}", context, host.ending, *work)
        finally:
            host.connected = False
            self._hosts.discard(host)

    async def _receive(self, host: _AskingHost, context: Any) -> None:
        while (data := await context.read()) is not END_OF_STREAM:
            questions = decode_host_message(data)
            if isinstance(questions, NcmHello):
                raise MalformedMessage("a hello comes once, as the first message")
            self._listener.asked(host, questions)


async def _send(host: _AskingHost, context: Any) -> None:
    while True:
        news = await host.take()
        for part in goal_state_to_messages(news):
            await context.write(pb.NeighbourNews(neighbours=part).SerializeToString())
