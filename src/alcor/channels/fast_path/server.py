"""The controller's end of the fast path: a gRPC server to which every agent keeps one stream open."""

import asyncio
import logging
import time
from collections.abc import Collection
from functools import partial
from typing import Any

import grpc
import msgspec

from alcor.channels.agent_codec import decode_agent_message, encode_welcome
from alcor.channels.checks import MalformedMessage
from alcor.channels.codec import PART_BYTES
from alcor.channels.encoding import GoalStateEncoder
from alcor.channels.fast_path import progress
from alcor.channels.fast_path.calls import Ending, Status, abort, exchange, read_hello, status_of
from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE, REPLACED, ConnectedHosts
from alcor.channels.fast_path.grpc_server import GrpcServer, ServerCredentials
from alcor.channels.fast_path.many_hosts import ManyHostsStream
from alcor.channels.fast_path.ncm_announcements import NcmAnnouncements
from alcor.channels.fast_path.options import CONTROLLERS_KEEPALIVE, END_OF_STREAM, Keepalive
from alcor.channels.fast_path.sent_times import SentTimes
from alcor.channels.fast_path.snapshot_turns import SnapshotTurns
from alcor.channels.interface import ChannelListener, Delivery
from alcor.channels.messages import (
    Acknowledgement,
    GoalStateDigest,
    Guidance,
    Hello,
    HostHealth,
    PortReport,
    ResyncRequest,
    TopicPosition,
    Welcome,
)
from alcor.channels.outbox import Outbox
from alcor.channels.told import encode_guidance
from alcor.channels.trust.guard import Guard, Refused, Unguarded
from alcor.model.goal_state import GoalStateDelta
from alcor.model.token_bucket import TokenBucket
from alcor.southbound.v1 import southbound_pb2 as pb

log = logging.getLogger(__name__)

_MANY_PART_BYTES = 256 * 1024  # of a stream that speaks for many hosts
_NOT_TAKEN = "the snapshot was not taken in time: come again"


class FastPathSettings(msgspec.Struct, frozen=True):
    """Limits of the server."""

    keepalive: Keepalive = CONTROLLERS_KEEPALIVE
    hello_timeout: float = 10.0  # seconds a new stream has to say who it is
    part_bytes: int = PART_BYTES
    snapshots_at_once: int = 4  # each holds a copy of its VPCs' neighbours while it is sent
    snapshot_patience: float = 0.1  # seconds in which a host must take a part, or another has its turn
    untaken_items: int = 2_000_000  # that snapshots of hosts past that patience hold together: some 50 bytes each
    hosts_per_second: int = 1000  # that are welcomed on streams of their own; others come again in a while


class HostStream:
    """One agent's stream, as the Data Plane Manager sees it: a HostConnection."""

    def __init__(self, hello: Hello) -> None:
        self.hello = hello
        self.outbox = Outbox(hello.applied_revision)
        self.filled = asyncio.Event()  # the outbox is
        self.ending = Ending()
        self.sent = SentTimes(hello.applied_revision)
        self.snapshot_items = 0  # see SnapshotTurns
        self.moved_at = 0.0
        self.untold_ncms: pb.NetworkConfigManagers | None = None
        self.untold: dict[type[Guidance], bytes] = {}  # the latest of each kind

    def deliver(self, delta: GoalStateDelta) -> None:
        """Queue a delta (HostConnection)."""
        self.outbox.deliver(delta)
        self.filled.set()

    def resync(self) -> None:
        """Queue a snapshot (HostConnection)."""
        self.outbox.resync()
        self.filled.set()

    def owed_since(self) -> float | None:
        """See HostConnection."""
        return progress.owed_since(self.outbox, self.sent)

    def delivery(self) -> Delivery:
        """See HostConnection."""
        return progress.delivery(self.outbox, self.sent)

    def tell_ncms(self, ncms: pb.NetworkConfigManagers) -> None:
        """See ncm_announcements.Told."""
        if self.hello.takes_ncms:
            self.untold_ncms = ncms
            self.filled.set()

    def tell(self, guidance: Guidance) -> None:
        """See HostConnection."""
        self.untold[type(guidance)] = encode_guidance(guidance)
        self.filled.set()

    def replace(self) -> None:
        """End: the host has another connection."""
        self.ending.tell(grpc.StatusCode.ABORTED, REPLACED)

    def let_go(self) -> None:
        """See HostConnection."""
        self.ending.tell(grpc.StatusCode.RESOURCE_EXHAUSTED, GO_ELSEWHERE)

    def refuse(self, reason: str) -> None:
        """End: the host is not to be let in any more."""
        self.ending.tell(grpc.StatusCode.PERMISSION_DENIED, reason)

    def give_up(self) -> None:
        """End: the host does not take its snapshot."""
        log.warning("host %s does not take its snapshot: its stream is ended", self.hello.host_id)
        self.ending.tell(grpc.StatusCode.ABORTED, _NOT_TAKEN)


class FastPathServer:
    """Accepts agents at one address and passes between them and the Data Plane Manager."""

    def __init__(
        self,
        address: str,
        welcome: Welcome,
        listener: ChannelListener,
        settings: FastPathSettings | None = None,
        guard: Guard | None = None,
        credentials: ServerCredentials | None = None,
    ) -> None:
        """``address`` is HOST:PORT or unix:PATH; ``credentials`` are as for GrpcServer."""
        self._welcome = encode_welcome(welcome)
        self._listener = listener
        self._settings = settings or FastPathSettings()
        self._guard = guard or Unguarded()
        self.hosts = ConnectedHosts()
        """Those that are connected to this controller, whichever way."""
        self._encoder = GoalStateEncoder()
        self._snapshots = SnapshotTurns(
            self._settings.snapshots_at_once, self._settings.snapshot_patience, self._settings.untaken_items
        )
        rate = self._settings.hosts_per_second
        self._welcomes = TokenBucket(rate, rate, time.monotonic())
        self._ncms = NcmAnnouncements()
        self._server = GrpcServer(address, self._settings.keepalive, credentials)
        handlers = {
            "Connect": grpc.stream_stream_rpc_method_handler(self._connect),
            "ConnectMany": grpc.stream_stream_rpc_method_handler(self._connect_many),
        }
        self._server.add_service(grpc.method_handlers_generic_handler("alcor.southbound.v1.GoalStates", handlers))

    def add_service(self, handler: Any) -> None:
        """Serve another of the protocol's services at the same address; before start."""
        self._server.add_service(handler)

    async def start(self) -> None:
        """Listen. Raises AddressUnusable."""
        await self._server.start()

    def tell_ncms(self, addresses: Collection[str]) -> None:
        """Tell all hosts, now and when they come, which Network Config Managers there are: all of them.

        Addresses are HOST:PORT or unix:PATH, as hosts reach them. With none, hosts ask where the controllers are; those
        that are told nothing do so after a moment. Raises MalformedMessage, and tells nobody, when hosts would not take
        the list.
        """
        self._ncms.tell(addresses)

    async def stop(self, grace: float = 1.0) -> None:
        """End every stream and stop listening, within about ``grace`` seconds."""
        await self._server.stop(grace)

    async def _connect(self, _requests: object, context: Any) -> None:
        if not self._welcomes.take(time.monotonic()):
            await abort(context, grpc.StatusCode.UNAVAILABLE, "too many hosts come at once: come again in a while")
        status = await self._serve_host(context)
        if status is not None:
            await abort(context, *status)

    async def _serve_host(self, context: Any) -> Status | None:
        """Returns how the call must end. That takes until the host has taken what is under way, or has gone; it has
        left by then, and nothing is kept of it."""
        stream = HostStream(await read_hello(context, Hello, decode_agent_message, self._settings.hello_timeout))
        try:
            self._guard.check_host(context, stream.hello.host_id)
        except Refused as error:
            return grpc.StatusCode.PERMISSION_DENIED, str(error)
        with self._guard.watched(context, stream.refuse):
            return await self._serve_admitted(stream, context)

    async def _serve_admitted(self, stream: HostStream, context: Any) -> Status | None:
        self.hosts.enter(stream)
        try:
            await context.write(self._welcome)
            self._listener.host_connected(stream)
            try:
                with self._ncms.to(stream):
                    work = self._receive(stream, context), self._send(stream, context)
                    return await exchange(f"host {stream.hello.host_id}", context, stream.ending, *work)
            finally:
                self._listener.host_disconnected(stream)
        finally:
            self.hosts.leave(stream)

    async def _connect_many(self, _requests: object, context: Any) -> None:
        try:
            self._guard.check_fleet(context)
        except Refused as error:
            await abort(context, grpc.StatusCode.PERMISSION_DENIED, str(error))
        stream = ManyHostsStream(
            context,
            self._welcome,
            self._listener,
            self.hosts,
            self._encoder,
            min(self._settings.part_bytes, _MANY_PART_BYTES),
        )
        try:
            with self._guard.watched(context, stream.refuse), self._ncms.to(stream):
                await stream.serve()
        except Refused as error:
            await abort(context, grpc.StatusCode.PERMISSION_DENIED, str(error))
        except Exception as error:
            if (status := status_of("a stream of many hosts", context, error)) is not None:
                await abort(context, *status)

    async def _receive(self, stream: HostStream, context: Any) -> None:
        while (data := await context.read()) is not END_OF_STREAM:
            message = decode_agent_message(data)
            match message:
                case Acknowledgement():
                    self._listener.acknowledged(stream, message, stream.sent.seconds_since(message.revision))
                case PortReport():
                    self._listener.reported(stream, message)
                case ResyncRequest():
                    self._listener.resync_requested(stream, message)
                case GoalStateDigest():
                    self._listener.digested(stream, message)
                case HostHealth():
                    self._listener.health_heard(stream, message)
                case TopicPosition():
                    self._listener.topic_position(stream, message)
                case Hello():
                    raise MalformedMessage("a hello comes once, as the first message")

    async def _send(self, stream: HostStream, context: Any) -> None:
        while True:
            await stream.filled.wait()
            stream.filled.clear()
            if (ncms := stream.untold_ncms) is not None:
                stream.untold_ncms = None
                await context.write(pb.ControllerMessage(network_config_managers=ncms).SerializeToString())
            while stream.untold:
                await context.write(stream.untold.pop(next(iter(stream.untold))))
            if stream.outbox.snapshot_is_next:
                await self._snapshots.send(stream, partial(self._send_next, stream, context))
            else:
                await self._send_next(stream, context)

    async def _send_next(self, stream: HostStream, context: Any) -> None:
        since = stream.outbox.waiting_since
        delta = stream.outbox.take(lambda: self._listener.snapshot(stream))
        if delta is None or since is None:
            return
        stream.sent.note(delta.revision, since)
        stream.snapshot_items, stream.moved_at = delta.item_count(), time.monotonic()
        for part, _ in self._encoder.parts(delta, self._settings.part_bytes):
            await context.write(part)
            stream.moved_at = time.monotonic()
