"""The other end of a stream on which one peer speaks for many hosts (ConnectMany).

connection = ManyHostsConnection(address, hosts)
connection.say(0, Hello("host-0", ...))         # opens number 0; returns at once, as all of these do
await connection.run()                          # calls hosts' methods until the connection is lost
"""

import asyncio
import logging
from collections import deque
from typing import Any, Protocol

import grpc

from alcor.channels.agent_codec import decode_ncms, decode_welcome, encode_agent_message
from alcor.channels.checks import MalformedMessage, parse
from alcor.channels.fast_path.opening import NoCredentials, OpenChannel, open_plain
from alcor.channels.fast_path.options import CONNECT_MANY_METHOD, END_OF_STREAM, Keepalive
from alcor.channels.messages import AgentMessage, Welcome
from alcor.southbound.v1 import southbound_pb2 as pb

log = logging.getLogger(__name__)

_MESSAGE_HOSTS = 256
_HEARD_AT_ONCE = 256
_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
)


class Hosts(Protocol):
    """Whom the connection speaks for, by their numbers. Called on the event loop; must return at once."""

    def welcomed(self, number: int, welcome: Welcome) -> None:
        """The controller has answered the host's hello."""

    def goal_state(self, number: int, part: pb.GoalState) -> None:
        """A part of a goal state for the host, which calls took() once it has dealt with the last one."""

    def told_ncms(self, addresses: tuple[str, ...]) -> None:
        """These are all Network Config Managers there are; with none, hosts ask where the controllers are."""

    def ended(self, number: int, reason: str) -> None:
        """The controller has ended the host; it may say hello again."""


class ManyHostsConnection:
    """One connection, to be used once. What is said while it is not yet, or no longer, up goes nowhere.

    What waits to be sent is bounded by what the hosts are given leave to: a few goal states to answer each.
    """

    def __init__(
        self,
        address: str,
        hosts: Hosts,
        keepalive: Keepalive | None = None,
        open_channel: OpenChannel = open_plain,
    ) -> None:
        """``address`` is HOST:PORT or unix:PATH."""
        self._address = address
        self._hosts = hosts
        self._keepalive, self._open_channel = keepalive or Keepalive(), open_channel
        self._waiting: deque[pb.FromHost] = deque()
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._welcomed: set[int] = set()
        self._stream: Any = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How much was said and is not sent yet, in messages of hosts."""
        return len(self._waiting)

    async def said(self) -> None:
        """Wait until all that was said before is handed to the stream, or the connection is lost."""
        await self._emptied.wait()

    def say(self, number: int, message: AgentMessage, took: int = 0) -> None:
        """Say something for a host, and that it has taken so many goal states more."""
        self._put(pb.FromHost(host=number, message=encode_agent_message(message), taken=took))

    def took(self, number: int, count: int = 1) -> None:
        """The host has taken goal states, and has room for as many others."""
        self._put(pb.FromHost(host=number, taken=count))

    def leave(self, number: int) -> None:
        """The host goes."""
        self._welcomed.discard(number)
        self._put(pb.FromHost(host=number, end=True))

    def close(self) -> None:
        """Cut the connection; run() ends."""
        self._closed = True
        if self._stream is not None:
            self._stream.cancel()

    def _put(self, message: pb.FromHost) -> None:
        self._waiting.append(message)
        self._filled.set()
        self._emptied.clear()

    async def run(self) -> None:
        """Connect, and pass messages until the connection is lost, whoever's fault it is."""
        try:
            channel = self._open_channel(self._address, [*self._keepalive.options(), *_OPTIONS])
        except NoCredentials as error:
            log.warning("controller %s cannot be asked yet: %s", self._address, error)
            self._emptied.set()
            return
        self._stream = channel.stream_stream(CONNECT_MANY_METHOD)()
        sending = asyncio.create_task(self._send())
        try:
            await self._receive()
        except MalformedMessage as error:
            log.error("controller %s sent a malformed message: %s", self._address, error)
        except grpc.aio.AioRpcError as error:
            log.info("connection to controller %s lost: %s: %s", self._address, error.code().name, error.details())
        except asyncio.CancelledError:
            if not self._closed:  # but whoever awaits this is cancelled
                raise
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            self._emptied.set()
            await channel.close(grace=None)

    async def _send(self) -> None:
        while True:
            await self._filled.wait()
            count = min(len(self._waiting), _MESSAGE_HOSTS)
            message = pb.HostMessages(messages=[self._waiting.popleft() for _ in range(count)])
            if not self._waiting:
                self._filled.clear()
            await self._stream.write(message.SerializeToString())
            if not self._waiting:
                self._emptied.set()

    async def _receive(self) -> None:
        while (data := await self._stream.read()) is not END_OF_STREAM:
            heard = parse(pb.ControllerMessages, data)
            if heard.HasField("network_config_managers"):
                self._hosts.told_ncms(decode_ncms(heard.network_config_managers))
            for count, message in enumerate(heard.messages, 1):
                self._hear(message)
                if count % _HEARD_AT_ONCE == 0:
                    await asyncio.sleep(0)

    def _hear(self, message: pb.ToHost) -> None:
        number = message.host
        if message.message:
            self._hear_controller(number, message.message)
        else:
            self._welcomed.discard(number)
            self._hosts.ended(number, message.end)

    def _hear_controller(self, number: int, data: bytes) -> None:
        if number in self._welcomed:
            heard = parse(pb.ControllerMessage, data)
            if heard.WhichOneof("message") == "goal_state":
                self._hosts.goal_state(number, heard.goal_state)
                return
            # Another welcome: the number was left and opened again, or the controller is at fault.
        elif parse(pb.ControllerMessage, data).WhichOneof("message") != "welcome":
            return  # for the host that had the number before
        self._welcomed.add(number)
        self._hosts.welcomed(number, decode_welcome(data))
