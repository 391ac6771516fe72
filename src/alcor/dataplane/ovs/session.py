"""The connections to a running ovs-vswitchd. Packets travel apart from flows, so that neither wait for the other."""

import asyncio
from pathlib import Path
from typing import NamedTuple

from alcor.dataplane.ovs.openflow.connection import Handlers, OpenFlowConnection, connect
from alcor.dataplane.ovs.punt_meters import PortMeters, PuntMeters, punt_meters
from alcor.dataplane.ovs.rendering import Pipeline, compile_pipeline
from alcor.dataplane.ovs.settings import OvsSettings


class Session(NamedTuple):
    """A running switch as the driver found it."""

    flows: OpenFlowConnection
    packets: OpenFlowConnection
    meters: PuntMeters | None  # None when the switch has no meters
    pipeline: Pipeline

    def meters_of(self, port: int) -> PortMeters:
        """The meters of a port number; any numbers when the switch has no meters."""
        return PortMeters(*[port] * len(PortMeters._fields)) if self.meters is None else self.meters.of(port)

    async def wait_lost(self) -> None:
        """Return when either connection is lost."""
        await asyncio.wait((self.flows.closed, self.packets.closed), return_when=asyncio.FIRST_COMPLETED)

    def lost(self) -> bool:
        """True once either connection is."""
        return self.flows.closed.done() or self.packets.closed.done()

    async def close(self) -> None:
        """Disconnect. What was installed stays."""
        await self.flows.close()
        await self.packets.close()


async def open_session(management_socket: Path, settings: OvsSettings, handlers: Handlers) -> Session:
    """Connect to a bridge. Raises OSError or Refused.

    That a flow went idle is said where flows are programmed, in the order in which things happened.
    """
    opened: list[OpenFlowConnection] = []
    try:
        opened.append(flows := await connect(management_socket, Handlers(idle_flow=handlers.idle_flow)))
        opened.append(packets := await connect(management_socket, Handlers(packet_in=handlers.packet_in)))
        meters = await punt_meters(flows, settings)
        await flows.listen()
        await packets.listen()
    except BaseException:
        for connection in opened:
            await connection.close()
        raise
    return Session(flows, packets, meters, compile_pipeline(meters is not None, settings.idle_seconds))
