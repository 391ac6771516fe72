"""Leading neighbours that reach no controller to one: passes bytes on and understands none of them."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection

import msgspec

from alcor.agent.counters import Counters
from alcor.agent.rescue.splice import Pace, Stream, close, splice
from alcor.channels.checks import MalformedMessage
from alcor.channels.rescue import handshake
from alcor.channels.rescue.handshake import Answer, Request

log = logging.getLogger(__name__)

_RETRY_SECONDS = 5.0


class RelayLimits(msgspec.Struct, frozen=True):
    """How much a host does for others at most."""

    connections: int = 32  # of all hosts together
    connections_per_host: int = 8
    octets_per_second: float = 4e6  # of one host
    patience: float = handshake.PATIENCE_SECONDS  # to hear what a host wants, and to reach its controller
    greeted: int = 64  # connections that have not yet said who they are


class Relay:
    """Of one host. It leads only to controllers of its own, and only hosts that a controller sent."""

    def __init__(
        self,
        vtep_ip: str,
        port: int,
        key: Callable[[], bytes],
        leads_to: Callable[[], Collection[str]],
        is_relayed: Callable[[], bool],
        counters: Counters,
        limits: RelayLimits | None = None,
    ) -> None:
        """``key`` is what a controller gave this host to know others by, empty for none yet; ``leads_to`` are the
        addresses of its controllers, for all that they do; ``is_relayed`` says whether it reaches none itself.
        """
        self.trouble = ""
        """Why nobody can be relayed; empty when they can."""
        self._address = (vtep_ip, port)
        self._key, self._leads_to, self._is_relayed, self._counters = key, leads_to, is_relayed, counters
        self._limits = limits or RelayLimits()
        self._greeted = 0
        self._connections: Counter[str] = Counter()  # by host
        self._paces: dict[str, Pace] = {}
        self._serving: set[asyncio.Task[None]] = set()

    def hosts(self) -> dict[str, int]:
        """The hosts that are relayed now, and their connections."""
        return dict(self._connections)

    async def run(self) -> None:
        """Go on for ever; an address that cannot be used is tried again."""
        while True:
            try:
                server = await asyncio.start_server(self._enter, *self._address)
                self.trouble = ""
                async with server:
                    await server.serve_forever()
            except OSError as error:
                trouble = f"cannot listen at {self._address[0]}, TCP port {self._address[1]}: {error.strerror or error}"
                if trouble != self.trouble:
                    log.warning("neighbours cannot be relayed: %s", trouble)
                self.trouble = trouble
                await asyncio.sleep(_RETRY_SECONDS)
            finally:
                for task in self._serving:
                    task.cancel()

    def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._greeted >= self._limits.greeted:
            self._counters.add("relay_connections_too_many")
            writer.transport.abort()
            return
        self._greeted += 1
        try:
            wanted = await self._request(reader, writer)
        finally:
            self._greeted -= 1
        if wanted is None:
            close(writer)
            return
        self._connections[wanted.host_id] += 1
        try:
            await self._lead(wanted, (reader, writer))
        finally:
            close(writer)
            self._connections[wanted.host_id] -= 1
            if not self._connections[wanted.host_id]:
                del self._connections[wanted.host_id]
                self._paces.pop(wanted.host_id, None)

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
        """What the host wants, if it may have it; it is told otherwise."""
        greeting = handshake.new_greeting()
        try:
            async with asyncio.timeout(self._limits.patience):
                writer.write(greeting)
                lengths = await reader.readexactly(handshake.LENGTHS_BYTES)
                wanted = handshake.read_request(lengths, await reader.readexactly(handshake.rest_bytes(lengths)))
        except MalformedMessage as error:
            if self._counters.add("relay_requests_malformed"):
                log.warning("what asks to be relayed sent garbage: %s", error)
            return None
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            self._counters.add("relay_requests_unfinished")
            return None
        answer = self._judge(greeting, wanted)
        if answer is Answer.WELCOME:
            return wanted
        self._refuse(writer, answer, wanted.host_id)
        return None

    def _judge(self, greeting: bytes, wanted: Request) -> Answer:
        key = self._key()
        if not key or not handshake.is_proven(key, greeting, wanted):
            return Answer.NOT_ADMITTED
        if self._is_relayed():
            return Answer.RELAYED_ITSELF
        if wanted.address not in self._leads_to():
            return Answer.NOT_A_CONTROLLER
        is_full = self._connections.total() >= self._limits.connections
        if is_full or self._connections[wanted.host_id] >= self._limits.connections_per_host:
            return Answer.BUSY
        return Answer.WELCOME

    def _refuse(self, writer: asyncio.StreamWriter, answer: Answer, host_id: str) -> None:
        if self._counters.add(f"relay_refused_{answer.name.lower()}"):
            log.warning("host %s is not relayed: %s", host_id, answer.name.lower())
        writer.write(bytes((answer,)))

    async def _lead(self, wanted: Request, host: Stream) -> None:
        try:
            async with asyncio.timeout(self._limits.patience):
                controller = await connect(wanted.address)
        except (OSError, TimeoutError):
            self._refuse(host[1], Answer.NOT_REACHED, wanted.host_id)
            return
        host[1].write(bytes((Answer.WELCOME,)))
        self._counters.add("relay_connections")
        log.info("host %s is relayed to %s", wanted.host_id, wanted.address)
        pace = self._paces.setdefault(wanted.host_id, Pace(self._limits.octets_per_second))
        await splice(host, controller, self._count, pace)
        log.info("host %s is relayed to %s no more", wanted.host_id, wanted.address)

    def _count(self, octets: int) -> None:
        self._counters.add("relay_octets", octets)


async def connect(address: str) -> Stream:
    """A stream to HOST:PORT or unix:PATH. Raises OSError."""
    if address.startswith("unix:"):
        return await asyncio.open_unix_connection(address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    return await asyncio.open_connection(host.strip("[]"), int(port))
