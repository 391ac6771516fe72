"""A stream that speaks for many hosts lets every one of them go, whenever and however it ends."""

import asyncio
import contextlib
from typing import Any

from alcor.channels.agent_codec import encode_agent_message
from alcor.channels.encoding import GoalStateEncoder
from alcor.channels.fast_path.connected_hosts import ConnectedHosts
from alcor.channels.fast_path.many_hosts import ManyHostsStream
from alcor.channels.fast_path.options import END_OF_STREAM
from alcor.channels.messages import Hello
from alcor.southbound.v1 import southbound_pb2 as pb

HELLO = pb.HostMessages(
    messages=[pb.FromHost(host=1, message=encode_agent_message(Hello("host-1", b"b" * 16)))]
).SerializeToString()


class Listener:
    """Counts who is connected."""

    def __init__(self) -> None:
        self.connected: set[Any] = set()
        self.came = asyncio.Event()

    def host_connected(self, connection: Any) -> None:
        self.connected.add(connection)
        self.came.set()

    def host_disconnected(self, connection: Any) -> None:
        self.connected.remove(connection)


class Call:
    """gRPC's side of a call that says hello and ends, while what is being written takes its time to be cancelled."""

    def __init__(self) -> None:
        self._messages = [HELLO, END_OF_STREAM]
        self.ending = asyncio.Event()

    async def read(self) -> Any:
        await asyncio.sleep(0)
        return self._messages.pop(0)

    async def write(self, _data: bytes) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.ending.set()
            await asyncio.sleep(0.01)


async def test_hosts_leave_also_when_the_call_is_cancelled_while_it_is_ending() -> None:
    call, listener = Call(), Listener()
    stream = ManyHostsStream(call, b"welcome", listener, ConnectedHosts(), GoalStateEncoder(), 1 << 20)  # type: ignore[arg-type]
    serving = asyncio.create_task(stream.serve())
    await listener.came.wait()
    await call.ending.wait()
    assert listener.connected
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    assert not listener.connected
