"""Simulated hosts that ask a Network Config Manager who their peers are, each on a stream of its own, as agents do.

The streams of a process share a few connections (HTTP/2 carries many); what they cost more than hosts that are only
told is the stream and the task that reads it.
"""

import asyncio
import contextlib
import logging
import time
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

import grpc
import msgspec

from alcor.channels.checks import MalformedMessage
from alcor.channels.fast_path.dialling import ConnectionLost
from alcor.channels.fast_path.ncm_client import NcmConnection
from alcor.channels.fast_path.opening import OpenChannel, open_plain
from alcor.channels.fast_path.options import ASK_METHOD, END_OF_STREAM, Keepalive
from alcor.channels.ncm_codec import decode_ncm_welcome, encode_hello
from alcor.channels.ncm_messages import NcmHello, VpcQuestions
from alcor.model.goal_state import GoalStateDelta
from alcor.scale.counts import Counts
from alcor.scale.load import drive

log = logging.getLogger(__name__)

_OPENED_AT_ONCE = 100
_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
)


class AskedVpc(msgspec.Struct, array_like=True):
    """A VPC that hosts ask about."""

    vni: int
    addresses: bytes  # IPv4 addresses of its ports, as an array of unsigned integers


class Questions(msgspec.Struct, array_like=True):
    """What hosts are to ask."""

    peers: int  # of each host
    at_once: int  # in one message
    clients: int  # hosts that wait for an answer at the same time
    rate: float  # messages a second; 0 for as many as the clients get through


class Answers(msgspec.Struct, array_like=True):
    """How all questions of a process were answered. Times are of time.monotonic."""

    began: float
    ended: float
    seconds: bytes  # of each message until all of it was answered, as an array of doubles


class News(msgspec.Struct, array_like=True):
    """Something a host heard that it had not asked for just now."""

    mac: int
    at: float  # time.monotonic


def peer(host: int, peers: int, number: int, addresses: int) -> int:
    """Which of so many addresses is a host's peer of that number; each address is the peer of about as many hosts."""
    return (host * peers + number) % addresses


class _Message:
    """A question under way."""

    __slots__ = ("answered", "missing")

    def __init__(self, missing: int) -> None:
        self.missing = missing
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class _Host:
    """One that asks."""

    __slots__ = ("asked", "connection", "number", "vpc")

    def __init__(self, number: int, vpc: int, connection: NcmConnection) -> None:
        self.number, self.vpc, self.connection = number, vpc, connection
        self.asked: dict[int, _Message] = {}  # by address


class Asking:
    """The hosts of one process that ask, from the opening of their streams until they close them."""

    def __init__(
        self,
        address: str,
        boot_id: bytes,
        per_connection: int,
        counts: Counts,
        open_channel: OpenChannel = open_plain,
    ) -> None:
        """``counts`` is where it is counted what happens."""
        self.trouble = ""
        """Why it came to an end too early."""
        self._address, self._boot_id, self._per_connection = address, boot_id, per_connection
        self._counts, self._open_channel = counts, open_channel
        self._channels: list[Any] = []
        self._hosts: list[_Host] = []
        self._vpcs: list[tuple[int, array[int]]] = []
        self._news: list[News] = []
        self._answers: Answers | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def events(self) -> tuple[list[News], Answers | None]:
        """What was heard since this was asked last."""
        found = self._news, self._answers
        self._news, self._answers = [], None
        return found

    def open(self, hosts: list[tuple[str, int, int]], vpcs: list[AskedVpc]) -> None:
        """Open a stream for each host: its name, its number, and the place in the list of the VPC it asks about."""
        self._vpcs = [(vpc.vni, array("I", vpc.addresses)) for vpc in vpcs]
        self._start(self._open(hosts))

    def ask(self, questions: Questions) -> None:
        """Ask about all peers."""
        self._start(self._ask_all(questions))

    def close(self) -> None:
        """Close all streams; they are closed when nobody is counted as asking any more."""
        tasks, self._tasks = self._tasks, set()
        channels, self._channels, self._hosts = self._channels, [], []
        self._start(_close(tasks, channels))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Any) -> None:
        try:
            await work
        except Exception as error:
            self.trouble = str(error) or type(error).__name__

    # Streams.

    async def _open(self, hosts: list[tuple[str, int, int]]) -> None:
        options = [*Keepalive().options(), *_OPTIONS]
        for _ in range(0, len(hosts), self._per_connection):
            self._channels.append(self._open_channel(self._address, options))
        await drive(enumerate(hosts), self._open_one, _OPENED_AT_ONCE)

    async def _open_one(self, place: tuple[int, tuple[str, int, int]]) -> None:
        index, (name, number, vpc) = place
        connection = await self._connect(self._channels[index // self._per_connection], name)
        host = _Host(number, vpc, connection)
        self._hosts.append(host)
        self._counts.asking += 1
        self._start(self._listen(host))

    async def _connect(self, channel: Any, name: str) -> NcmConnection:
        stream = channel.stream_stream(ASK_METHOD)()
        try:
            await stream.write(encode_hello(NcmHello(name, self._boot_id)))
            if (data := await stream.read()) is END_OF_STREAM:
                raise ConnectionLost(f"{name} was not welcomed by {self._address}")
            return NcmConnection(self._address, decode_ncm_welcome(data), stream)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, MalformedMessage) as error:
            raise ConnectionLost(f"{name} cannot ask {self._address}: {error}") from error

    async def _listen(self, host: _Host) -> None:
        try:
            async with contextlib.aclosing(host.connection.news()) as news:  # type: ignore[type-var]
                async for delta in news:
                    self._take(host, delta)
        finally:
            self._counts.asking -= 1
        raise ConnectionLost(f"the stream of host {host.number} was ended: {host.connection.ended}")

    # Questions and answers.

    async def _ask_all(self, questions: Questions) -> None:
        began = time.monotonic()
        load = await drive(self._messages(questions), self._ask_one, questions.clients, questions.rate)
        self._answers = Answers(began, time.monotonic(), load.latencies.tobytes())

    def _messages(self, questions: Questions) -> Iterator[tuple[_Host, list[int]]]:
        """Hosts in turns, so that they ask beside each other."""
        for first in range(0, questions.peers, questions.at_once):
            for host in self._hosts:
                _, addresses = self._vpcs[host.vpc]
                last = min(first + questions.at_once, questions.peers, len(addresses))
                numbers = range(first, last)
                if numbers:
                    yield host, [addresses[peer(host.number, questions.peers, n, len(addresses))] for n in numbers]

    async def _ask_one(self, message: tuple[_Host, list[int]]) -> None:
        host, addresses = message
        asked = _Message(len(addresses))
        host.asked.update(dict.fromkeys(addresses, asked))
        await host.connection.ask({self._vpcs[host.vpc][0]: VpcQuestions(ipv4=set(addresses))})
        await asked.answered

    def _take(self, host: _Host, delta: GoalStateDelta) -> None:
        for change in delta.neighbours.values():
            answered = [mac for address, mac in change.put.ipv4.items() if self._is_answer(host, address)]
            self._counts.answered += len(answered)
            self._counts.absent += sum(self._is_answer(host, address) for address in change.removed_ipv4)
            self._hear(change.put.forwarding.keys() - answered)
            self._hear(change.removed_macs)

    def _is_answer(self, host: _Host, address: int) -> bool:
        asked = host.asked.pop(address, None)
        if asked is None:
            return False
        asked.missing -= 1
        if not asked.missing and not asked.answered.done():
            asked.answered.set_result(None)
        return True

    def _hear(self, macs: Iterable[int]) -> None:
        now = time.monotonic()
        found = [News(mac, now) for mac in macs]
        self._counts.news += len(found)
        self._news.extend(found)


async def _close(tasks: Iterable["asyncio.Task[None]"], channels: Iterable[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for channel in channels:
        await channel.close(grace=None)
