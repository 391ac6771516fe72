"""Being led to a controller by a neighbour, while none is reached on the direct way."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from alcor.agent.counters import Counters
from alcor.agent.rescue.doors import Doors
from alcor.agent.rescue.relay import connect
from alcor.agent.rescue.splice import Stream, close, splice
from alcor.channels.checks import MalformedMessage
from alcor.channels.messages import RelayCandidate, RelayCandidates
from alcor.channels.rescue import handshake
from alcor.channels.rescue.handshake import Answer
from alcor.model.addresses import ipv4_text

log = logging.getLogger(__name__)

RELAYS = "relays.msgpack"
"""The file in which candidates are kept: they are needed when nobody can tell them."""

LOOK_SECONDS = 0.5
_STEADY_SECONDS = 600.0  # on the direct way, after which the next rescue is the first
_LONGEST_CHECK_SECONDS = 600.0
_RETURN_SECONDS = 15.0  # that a host may take to connect directly: attempts are some seconds apart
_QUEUE_SECONDS = 15.0  # that a host may take to be served over a message queue instead
_CHECKS = 2  # in a row that reach a controller before the direct way is trusted

Connect = Callable[[str], Awaitable[Stream]]
"""Opens a stream to HOST:PORT or unix:PATH. Raises OSError."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(RelayCandidates).decode


class RescueSettings(msgspec.Struct, frozen=True):
    """How patient a host is, in seconds."""

    after: float = 5.0  # without a controller, before a neighbour is asked; half as much again at random; 0 for never
    check: float = 10.0  # between two looks whether the direct way is there again, more or less
    timeout: float = 2.0  # for a connection, to a controller directly or to a neighbour
    patience: float = 2.0 + handshake.PATIENCE_SECONDS  # with one neighbour


def patience_of(after: float, has_queue: bool) -> RescueSettings:
    """Settings of a host that is rescued after so many seconds; one with a message queue is first served over that."""
    waits = after + _QUEUE_SECONDS if after and has_queue else after
    return RescueSettings(waits, min(after, RescueSettings().check))


class Way(msgspec.Struct, frozen=True):
    """How an address is reached: what gRPC is pointed at, and the host that relays, if one does."""

    target: str
    relay: str = ""


class Rescue:
    """Finds the way to controllers, direct or by a neighbour, for all streams of a host."""

    def __init__(
        self,
        host_id: str,
        controllers: Sequence[str],
        port: int,
        doors: Path,
        counters: Counters,
        settings: RescueSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
        connect: Connect = connect,
    ) -> None:
        """``port`` is the TCP port of all relays, at their VTEP addresses; ``doors`` is a directory that is needed for
        nothing else; ``connect`` is the direct way.
        """
        self.is_relayed = False
        """Whether controllers are reached by neighbours for now, if at all."""
        self.changed_over: Callable[[], None] = lambda: None
        """Told when that has changed: what is open yet goes the way it went before."""
        self._host_id, self._controllers, self._port, self._counters = host_id, controllers, port, counters
        self._settings, self._clock = settings or RescueSettings(), clock
        self._connect = connect
        self._told = RelayCandidates()
        self._order: list[RelayCandidate] = []
        self._is_served = False
        self._patience_ends = clock() + self._patience()
        self._direct_since: float | None = None
        self._check_seconds = self._settings.check
        self._relayed: set[asyncio.StreamWriter] = set()
        self._doors = Doors(doors)

    def key(self) -> bytes:
        """By which this host knows those that it may relay; empty for nobody."""
        return self._told.key

    def told(self, candidates: RelayCandidates) -> None:
        """A controller says who may be asked, and who may ask."""
        if candidates != self._told:
            self._told = candidates
            self._order = random.sample(candidates.candidates, len(candidates.candidates))

    def dump(self) -> bytes:
        """What was told, to be kept."""
        return _encode(self._told)

    def restore(self, data: bytes) -> None:
        """Take up what was kept. Raises ValueError for what is no dump."""
        self.told(_decode(data))

    def served(self) -> None:
        """A controller has welcomed the host."""
        self._is_served = True

    def unserved(self) -> None:
        """No controller is connected any more."""
        self._is_served = False
        self._patience_ends = self._clock() + self._patience()

    def _patience(self) -> float:
        return self._settings.after * random.uniform(1.0, 1.5)

    async def run(self) -> None:
        """Change over to neighbours and back again, for ever."""
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                if self.is_relayed:
                    await self._look_for_direct_way()
                elif self._must_be_rescued():
                    self._begin()
        finally:
            self._cut()
            self._doors.close()

    def _must_be_rescued(self) -> bool:
        is_wanted = self._settings.after > 0 and bool(self._order)
        return is_wanted and not self._is_served and self._clock() >= self._patience_ends

    def _begin(self) -> None:
        since = self._direct_since
        is_again = since is not None and self._clock() - since < _STEADY_SECONDS
        doubled = min(2 * self._check_seconds, _LONGEST_CHECK_SECONDS)
        self._check_seconds = doubled if is_again else self._settings.check
        self.is_relayed = True
        self._counters.add("rescues")
        log.warning("no controller is reached: neighbours are asked, %d of them are known", len(self._order))
        self.changed_over()

    async def _look_for_direct_way(self) -> None:
        """Return after a while, or once the direct way was found to be there again and again."""
        for _ in range(_CHECKS):
            await asyncio.sleep(random.uniform(0.5, 1.5) * self._check_seconds)
            if not self.is_relayed or not await self._reaches_any():
                return
        self._end()

    async def _reaches_any(self) -> bool:
        for address in self._controllers:
            if await self._reaches(address):
                return True
        return False

    async def _reaches(self, address: str) -> bool:
        try:
            async with asyncio.timeout(self._settings.timeout):
                _, writer = await self._connect(address)
        except (OSError, TimeoutError):
            return False
        writer.transport.abort()
        return True

    def _end(self) -> None:
        log.warning("a controller is reached on the direct way again")
        self.is_relayed = False
        self._direct_since = self._clock()
        self._patience_ends = self._clock() + self._patience() + _RETURN_SECONDS
        self._cut()
        self.changed_over()

    def _cut(self) -> None:
        for writer in list(self._relayed):
            close(writer)

    @contextlib.asynccontextmanager
    async def way(self, address: str) -> AsyncIterator[Way]:
        """How to reach a controller or a Network Config Manager just now, for one connection. Raises OSError."""
        if self.is_relayed and not self._is_served and await self._reaches(address):
            self._end()
        if not self.is_relayed:
            yield Way(address)
            return
        relay, stream = await self._led(address)
        self._relayed.add(stream[1])
        try:
            async with self._door(stream) as target:
                yield Way(target, relay)
        finally:
            self._relayed.discard(stream[1])
            close(stream[1])

    @contextlib.asynccontextmanager
    async def target(self, address: str) -> AsyncIterator[str]:
        """The same, for who need not know who relays."""
        async with self.way(address) as way:
            yield way.target

    @contextlib.asynccontextmanager
    async def _door(self, stream: Stream) -> AsyncIterator[str]:
        """A socket for gRPC to connect to, once: what comes in goes on in the stream."""
        inside: list[asyncio.Task[None]] = []

        def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if inside:
                writer.transport.abort()
            else:
                inside.append(asyncio.create_task(splice((reader, writer), stream, self._count)))

        with self._doors.path() as path:
            server = await asyncio.start_unix_server(enter, path)
            try:
                yield f"unix:{path}"
            finally:
                server.close()
                for task in inside:
                    task.cancel()
                await asyncio.gather(*inside, return_exceptions=True)

    def _count(self, octets: int) -> None:
        self._counters.add("rescue_octets", octets)

    async def _led(self, address: str) -> tuple[str, Stream]:
        """The first candidate that leads there. Whoever does not, or did not for long, is asked last next time."""
        for candidate in list(self._order):
            try:
                async with asyncio.timeout(self._settings.patience):
                    stream = await self._ask(candidate, address)
            except (OSError, TimeoutError, asyncio.IncompleteReadError, MalformedMessage) as error:
                log.info("host %s does not relay to %s: %s", candidate.host_id, address, error or "no answer")
                self._counters.add("rescue_refusals")
            else:
                log.warning("%s is reached by host %s", address, candidate.host_id)
                self._put_last(candidate)
                return candidate.host_id, stream
            self._put_last(candidate)
        raise OSError(f"none of {len(self._order)} neighbours leads to {address}")

    def _put_last(self, candidate: RelayCandidate) -> None:
        if candidate in self._order:
            self._order.remove(candidate)
            self._order.append(candidate)

    async def _ask(self, candidate: RelayCandidate, address: str) -> Stream:
        async with asyncio.timeout(self._settings.timeout):
            reader, writer = await asyncio.open_connection(ipv4_text(candidate.ipv4), self._port)
        try:
            greeting = await reader.readexactly(handshake.GREETING_BYTES)
            handshake.check_greeting(greeting)
            writer.write(handshake.request(candidate.token, greeting, self._host_id, address))
            (answer,) = await reader.readexactly(1)
            if answer != Answer.WELCOME:
                raise MalformedMessage(_named(answer))
        except BaseException:
            writer.transport.abort()
            raise
        return reader, writer


def _named(answer: int) -> str:
    try:
        return Answer(answer).name.lower().replace("_", " ")
    except ValueError:
        return f"answer {answer}"
