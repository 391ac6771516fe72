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

from alcor.channels.agent_codec import encode_agent_message
from alcor.channels.checks import MalformedMessage
from alcor.channels.fast_path.dialling import Backoff
from alcor.channels.message_queue.connection import Count, QueueConnection, distrust
from alcor.channels.message_queue.envelopes import (
    FromQueuedHost,
    Place,
    QueuedHello,
    ToQueuedHost,
    decode_to_host,
    encode_from_host,
    encode_hello,
)
from alcor.channels.message_queue.queue import (
    HELLOS,
    Consumer,
    Queue,
    QueueUnavailable,
    welcome_topic,
)
from alcor.channels.message_queue.sealing import Offer
from alcor.channels.messages import Hello
from alcor.channels.told import Told
from alcor.channels.trust.credentials import CredentialSource
from alcor.model.queue_slots import slot_of

log = logging.getLogger(__name__)

_ATTEMPTS_AT_A_PLACE = 2  # that come to nothing before the host asks anew where it should listen
_LAST_WORDS_SECONDS = 1.0
_REMEMBERED_HELLOS = 8  # that may yet be answered


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
        try:
            return await self._answered_place(session, consumer)
        except MalformedMessage as error:
            raise QueueUnavailable(f"a controller does not say where to listen: {error}") from error
        finally:
            await consumer.close(for_good=True)

    async def _answered_place(self, session: bytes, consumer: Consumer) -> Place:
        publisher = self._queue.publisher(HELLOS)
        try:
            await publisher.send(self._greeting(session, None, self._offer(session)))
            while True:
                said = decode_to_host(await consumer.next())
                if said.session == session and said.place is not None:
                    return said.place
        finally:
            await publisher.close()

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
                distrust(self._count, error)
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
        try:
            if self._hearing is not None:
                self._hearing.cancel()
                await asyncio.gather(self._hearing, return_exceptions=True)
                self._hearing = None
        finally:
            if consumer is not None:
                await consumer.close()
