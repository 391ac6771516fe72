"""One OpenFlow connection to a bridge, over its management socket.

Requests are matched with their answers by transaction id. Errors that answer no waiting request belong to a message
of a stream (a bundle) and are kept for whoever streams. What the switch says unasked goes to callbacks.
"""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from alcor.dataplane.ovs.openflow import message
from alcor.dataplane.ovs.openflow.errors import Refused, SwitchError, decode_error
from alcor.dataplane.ovs.openflow.flows import RemovedFlow, decode_flow_removed
from alcor.dataplane.ovs.openflow.message import Malformed
from alcor.dataplane.ovs.openflow.packets import PacketIn, decode_packet_in

_CHUNK = 64 * 1024  # bytes between two chances for the rest of the program to run: about 1 ms of rendering
_MAXIMUM_XID = 0xFFFFFFFF

PAUSE = b""
"""Among flow-mods: nothing to send, but others may run now. For sequences that are slow to produce."""

log = logging.getLogger(__name__)


class Handlers(NamedTuple):
    """Whom to tell what the switch says unasked; it is asked to keep to itself what nobody wants to hear."""

    packet_in: Callable[[PacketIn], None] | None = None
    idle_flow: Callable[[RemovedFlow], None] | None = None


NOBODY = Handlers()


class _Answer(NamedTuple):
    """What a request is waiting for: each part with whether more follow, or why there will be none."""

    kind: int
    parts: asyncio.Queue[tuple[bool, bytes] | Exception]

    async def part(self) -> tuple[bool, bytes]:
        part = await self.parts.get()
        if isinstance(part, Exception):
            raise part
        return part


class OpenFlowConnection:
    """A live connection. Every method raises ConnectionError once it is lost; ``closed`` then says why.

    ``command``, ``modify_as_one`` and ``modify_each`` are for one caller at a time.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handlers: Handlers) -> None:
        self._reader = reader
        self._writer = writer
        self._handlers = handlers
        self._next_xid = 1
        self._answers: dict[int, _Answer] = {}
        self._errors: dict[int, SwitchError] | None = None  # while somebody streams messages that have no answers
        self._next_bundle = 1
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._receiver = asyncio.create_task(self._receive())

    async def close(self) -> None:
        """Disconnect. What was installed stays."""
        self._receiver.cancel()
        self._writer.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._receiver
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def listen(self) -> None:
        """Have the switch say here what there are handlers for, and nothing else unasked. Raises Refused."""
        packets, idle_flows = (handler is not None for handler in self._handlers)
        await self.command(message.SET_ASYNC, message.news(packets, idle_flows))
        await self.command(message.SET_CONFIG, message.whole_packets())

    async def request(self, kind: int, answer_kind: int, body: bytes = b"") -> bytes:
        """Send one message and return its answer's body. Raises Refused."""
        with self._expecting(answer_kind) as (xid, answer):
            self._write(message.message(kind, xid, body))
            _, part = await answer.part()
            return part

    async def command(self, kind: int, body: bytes) -> None:
        """Send one message that has an answer only when it is refused, and make sure it was carried out.

        Raises Refused.
        """
        with self._keeping_errors() as errors:
            self._write(message.message(kind, self._take_xid(), body))
            await self.barrier()
        for error in errors.values():
            raise Refused(str(error))

    def send(self, kind: int, body: bytes) -> None:
        """Send one message without waiting. A refusal is logged."""
        self._write(message.message(kind, self._take_xid(), body))

    async def multipart(self, kind: int, body: bytes, consume: Callable[[bytes], None]) -> None:
        """Send a multipart request and give each part of its answer to ``consume`` as it comes. Raises Refused."""
        with self._expecting(message.MULTIPART_REPLY) as (xid, answer):
            self._write(message.multipart_request(xid, kind, body))
            more = True
            while more:
                more, part = await answer.part()
                try:
                    consume(part)
                except Malformed as error:
                    raise Refused(f"Open vSwitch answered with what cannot be read: {error}") from error
                await asyncio.sleep(0)

    async def barrier(self) -> None:
        """Return when everything sent before was carried out."""
        await self.request(message.BARRIER_REQUEST, message.BARRIER_REPLY)

    async def modify_as_one(self, flow_mods: Iterable[bytes]) -> list[SwitchError]:
        """Carry out flow-mods in one bundle: all of them, or none when any is refused.

        Returns why some were refused, in their order; empty means that all took effect. Without any flow-mod the
        switch hears nothing, and nothing is committed.
        """
        rest = iter(flow_mods)
        if not (first_body := await _first(rest)):
            return []
        bundle, self._next_bundle = self._next_bundle, self._next_bundle + 1
        await self._bundle_control(bundle, message.BUNDLE_OPEN)
        with self._keeping_errors() as errors:
            await self._stream(self._wrapped(bundle, itertools.chain((first_body,), rest)))
            await self.barrier()
            if not errors:
                try:
                    await self._bundle_control(bundle, message.BUNDLE_COMMIT)
                except Refused:
                    if not errors:
                        raise
            else:
                await self._bundle_control(bundle, message.BUNDLE_DISCARD)
        return list(errors.values())

    async def modify_each(self, flow_mods: Iterable[bytes]) -> list[SwitchError]:
        """Carry out flow-mods one by one; each that is refused leaves the others alone. Returns why some were."""
        with self._keeping_errors() as errors:
            await self._stream(self._plain(flow_mods))
            await self.barrier()
        return list(errors.values())

    def _wrapped(self, bundle: int, flow_mods: Iterable[bytes]) -> Iterator[bytes]:
        for body in flow_mods:
            yield message.bundle_add(self._take_xid(), bundle, message.FLOW_MOD, body) if body else PAUSE

    def _plain(self, flow_mods: Iterable[bytes]) -> Iterator[bytes]:
        for body in flow_mods:
            yield message.message(message.FLOW_MOD, self._take_xid(), body) if body else PAUSE

    async def _bundle_control(self, bundle: int, kind: int) -> None:
        with self._expecting(message.BUNDLE_CONTROL) as (xid, answer):
            self._write(message.bundle_control(xid, bundle, kind))
            await answer.part()

    async def _stream(self, messages: Iterable[bytes]) -> None:
        """Send messages no faster than the switch reads them, letting others run in between."""
        chunk = bytearray()
        for data in messages:
            chunk += data
            if not data:
                await asyncio.sleep(0)
            elif len(chunk) >= _CHUNK:
                self._write(bytes(chunk))
                chunk.clear()
                await self._writer.drain()
                await asyncio.sleep(0)
        self._write(bytes(chunk))
        await self._writer.drain()

    def _take_xid(self) -> int:
        xid = self._next_xid
        self._next_xid = xid % _MAXIMUM_XID + 1  # 0 is what a switch uses for messages of its own
        return xid

    @contextlib.contextmanager
    def _expecting(self, kind: int) -> Iterator[tuple[int, _Answer]]:
        xid = self._take_xid()
        answer = self._answers[xid] = _Answer(kind, asyncio.Queue())
        try:
            yield xid, answer
        finally:
            del self._answers[xid]

    @contextlib.contextmanager
    def _keeping_errors(self) -> Iterator[dict[int, SwitchError]]:
        errors = self._errors = {}
        try:
            yield errors
        finally:
            self._errors = None

    def _write(self, data: bytes) -> None:
        if self.closed.done():
            raise ConnectionError("the connection to Open vSwitch is lost")
        self._writer.write(data)

    async def _receive(self) -> None:
        reason = "Open vSwitch closed the connection"
        try:
            while True:
                version, kind, length, xid = message.HEADER.unpack(await self._reader.readexactly(8))
                if length < 8:
                    raise Malformed(f"a message has a length of {length}")
                if version != message.VERSION and kind not in (message.HELLO, message.ERROR):
                    raise Malformed(f"a message of OpenFlow version {version:#x}")
                self._dispatch(kind, xid, await self._reader.readexactly(length - 8))
        except asyncio.IncompleteReadError:
            pass
        except (OSError, Malformed) as error:
            reason = f"the connection to Open vSwitch broke: {error}"
        finally:
            self._lost(reason)

    def _lost(self, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)
        for answer in self._answers.values():
            answer.parts.put_nowait(ConnectionError(reason))
        self._writer.close()

    def _dispatch(self, kind: int, xid: int, body: bytes) -> None:
        if kind == message.PACKET_IN:
            if self._handlers.packet_in is not None:
                self._handlers.packet_in(decode_packet_in(body))
        elif kind == message.FLOW_REMOVED:
            if self._handlers.idle_flow is not None:
                self._handlers.idle_flow(decode_flow_removed(body))
        elif kind == message.ECHO_REQUEST:
            self._write(message.message(message.ECHO_REPLY, xid, body))
        elif kind == message.ERROR:
            self._error(xid, decode_error(body))
        elif (answer := self._answers.get(xid)) is None:
            log.debug("an OpenFlow message of type %d that nobody waits for", kind)
        elif kind != answer.kind:
            answer.parts.put_nowait(Refused(f"Open vSwitch answered with a message of type {kind}"))
        elif kind == message.MULTIPART_REPLY:
            _, more, part = message.multipart_reply(body)
            answer.parts.put_nowait((more, part))
        else:
            answer.parts.put_nowait((False, body))

    def _error(self, xid: int, error: SwitchError) -> None:
        if (answer := self._answers.get(xid)) is not None:
            answer.parts.put_nowait(Refused(str(error)))
        elif self._errors is not None:
            self._errors[xid] = error
        else:
            log.warning("a packet could not be sent: %s", error)


async def _first(flow_mods: Iterator[bytes]) -> bytes:
    """The first that is no pause; PAUSE when there is none."""
    for body in flow_mods:
        if body:
            return body
        await asyncio.sleep(0)
    return PAUSE


async def connect(socket: Path, handlers: Handlers = NOBODY) -> OpenFlowConnection:
    """Connect to a bridge's management socket and agree on the version.

    Raises OSError when nobody listens there, Refused when the switch does not speak OpenFlow 1.4.
    """
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        writer.write(message.hello(0))
        version, kind, length, _ = message.HEADER.unpack(await reader.readexactly(8))
        await reader.readexactly(max(0, length - 8))
        if kind != message.HELLO or version < message.VERSION:
            raise Refused(
                f"{socket} speaks OpenFlow version {version:#x}, not 1.4 (0x05):"
                " allow OpenFlow14 in the bridge's protocols"
            )
    except BaseException as error:
        writer.close()
        if isinstance(error, OSError | asyncio.IncompleteReadError):
            raise ConnectionError(f"Open vSwitch hung up during the greeting on {socket}") from error
        raise
    return OpenFlowConnection(reader, writer, handlers)
