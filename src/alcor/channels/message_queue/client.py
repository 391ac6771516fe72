"""The agent's end of the message-queue path: served by one of the controllers over a queue, or trying to be.

Used as the fast path's client is (channels.fast_path.client), with the same promises.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable

from alcor.channels.agent_codec import decode_welcome, encode_agent_message
from alcor.channels.checks import MalformedMessage
from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE
from alcor.channels.fast_path.dialling import Backoff, ConnectionLost
from alcor.channels.message_queue.envelopes import (
    FromQueuedHost,
    Place,
    QueuedHello,
    ToQueuedHost,
    decode_to_host,
    encode_from_host,
    encode_hello,
)
from alcor.channels.message_queue.numbers import Heard, Numbers
from alcor.channels.message_queue.queue import (
    HELLOS,
    MOST_BYTES,
    Consumer,
    Publisher,
    Queue,
    QueueUnavailable,
    failed,
    welcome_topic,
)
from alcor.channels.message_queue.sealing import Offer, Seal
from alcor.channels.message_queue.signs_of_life import LOOKS, is_due
from alcor.channels.messages import AgentMessage, Hello, Welcome
from alcor.channels.told import FromController, Told
from alcor.channels.trust.credentials import CredentialSource
from alcor.model.goal_state import GoalStateDelta
from alcor.model.queue_slots import slot_of

log = logging.getLogger(__name__)

Count = Callable[[str], object]
"""Counts what was passed over, by why."""

_SILENT_INTERVALS = 3
_USUAL_INTERVAL = 20  # seconds, of signs of life
_ATTEMPTS_AT_A_PLACE = 2  # that come to nothing before the host asks anew where it should listen
_LAST_WORDS_SECONDS = 1.0
_REMEMBERED_HELLOS = 8  # that may yet be answered


def _note(is_first: object, message: str, *values: object) -> None:
    log.log(logging.WARNING if is_first else logging.DEBUG, message, *values)


class QueueConnection:
    """A session with a controller that has welcomed this host."""

    def __init__(self, queue: Queue, told: Told, count: Count, offer: Offer | None = None) -> None:
        """With an ``offer`` the controller must prove that it is one."""
        self.address = ""
        self.welcome = Welcome(b"")
        self.session = os.urandom(16)
        self.place: Place | None = None
        """Where the controller says that the host must listen from now on."""
        self._queue, self._told, self._count, self.offer = queue, told, count, offer
        self._seal: Seal | None = None
        self._numbers = Numbers()
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._publisher: Publisher | None = None
        self._said_at = time.monotonic()
        self._saying: asyncio.Future[None] | None = None  # what was said last
        self._quiet_looks = 0  # in which nothing was heard of the controller
        self._welcomed, self._ended = asyncio.Event(), asyncio.Event()
        self._living: asyncio.Task[None] | None = None
        self._ended_there = False
        self._refusal = ""

    @property
    def is_welcomed(self) -> bool:
        """Whether a controller has answered."""
        return self._publisher is not None

    async def wait_for_welcome(self) -> None:
        """Until a controller has answered, or has refused the host. Raises QueueUnavailable."""
        await self._welcomed.wait()
        if self._publisher is None:
            raise QueueUnavailable(f"the host was not welcomed: {self._refusal or 'what answered is malformed'}")

    async def goal_states(self) -> AsyncIterator[GoalStateDelta]:
        """See channels.fast_path.client.Connection."""
        said = FromController(self._told)
        try:
            while (data := await self._next()) is not None:
                if (delta := said.take(data)) is not None:
                    yield delta
                    self._say(taken=1)
        except MalformedMessage as error:
            log.error("controller %s sent a malformed message: %s", self.address, error)
            self._count("queue_malformed")
        finally:
            self.close()

    async def _next(self) -> bytes | None:
        """The next message; None when the session has ended."""
        while True:
            try:
                async with asyncio.timeout(self._interval):
                    return await self._inbox.get()
            except TimeoutError:
                self._quiet_looks += 1
                if self._quiet_looks > _SILENT_INTERVALS:
                    log.warning("nothing is heard of controller %s any more", self.address)
                    return None

    async def send(self, message: AgentMessage) -> None:
        """See channels.fast_path.client.Connection; waits until the broker has it."""
        if self._ended.is_set():
            raise ConnectionLost(f"the session with controller {self.address} has ended")
        sent = self._say(encode_agent_message(message))
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((sent, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
        if not sent.done() or sent.exception() is not None:
            raise ConnectionLost(f"the session with controller {self.address} has ended")

    def close(self) -> None:
        """End this session; goal_states() ends, and connections() goes on to the next."""
        if self._ended.is_set():
            return
        if self._publisher is not None and not self._ended_there:
            self._say(end=True)
        self._ended.set()
        self._welcomed.set()
        self._inbox.put_nowait(None)
        if self._living is not None:
            self._living.cancel()

    async def closed(self) -> None:
        """Close, and let go of what was opened once the last word is said, or this is cancelled."""
        self.close()
        if self._publisher is not None:
            try:
                if self._saying is not None:
                    await asyncio.wait((self._saying,))
            finally:
                await self._publisher.close()

    def hear(self, said: ToQueuedHost) -> None:
        """Take a message of this session."""
        if self._ended.is_set():
            return
        try:
            said = self._opened(said)
        except MalformedMessage as error:
            _note(self._count("queue_not_trusted"), "what claims to be a controller is passed over: %s", error)
            return
        match self._numbers.hear(said.number):
            case Heard.REPEATED:
                self._count("queue_repeated")
            case Heard.MISSING:
                self._count("queue_missing")
                log.warning("something that controller %s said is missing: saying hello again", self.address)
                self.close()
            case Heard.NEXT:
                self._quiet_looks = 0
                self._take(said)

    def _opened(self, said: ToQueuedHost) -> ToQueuedHost:
        """Raises MalformedMessage when the controller of this session did not say it."""
        if self.offer is None:
            return said
        seal = self._seal or self.offer.accept(said, time.time())
        said = seal.from_controller(said)
        self._seal = seal
        return said

    def _take(self, said: ToQueuedHost) -> None:
        if said.end:
            self._refusal = said.end
            level = logging.INFO if said.end == GO_ELSEWHERE else logging.WARNING
            log.log(
                level if self.is_welcomed else logging.DEBUG,
                "controller %s ended the session: %s",
                self.address,
                said.end,
            )
            self.place, self._ended_there = said.place, True
            self.close()
        elif not self.is_welcomed:
            self._enter(said)
        elif said.message:
            self._inbox.put_nowait(said.message)

    def _enter(self, said: ToQueuedHost) -> None:
        try:
            if not said.controller:
                raise MalformedMessage("the welcome does not say where the controller listens")
            self.welcome = decode_welcome(said.message)
        except MalformedMessage as error:
            log.warning("a controller did not welcome this host: %s", error)
            self._count("queue_malformed")
            self.close()
            return
        self.address = f"{self.welcome.controller_id} by the message queue"
        self._publisher = self._queue.publisher(said.controller)
        self._living = asyncio.create_task(self._live())
        self._welcomed.set()

    @property
    def _interval(self) -> int:
        return self.welcome.report_interval or _USUAL_INTERVAL

    async def _live(self) -> None:
        """Give signs of life while nothing else is said."""
        while True:
            await asyncio.sleep(self._interval / LOOKS)
            if is_due(self._said_at, self._interval):
                self._say()

    def _say(self, message: bytes = b"", taken: int = 0, *, end: bool = False) -> "asyncio.Future[None]":
        assert self._publisher is not None, "the controller is known since the welcome"
        said = FromQueuedHost(self.session, self._numbers.next(), message, taken, end)
        data = encode_from_host(said if self._seal is None else self._seal.of_host(said))
        if len(data) > MOST_BYTES:
            log.error("a message of %d bytes is too large for the message queue", len(data))
            self._count("queue_too_large")
            self.close()
            return failed("the message is too large")
        self._numbers.say()
        self._said_at = time.monotonic()
        self._saying = self._publisher.send(data)
        return self._saying


class QueueClient:
    """Keeps one host served over a queue, which it does not close, for ever."""

    def __init__(
        self,
        queue: Queue,
        hello: Callable[[], Hello],
        *,
        told: Told | None = None,
        count: Count = lambda _name: None,
        backoff: Backoff | None = None,
        welcome_timeout: float = 10.0,
        credentials: CredentialSource | None = None,
    ) -> None:
        """``hello`` is asked anew before each attempt; ``count`` is told what was passed over.

        With ``credentials`` the host proves who it is, and controllers have to.
        """
        self._queue, self._hello, self._told, self._count = queue, hello, told or Told(), count
        self._backoff = backoff or Backoff()
        self._welcome_timeout, self._credentials = welcome_timeout, credentials
        self._offers: deque[tuple[bytes, Offer]] = deque(maxlen=_REMEMBERED_HELLOS)  # by session
        self._attempts = self._failures = 0
        self._trouble = ""
        self._place: Place | None = None
        self._consumer: Consumer | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._current: QueueConnection | None = None
        self._declining: set[asyncio.Task[None]] = set()

    async def connections(self) -> AsyncIterator[QueueConnection]:
        """One session after the other. What was opened is closed with the iterator."""
        try:
            while True:
                started = time.monotonic()
                connection = await self._session()
                if connection is not None:
                    self._trouble = ""
                    log.info("served by %s", connection.address)
                    try:
                        yield connection
                    finally:
                        await self._leave(connection)
                lasted = connection is not None and time.monotonic() - started > self._backoff.maximum
                self._failures = 1 if lasted else self._failures + 1
                await asyncio.sleep(self._backoff.delay(self._failures))
        finally:
            await self._close_consumer()

    async def _session(self) -> QueueConnection | None:
        connection = QueueConnection(self._queue, self._told, self._count)
        try:
            connection.offer = self._offer(connection.session)
            async with asyncio.timeout(self._welcome_timeout):
                await self._listen()
            self._current = connection
            await self._greet(connection)
        except TimeoutError:
            log.warning("no controller answers over the message queue within %g s", self._welcome_timeout)
            if self._failures >= _ATTEMPTS_AT_A_PLACE:
                await self._close_consumer()
                self._place = None
        except QueueUnavailable as error:
            log.log(logging.DEBUG if str(error) == self._trouble else logging.WARNING, "%s", error)
            self._trouble = str(error)
        else:
            return connection
        await self._leave(connection)
        return None

    async def _greet(self, connection: QueueConnection) -> None:
        """Say hello and wait for the answer. Raises QueueUnavailable or TimeoutError."""
        publisher = self._queue.publisher(HELLOS)
        try:
            async with asyncio.timeout(self._welcome_timeout):
                await publisher.send(self._greeting(connection.session, self._place, connection.offer))
                await connection.wait_for_welcome()
        finally:
            await publisher.close()

    def _offer(self, session: bytes) -> Offer | None:
        """What the host proves itself with; None where nobody need. Raises QueueUnavailable without a certificate."""
        if self._credentials is None:
            return None
        if (shown := self._credentials()) is None:
            raise QueueUnavailable("this host has no certificate that holds to prove itself with")
        offer = Offer(shown)
        self._offers.append((session, offer))
        return offer

    def _greeting(self, session: bytes, place: Place | None, offer: Offer | None) -> bytes:
        self._attempts += 1
        hello = encode_agent_message(self._told.asked_for(self._hello()))
        said = QueuedHello(session, self._attempts, hello, place)
        return encode_hello(said if offer is None else offer.proven(said))

    async def _leave(self, connection: QueueConnection) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await connection.closed()
        if self._current is connection:
            self._current = None
        if connection.place is not None and connection.place != self._place:
            await self._close_consumer()
            self._place = connection.place

    # Where the host listens.

    async def _listen(self) -> None:
        """Listen where the host should. Raises QueueUnavailable or TimeoutError."""
        if self._consumer is not None:
            return
        if self._place is None:
            self._place = await self._ask_place()
        self._consumer = await self._queue.slot(self._place.topic, slot_of(self._place.key))
        self._hearing = asyncio.create_task(self._hear(self._consumer))

    async def _ask_place(self) -> Place:
        session = os.urandom(16)
        consumer = await self._queue.passing(welcome_topic(session))
        publisher = self._queue.publisher(HELLOS)
        try:
            await publisher.send(self._greeting(session, None, self._offer(session)))
            while True:
                said = decode_to_host(await consumer.next())
                if said.session == session and said.place is not None:
                    return said.place
        except MalformedMessage as error:
            raise QueueUnavailable(f"a controller does not say where to listen: {error}") from error
        finally:
            await publisher.close()
            await consumer.close(for_good=True)

    async def _hear(self, consumer: Consumer) -> None:
        try:
            while True:
                data = await consumer.next()
                try:
                    self._hear_one(decode_to_host(data))
                except MalformedMessage as error:
                    log.warning("a malformed message of the message queue is passed over: %s", error)
                    self._count("queue_malformed")
        except QueueUnavailable as error:
            log.warning("the message queue is lost: %s", error)
            self._consumer = None
            if self._current is not None:
                self._current.close()

    def _hear_one(self, said: ToQueuedHost) -> None:
        current = self._current
        if current is not None and said.session == current.session:
            current.hear(said)
            return
        self._count("queue_other_session")
        if said.controller and not said.end:
            self._decline(said)
            if current is not None and current.is_welcomed:
                # It claimed the host after the one that serves it: the next hello is the last claim again.
                current.close()

    def _decline(self, said: ToQueuedHost) -> None:
        """A controller took a hello that the host had given up."""
        task = asyncio.create_task(self._say_end(said))
        self._declining.add(task)
        task.add_done_callback(self._declining.discard)

    async def _say_end(self, said: ToQueuedHost) -> None:
        end = FromQueuedHost(said.session, 1, end=True)
        if self._credentials is not None:
            offer = dict(self._offers).get(said.session)
            if offer is None:
                return
            try:
                end = offer.accept(said, time.time()).of_host(end)
            except MalformedMessage as error:
                _note(self._count("queue_not_trusted"), "what claims to be a controller is passed over: %s", error)
                return
        publisher = self._queue.publisher(said.controller)
        try:
            async with asyncio.timeout(self._welcome_timeout):
                await publisher.send(encode_from_host(end))
        except (TimeoutError, QueueUnavailable):
            log.debug("controller topic %s gives the session up by itself", said.controller)
        finally:
            await publisher.close()

    async def _close_consumer(self) -> None:
        consumer, self._consumer = self._consumer, None
        if self._hearing is not None:
            self._hearing.cancel()
            await asyncio.gather(self._hearing, return_exceptions=True)
            self._hearing = None
        if consumer is not None:
            await consumer.close()
