"""A session of a host with a controller over a message queue, as the host has it."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable

from alcor.channels.agent_codec import decode_welcome, encode_agent_message
from alcor.channels.checks import MalformedMessage
from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE
from alcor.channels.fast_path.dialling import ConnectionLost
from alcor.channels.message_queue.envelopes import FromQueuedHost, Place, ToQueuedHost, encode_from_host
from alcor.channels.message_queue.numbers import Heard, Numbers
from alcor.channels.message_queue.queue import MOST_BYTES, Publisher, Queue, QueueUnavailable, failed
from alcor.channels.message_queue.sealing import Offer, Seal
from alcor.channels.message_queue.signs_of_life import LOOKS, is_due
from alcor.channels.messages import AgentMessage, Welcome
from alcor.channels.told import FromController, Told
from alcor.model.goal_state import GoalStateDelta

log = logging.getLogger(__name__)

Count = Callable[[str], object]
"""Counts what was passed over, by why; true when it should be logged."""

_SILENT_INTERVALS = 3
_USUAL_INTERVAL = 20  # seconds, of signs of life


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
            distrust(self._count, error)
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


def distrust(count: Count, error: MalformedMessage) -> None:
    """What claims to be a controller does not prove it: it is counted, and logged now and then."""
    level = logging.WARNING if count("queue_not_trusted") else logging.DEBUG
    log.log(level, "what claims to be a controller is passed over: %s", error)
