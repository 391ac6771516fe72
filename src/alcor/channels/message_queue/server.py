"""The controller's end of the message-queue path: hosts that say hello over a queue, served as those of a stream are.

All of them are the hosts of one ManyHostsStream, whose peer is this: it passes what hosts say to it, and what it says
to the topics of the hosts. Hosts and windows, turns and snapshots are the same as on the fast path.
"""

import asyncio
import contextlib
import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec

from alcor.channels.agent_codec import decode_agent_message, encode_welcome
from alcor.channels.checks import MalformedMessage
from alcor.channels.encoding import GoalStateEncoder
from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE, ConnectedHosts
from alcor.channels.fast_path.many_hosts import ManyHostsStream
from alcor.channels.fast_path.ncm_announcements import NcmAnnouncements
from alcor.channels.fast_path.options import HOSTS_LIMIT
from alcor.channels.interface import ChannelListener
from alcor.channels.message_queue.envelopes import (
    FromQueuedHost,
    Place,
    QueuedHello,
    ToQueuedHost,
    decode_from_host,
    decode_hello,
    encode_to_host,
)
from alcor.channels.message_queue.host_trust import HostTrust, Known
from alcor.channels.message_queue.many_hosts_call import ManyHostsCall
from alcor.channels.message_queue.numbers import Heard
from alcor.channels.message_queue.outgoing import Outgoing
from alcor.channels.message_queue.queue import (
    FROM_HOSTS,
    HELLOS,
    MOST_BYTES,
    Consumer,
    Publisher,
    Queue,
    QueueUnavailable,
    welcome_topic,
)
from alcor.channels.message_queue.served_host import ServedHost
from alcor.channels.message_queue.signs_of_life import LOOKS, is_due
from alcor.channels.messages import Hello, Welcome
from alcor.channels.trust.guard import Refused
from alcor.southbound.v1 import southbound_pb2 as pb

log = logging.getLogger(__name__)

PlaceOf = Callable[[str], Place | None]
"""Where a host is to be reached; None when it is no known node."""

_MOVED = "the host is reached by another topic or key: listen there"
_SILENT = "nothing was heard of the host"
_GAP = "something that the host said is missing"
_RETRY_SECONDS = 1.0
_TOLD_SECONDS = 10.0  # that a host has to be told where to listen
_GATHER_SECONDS = 0.05  # hellos of one host that come together: the last counts
_HELLOS_AT_ONCE = 1000


class QueueServerSettings(msgspec.Struct, frozen=True):
    """Limits of the server."""

    report_interval: int = 20  # seconds between two signs of life of a host, at most
    silent_intervals: int = 3  # without a sign of life, after which a host has gone
    part_bytes: int = 2 * 1024 * 1024
    unconfirmed_bytes: int = 64 * 1024 * 1024  # handed to the queue and not yet there, for all hosts


_Greeting = tuple[Hello, QueuedHello, Known | None]
"""A hello, what it came in, and who said it; None where no certificates are shown."""


class QueueServer:
    """Serves hosts over a queue that it does not close."""

    def __init__(
        self,
        queue: Queue,
        welcome: Welcome,
        listener: ChannelListener,
        place_of: PlaceOf,
        hosts: ConnectedHosts,
        settings: QueueServerSettings | None = None,
        refused: Counter[str] | None = None,
        trust: HostTrust | None = None,
        greeted: Callable[[str], object] = lambda _host_id: None,
    ) -> None:
        """``hosts`` are those connected to this controller, whichever way; ``refused`` is what the queue counts in.

        With ``trust`` hosts must prove who they are. ``greeted`` is told of each that is served from now on.
        """
        self._queue, self._place_of, self._trust, self._greeted = queue, place_of, trust, greeted
        self._settings = settings or QueueServerSettings()
        self._topic = f"{FROM_HOSTS}controller-{welcome.controller_id}"
        greeting = encode_welcome(msgspec.structs.replace(welcome, report_interval=self._settings.report_interval))
        self._call = ManyHostsCall(self._tell)
        self._stream = ManyHostsStream(
            self._call, greeting, listener, hosts, GoalStateEncoder(), self._settings.part_bytes
        )
        self._ncms = NcmAnnouncements()
        self._known_ncms: bytes | None = None
        self._sessions: dict[bytes, ServedHost] = {}
        self._by_number: dict[int, ServedHost] = {}
        self._numbers = itertools.cycle(range(HOSTS_LIMIT))
        self._outgoing = Outgoing(queue, self._settings.unconfirmed_bytes)
        self._listening: asyncio.Task[None] | None = None
        self._places: set[asyncio.Task[None]] = set()  # hosts that are being told where to listen
        self.refused: Counter[str] = Counter() if refused is None else refused
        """What was passed over or ended a session, by why."""
        self._hellos: Consumer | None = None
        self._trouble = "not connected to the message queue yet"

    @property
    def trouble(self) -> str:
        """Why no host can come by the queue at the moment; empty when hosts can."""
        is_away = self._hellos is not None and not self._hellos.is_connected()
        return self._trouble or ("the broker is away" if is_away else "")

    @property
    def hosts(self) -> int:
        """How many hosts are served over the queue."""
        return len(self._sessions)

    def host_ids(self) -> Iterable[str]:
        """The hosts that are served over the queue."""
        return (session.hello.host_id for session in self._sessions.values())

    def tell_ncms(self, addresses: Collection[str]) -> None:
        """See FastPathServer.tell_ncms."""
        self._ncms.tell(addresses)

    async def run(self) -> None:
        """Serve for ever; survives a broker that is away."""
        try:
            with self._ncms.to(self._stream):
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._stream.serve())
                    tasks.create_task(self._watch())
                    self._listening = tasks.create_task(self._listen())
        finally:
            await self._outgoing.close()

    async def stop(self, grace: float) -> None:
        """Take no more hosts, and send those there are on to other controllers, within about ``grace`` seconds."""
        if self._listening is not None:
            self._listening.cancel()
        for session in list(self._sessions.values()):
            self._end(session, GO_ELSEWHERE)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._outgoing.all_there()

    async def _listen(self) -> None:
        while True:
            try:
                own = await self._queue.alone(self._topic)
            except QueueUnavailable as error:
                await self._wait_out(error)
                continue
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._hear_hosts(own))
                    tasks.create_task(self._hear_hellos())
            except* QueueUnavailable as error:
                await self._wait_out(error.exceptions[0])
            finally:
                await own.close(for_good=True)

    async def _wait_out(self, error: BaseException) -> None:
        level = logging.DEBUG if str(error) == self._trouble else logging.WARNING
        log.log(level, "hosts cannot come by the message queue: %s", error)
        self._trouble = str(error)
        await asyncio.sleep(_RETRY_SECONDS)

    # From the hosts.

    async def _hear_hellos(self) -> None:
        consumer = self._hellos = await self._queue.take_turns(HELLOS)
        self._trouble = ""
        try:
            while True:
                for greeting in (await self._gathered(consumer)).values():
                    self._greet(*greeting)
        finally:
            await consumer.close()

    async def _gathered(self, consumer: Consumer) -> dict[str, _Greeting]:
        """The latest hello of each host that has come: of those that waited for long, most were given up."""
        found: dict[str, _Greeting] = {}
        waiting = None
        for _ in range(_HELLOS_AT_ONCE):
            try:
                async with asyncio.timeout(waiting):
                    data = await consumer.next()
            except TimeoutError:
                break
            waiting = _GATHER_SECONDS
            try:
                hello, said = _decode_both_hellos(data)
            except MalformedMessage as error:
                self._refuse("malformed", f"a hello over the message queue: {error}")
                continue
            known = None
            if self._trust is not None and (known := self._meet(self._trust, hello, said)) is None:
                continue
            before = found.get(hello.host_id)
            if before is None or before[0].boot_id != hello.boot_id or before[1].attempt < said.attempt:
                found[hello.host_id] = hello, said, known
        return found

    def _meet(self, trust: HostTrust, hello: Hello, said: QueuedHello) -> Known | None:
        """Who says hello, if it is the host itself and is to be let in; where only the latter is not so it is told."""
        try:
            known = trust.meet(hello.host_id, said)
            try:
                trust.check(known.identity)
            except Refused as error:
                if said.place is not None:
                    refusal = known.sealed(ToQueuedHost(said.session, 1, end=str(error)))
                    self._outgoing.send(said.place, encode_to_host(refusal))
            else:
                return known
        except MalformedMessage:
            log.debug("a hello for host %s is passed over", hello.host_id)
        self.refused["not_trusted"] += 1
        return None

    def _greet(self, hello: Hello, said: QueuedHello, known: Known | None) -> None:
        place = self._place_of(hello.host_id)
        if place is None:
            self._refuse("unknown_node", f"host {hello.host_id} is not a known node: create it")
            return
        if place != said.place:
            self._show_place(said.session, place)
            return
        if said.session in self._sessions:
            return
        if len(self._by_number) == HOSTS_LIMIT:
            self._refuse("too_many", f"host {hello.host_id}: {HOSTS_LIMIT} hosts are served over the message queue")
            return
        number = next(each for each in self._numbers if each not in self._by_number)
        session = ServedHost(number, said.session, hello, place, known)
        self._sessions[said.session] = self._by_number[number] = session
        if self._trust is not None and known is not None:
            session.unwatch = self._trust.watch(known.identity, lambda reason: self._end(session, reason))
        self._greeted(hello.host_id)
        self._call.hear(pb.FromHost(host=number, message=said.hello))

    def _show_place(self, session: bytes, place: Place) -> None:
        topic = welcome_topic(session)
        publisher = self._queue.passing_publisher(topic)
        sent = publisher.send(encode_to_host(ToQueuedHost(session, 1, place=place)))
        task = asyncio.create_task(_close_when_sent(publisher, sent))
        self._places.add(task)
        task.add_done_callback(self._places.discard)

    async def _hear_hosts(self, own: Consumer) -> None:
        while True:
            data = await own.next()
            try:
                self._hear_host(decode_from_host(data))
            except MalformedMessage as error:
                self._refuse("malformed", f"a message from a host: {error}")

    def _hear_host(self, said: FromQueuedHost) -> None:
        session = self._sessions.get(said.session)
        if session is None:
            self.refused["other_session"] += 1
            return
        try:
            said = session.opened(said)
        except MalformedMessage as error:
            self.refused["not_trusted"] += 1
            if self._trust is not None:
                self._trust.refuse(f"what claims to be host {session.hello.host_id}", str(error))
            return
        match session.numbers.hear(said.number):
            case Heard.REPEATED:
                self.refused["repeated"] += 1
                return
            case Heard.MISSING:
                self.refused["missing"] += 1
                self._end(session, _GAP)
                return
        session.quiet_looks = 0
        if self._place_of(session.hello.host_id) != session.place:
            self._end(session, _MOVED)
        elif said.end:
            self._forget(session)
            self._call.hear(pb.FromHost(host=session.number, end=True))
        elif said.message or said.taken:
            self._call.hear(pb.FromHost(host=session.number, message=said.message, taken=said.taken))

    async def _watch(self) -> None:
        """Give signs of life, and end hosts that give none.

        Looks are counted, as hosts are not to blame for the time in which this process did something else.
        """
        interval, most = self._settings.report_interval, self._settings.silent_intervals * LOOKS
        while True:
            await asyncio.sleep(interval / LOOKS)
            for session in list(self._sessions.values()):
                session.quiet_looks += 1
                if session.quiet_looks > most:
                    self.refused["silent"] += 1
                    log.info("host %s is not heard of over the message queue any more", session.hello.host_id)
                    self._end(session, _SILENT)
                elif is_due(session.told_at, interval):
                    self._send(session)
            await self._outgoing.keep({session.place.topic for session in self._sessions.values()})

    # To the hosts.

    async def _tell(self, messages: pb.ControllerMessages) -> None:
        if messages.HasField("network_config_managers"):
            ncms = pb.ControllerMessage(network_config_managers=messages.network_config_managers)
            self._known_ncms = ncms.SerializeToString()
            for session in self._sessions.values():
                self._tell_ncms(session)
        for message in messages.messages:
            host = self._by_number.get(message.host)
            if host is not None:
                self._tell_host(host, message)
        await self._outgoing.room()

    def _tell_host(self, session: ServedHost, message: pb.ToHost) -> None:
        if not message.message:
            self._finish(session, message.end)
        elif self._place_of(session.hello.host_id) != session.place:
            self._end(session, _MOVED)
        elif session.numbers.said:
            self._send(session, message.message)
        else:
            self._send(session, message.message, controller=self._topic)
            self._tell_ncms(session)

    def _tell_ncms(self, session: ServedHost) -> None:
        if self._known_ncms is not None and session.hello.takes_ncms and session.numbers.said:
            self._send(session, self._known_ncms)

    def _send(self, session: ServedHost, message: bytes = b"", **others: Any) -> None:
        said = ToQueuedHost(session.session, session.numbers.next(), message, **others)
        data = encode_to_host(session.sealed(said))
        if len(data) > MOST_BYTES:
            self._refuse("too_large", f"host {session.hello.host_id}: a message of {len(data)} bytes for it")
            self._end(session, "a message for the host is too large for the message queue")
            return
        session.numbers.say()
        session.told_at = time.monotonic()
        self._outgoing.send(session.place, data)

    def _end(self, session: ServedHost, why: str) -> None:
        """End a host from this side of the stream."""
        self._finish(session, why)
        self._call.hear(pb.FromHost(host=session.number, end=True))

    def _finish(self, session: ServedHost, why: str) -> None:
        """The host is not served any more, and is told so."""
        self._forget(session)
        place = self._place_of(session.hello.host_id)
        self._send(session, end=why or "ended", place=place if place != session.place else None)

    def _forget(self, session: ServedHost) -> None:
        self._sessions.pop(session.session, None)
        self._by_number.pop(session.number, None)
        session.unwatch()

    def _refuse(self, kind: str, why: str) -> None:
        self.refused[kind] += 1
        log.log(logging.WARNING if self.refused[kind] == 1 else logging.DEBUG, "%s", why)


def _decode_both_hellos(data: bytes) -> tuple[Hello, QueuedHello]:
    """An agent's hello, and what it came in."""
    said = decode_hello(data)
    hello = decode_agent_message(said.hello)
    if not isinstance(hello, Hello):
        raise MalformedMessage("the first message of a host must be a hello")
    return hello, said


async def _close_when_sent(publisher: Publisher, sent: "asyncio.Future[None]") -> None:
    try:
        async with asyncio.timeout(_TOLD_SECONDS):
            await sent
    except (TimeoutError, QueueUnavailable):
        log.debug("a host was not told where to listen: it asks again")
    finally:
        await publisher.close()
