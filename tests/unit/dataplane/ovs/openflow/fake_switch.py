"""A switch's side of OpenFlow connections, that answers as Open vSwitch does and writes down what it hears."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from alcor.dataplane.ovs.openflow import message
from tests.unit.dataplane.ovs.openflow import reports

REFUSED_TABLE = 99
REFUSED_AT_COMMIT_TABLE = 98
_TABLE_FULL = (5, 1)
_MESSAGE_FAILED = (17, 11)
_BARRIER_REPLY = message.BARRIER_REPLY


class Heard(NamedTuple):
    kind: int
    body: bytes


def table_of(flow_mod: bytes) -> int:
    return flow_mod[16]


def _is_refused(flow_mod: bytes) -> bool:
    return table_of(flow_mod) in (REFUSED_TABLE, REFUSED_AT_COMMIT_TABLE)


class FakeSwitch:
    """Refuses every flow-mod of two tables: one at once, the other not before its bundle is committed."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.heard: list[Heard] = []
        self.greeting = message.hello(0)
        self.multipart_parts = [b""]
        self._bundle: list[tuple[int, bytes]] = []
        self._committed: list[list[bytes]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None] | None] = []
        self._news = asyncio.Event()

    def kinds(self) -> list[int]:
        """The kinds of messages heard after the greeting."""
        return [heard.kind for heard in self.heard if heard.kind != message.HELLO]

    def committed(self) -> list[list[bytes]]:
        """The flow-mods of each bundle that was committed."""
        return self._committed

    def single(self) -> list[bytes]:
        """The flow-mods outside of bundles that were not refused."""
        return [heard.body for heard in self.heard if heard.kind == message.FLOW_MOD and not _is_refused(heard.body)]

    def say(self, data: bytes) -> None:
        """Send bytes on every connection."""
        for writer in self._writers:
            writer.write(data)

    async def hears(self, kind: int) -> None:
        """Return once a message of this kind has come."""
        while kind not in [heard.kind for heard in self.heard]:
            self._news.clear()
            await self._news.wait()

    async def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*(task for task in self._tasks if task is not None))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.append(asyncio.current_task())
        self._writers.append(writer)
        writer.write(self.greeting)
        try:
            while True:
                _, kind, length, xid = message.HEADER.unpack(await reader.readexactly(8))
                self._hear(writer, kind, xid, await reader.readexactly(length - 8))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _hear(self, writer: asyncio.StreamWriter, kind: int, xid: int, body: bytes) -> None:
        self.heard.append(Heard(kind, body))
        self._news.set()
        if kind == message.BARRIER_REQUEST:
            writer.write(message.message(_BARRIER_REPLY, xid))
        elif kind == message.MULTIPART_REQUEST:
            for number, part in enumerate(self.multipart_parts, 1):
                head = body[:2] + struct.pack("!HI", number < len(self.multipart_parts), 0)
                writer.write(message.message(message.MULTIPART_REPLY, xid, head + part))
        elif kind == message.FLOW_MOD and _is_refused(body):
            writer.write(message.message(message.ERROR, xid, reports.error(*_TABLE_FULL)))
        elif kind == message.BUNDLE_ADD:
            self._add(writer, xid, body[16:])
        elif kind == message.BUNDLE_CONTROL:
            self._control(writer, xid, body)

    def _add(self, writer: asyncio.StreamWriter, xid: int, flow_mod: bytes) -> None:
        if table_of(flow_mod) == REFUSED_TABLE:
            writer.write(message.message(message.ERROR, xid, reports.error(*_TABLE_FULL)))
        else:
            self._bundle.append((xid, flow_mod))

    def _control(self, writer: asyncio.StreamWriter, xid: int, body: bytes) -> None:
        bundle, kind, flags = struct.unpack("!IHH", body)
        late = [each for each, flow_mod in self._bundle if _is_refused(flow_mod)]
        if kind == message.BUNDLE_COMMIT and late:
            for each in late:
                writer.write(message.message(message.ERROR, each, reports.error(*_TABLE_FULL)))
            writer.write(message.message(message.ERROR, xid, reports.error(*_MESSAGE_FAILED)))
        else:
            reply = struct.pack("!IHH", bundle, kind + 1, flags)
            writer.write(message.message(message.BUNDLE_CONTROL, xid, reply))
            if kind == message.BUNDLE_COMMIT:
                self._committed.append([flow_mod for _, flow_mod in self._bundle])
        if kind != message.BUNDLE_OPEN:
            self._bundle.clear()


@asynccontextmanager
async def fake_switch(directory: Path) -> AsyncIterator[FakeSwitch]:
    """A switch that listens on a socket in this directory."""
    switch = FakeSwitch(directory / "s")
    server = await asyncio.start_unix_server(switch.serve, switch.socket)
    try:
        yield switch
    finally:
        server.close()
        await switch.hang_up()
