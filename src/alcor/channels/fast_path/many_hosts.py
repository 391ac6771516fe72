"""The controller's end of a stream on which one peer speaks for many hosts (ConnectMany).

Each host on it is a HostConnection of its own, with its own outbox. A host costs an object and no task: hosts that may
be sent something wait in one queue, and take turns at putting one part of a goal state into the next message. A host is
sent a few goal states ahead of what it says it has taken, so that a slow one holds up only itself; how fast the peer
reads the stream as a whole is left to HTTP/2.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from typing import Any

from alcor.channels import checks
from alcor.channels.agent_codec import decode_agent_message
from alcor.channels.checks import MalformedMessage
from alcor.channels.encoding import GoalStateEncoder
from alcor.channels.fast_path import progress
from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE, REPLACED, ConnectedHosts
from alcor.channels.fast_path.options import END_OF_STREAM, GOAL_STATES_AHEAD, HOSTS_LIMIT
from alcor.channels.fast_path.sent_times import SentTimes
from alcor.channels.interface import ChannelListener, Delivery
from alcor.channels.messages import (
    Acknowledgement,
    AgentMessage,
    GoalStateDigest,
    Guidance,
    Hello,
    HostHealth,
    PortReport,
    ResyncRequest,
    TopicPosition,
)
from alcor.channels.outbox import Outbox
from alcor.channels.told import encode_guidance
from alcor.channels.trust.guard import Refused
from alcor.model.goal_state import GoalStateDelta
from alcor.southbound.v1 import southbound_pb2 as pb

log = logging.getLogger(__name__)

_MESSAGE_BYTES = 64 * 1024  # a message is sent when it is this large,
_MESSAGE_HOSTS = 256  # or holds this much
_HEARD_AT_ONCE = 256  # messages taken before others on the event loop have their turn
_UNDER_WAY = 4  # snapshots cut up at the same time: each holds a copy of its VPCs' neighbours


class ManyHost:
    """One host of the stream, as the Data Plane Manager sees it: a HostConnection."""

    __slots__ = (
        "ahead",
        "closed",
        "hello",
        "number",
        "outbox",
        "parts",
        "queued",
        "sent",
        "stream",
        "untold",
        "welcomed",
    )

    def __init__(self, stream: "ManyHostsStream", number: int, hello: Hello) -> None:
        self.stream = stream
        self.number = number
        self.hello = hello
        self.outbox = Outbox(hello.applied_revision)
        self.sent = SentTimes(hello.applied_revision)
        self.ahead = 0  # goal states sent and not taken yet
        self.parts: Iterator[tuple[bytes, bool]] | None = None  # what is left of the goal state being sent
        self.untold: dict[type[Guidance], bytes] | None = None  # as of HostStream; None for nothing
        self.welcomed = self.queued = self.closed = False

    def deliver(self, delta: GoalStateDelta) -> None:
        """Queue a delta (HostConnection)."""
        self.outbox.deliver(delta)
        self.stream.queue(self)

    def resync(self) -> None:
        """Queue a snapshot (HostConnection)."""
        self.outbox.resync()
        self.stream.queue(self)

    def owed_since(self) -> float | None:
        """See HostConnection."""
        return progress.owed_since(self.outbox, self.sent)

    def delivery(self) -> Delivery:
        """See HostConnection."""
        return progress.delivery(self.outbox, self.sent)

    def tell(self, guidance: Guidance) -> None:
        """See HostConnection."""
        self.untold = self.untold or {}
        self.untold[type(guidance)] = encode_guidance(guidance)
        self.stream.queue(self)

    def replace(self) -> None:
        """End: the host has another connection."""
        self.stream.end(self.number, REPLACED)

    def let_go(self) -> None:
        """See HostConnection."""
        self.stream.end(self.number, GO_ELSEWHERE)

    def may_send(self) -> bool:
        """Whether there is something to send that the host has room for."""
        if not self.welcomed or self.parts is not None or self.untold:
            return True
        return self.ahead < GOAL_STATES_AHEAD and not self.outbox.is_empty()


class ManyHostsStream:
    """One stream that speaks for many hosts."""

    def __init__(
        self,
        context: Any,
        welcome: bytes,
        listener: ChannelListener,
        hosts: ConnectedHosts,
        encoder: GoalStateEncoder,
        part_bytes: int,
    ) -> None:
        """``welcome`` is the encoded message that greets each host; ``context`` is gRPC's of the call.

        Parts of ``part_bytes`` should be small, as hosts take turns.
        """
        self._context = context
        self._welcome = welcome
        self._listener = listener
        self._connected_hosts = hosts
        self._encoder = encoder
        self._part_bytes = part_bytes
        self._hosts: dict[int, ManyHost] = {}
        self._ready: deque[ManyHost] = deque()
        self._held: deque[ManyHost] = deque()  # want a snapshot while as many as may be are under way
        self._under_way: set[ManyHost] = set()
        self._ended: dict[int, str] = {}  # host number → why, still to be told
        self._untold_ncms: pb.NetworkConfigManagers | None = None
        self._filled = asyncio.Event()
        self._refused = asyncio.Event()
        self._why_refused = ""

    def refuse(self, why: str) -> None:
        """Whoever speaks on this stream may not any more: end it."""
        self._why_refused = why
        self._refused.set()

    def tell_ncms(self, ncms: pb.NetworkConfigManagers) -> None:
        """See ncm_announcements.Told."""
        self._untold_ncms = ncms
        self._filled.set()

    async def serve(self) -> None:
        """Receive and send until the peer ends the stream. Raises MalformedMessage or Refused when it must be ended."""
        try:
            await self._exchange()
        finally:  # also when the call is cancelled while its tasks are ending
            for host in list(self._hosts.values()):
                self._leave(host)

    async def _exchange(self) -> None:
        tasks = [asyncio.create_task(part) for part in (self._receive(), self._send(), self._end_when_refused())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _end_when_refused(self) -> None:
        await self._refused.wait()
        raise Refused(self._why_refused)

    # From the hosts.

    async def _receive(self) -> None:
        while (data := await self._context.read()) is not END_OF_STREAM:
            for count, message in enumerate(checks.parse(pb.HostMessages, data).messages, 1):
                self._hear(message)
                if count % _HEARD_AT_ONCE == 0:
                    await asyncio.sleep(0)

    def _hear(self, message: pb.FromHost) -> None:
        number = message.host
        if number >= HOSTS_LIMIT:
            raise MalformedMessage(f"host number {number} is not below {HOSTS_LIMIT}")
        try:
            if message.message:
                self._hear_agent(number, decode_agent_message(message.message))
            host = self._hosts.get(number)
            if message.taken and host is not None:
                self._take(host, message.taken)
            if message.end and host is not None:
                self._leave(host)
        except MalformedMessage as error:
            log.warning("host number %d of a stream of many sent a malformed message: %s", number, error)
            self.end(number, str(error))

    def _hear_agent(self, number: int, message: AgentMessage) -> None:
        host = self._hosts.get(number)
        match message:
            case Hello():
                if host is not None:
                    raise MalformedMessage("a hello comes once, as the first message")
                self._enter(ManyHost(self, number, message))
            case _ if host is None:
                return
            case Acknowledgement():
                self._listener.acknowledged(host, message, host.sent.seconds_since(message.revision))
            case PortReport():
                self._listener.reported(host, message)
            case ResyncRequest():
                self._listener.resync_requested(host, message)
            case GoalStateDigest():
                self._listener.digested(host, message)
            case HostHealth():
                self._listener.health_heard(host, message)
            case TopicPosition():
                self._listener.topic_position(host, message)

    def _take(self, host: ManyHost, count: int) -> None:
        if count > host.ahead:
            raise MalformedMessage(f"the host has taken {count} goal states of {host.ahead} sent")
        host.ahead -= count
        self.queue(host)

    def _enter(self, host: ManyHost) -> None:
        self._connected_hosts.enter(host)
        self._hosts[host.number] = host
        self.queue(host)
        self._listener.host_connected(host)

    def _leave(self, host: ManyHost) -> None:
        del self._hosts[host.number]
        host.closed = True
        self._finished(host)
        self._connected_hosts.leave(host)
        self._listener.host_disconnected(host)

    def end(self, number: int, reason: str) -> None:
        """End one host, or refuse it, and say why."""
        host = self._hosts.get(number)
        if host is not None:
            self._leave(host)
        self._ended[number] = reason
        self._filled.set()

    # To the hosts.

    def queue(self, host: ManyHost) -> None:
        """The host takes its turn, if it may be sent something."""
        if not host.queued and not host.closed and host.may_send():
            host.queued = True
            self._ready.append(host)
            self._filled.set()

    async def _send(self) -> None:
        while True:
            await self._filled.wait()
            messages = list(self._next_messages())
            ncms, self._untold_ncms = self._untold_ncms, None
            if messages or ncms is not None:
                message = pb.ControllerMessages(messages=messages, network_config_managers=ncms)
                await self._context.write(message.SerializeToString())
            else:
                self._filled.clear()

    def _next_messages(self) -> Iterator[pb.ToHost]:
        room, count = _MESSAGE_BYTES, 0
        while room > 0 and count < _MESSAGE_HOSTS:
            if self._ended:
                number, reason = self._ended.popitem()
                message = pb.ToHost(host=number, end=reason)
            elif self._ready:
                host = self._ready.popleft()
                if host.closed or (data := self._turn(host)) is None:
                    continue
                message = pb.ToHost(host=host.number, message=data)
            else:
                return
            yield message
            room -= len(message.message)
            count += 1

    def _turn(self, host: ManyHost) -> bytes | None:
        """The host's next message, if it has any."""
        host.queued = False
        if not host.welcomed:
            host.welcomed = True
            self.queue(host)
            return self._welcome
        if host.untold and host.parts is None:
            message = host.untold.pop(next(iter(host.untold)))
            host.untold = host.untold or None
            self.queue(host)
            return message
        if host.parts is None and host.outbox.snapshot_is_next and len(self._under_way) >= _UNDER_WAY:
            host.queued = True
            self._held.append(host)
            return None
        part = self._next_part(host)
        self.queue(host)
        return part

    def _next_part(self, host: ManyHost) -> bytes | None:
        if host.parts is None:
            since = host.outbox.waiting_since
            delta = host.outbox.take(lambda: self._listener.snapshot(host))
            if delta is None or since is None:
                return None
            host.ahead += 1
            host.sent.note(delta.revision, since)
            host.parts = self._encoder.parts(delta, self._part_bytes)
        part, more = next(host.parts)
        if more:
            self._under_way.add(host)
        else:
            self._finished(host)
        return part

    def _finished(self, host: ManyHost) -> None:
        host.parts = None
        if host in self._under_way:
            self._under_way.remove(host)
            self._ready.extend(self._held)
            self._held.clear()
            self._filled.set()
