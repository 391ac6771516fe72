"""The agent's stream to a Network Config Manager, kept while there is a VPC on demand on the host."""

import asyncio
import logging
import os
from collections.abc import Sequence

from alcor.agent.counters import Counters
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.channels.fast_path.dialling import ConnectionLost
from alcor.channels.fast_path.ncm_client import NcmClient, NcmConnection
from alcor.channels.ncm_messages import NcmHello

log = logging.getLogger(__name__)

_TICK_SECONDS = 1.0


class Asking:
    """Sends what OnDemand asks and hands it what is answered."""

    def __init__(self, host_id: str, addresses: Sequence[str], on_demand: OnDemand, counters: Counters) -> None:
        self._on_demand, self._counters = on_demand, counters
        hello = NcmHello(host_id, os.urandom(16))
        self._client = NcmClient(addresses, lambda: hello)

    async def run(self) -> None:
        """Go on for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick())
            group.create_task(self._keep_connected())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            self._on_demand.tick()

    async def _keep_connected(self) -> None:
        await self._on_demand.needed.wait()
        async for connection in self._client.connections():
            try:
                await self._serve(connection)
            except Exception:
                if self._counters.add("ncm_connections_failed"):
                    log.exception("the connection to Network Config Manager %s failed", connection.address)
            finally:
                self._on_demand.disconnected()
            await self._on_demand.needed.wait()

    async def _serve(self, connection: NcmConnection) -> None:
        self._on_demand.connected(connection.welcome)
        asking = asyncio.create_task(self._ask(connection))
        try:
            async for news in connection.news():
                self._on_demand.news(news)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _ask(self, connection: NcmConnection) -> None:
        try:
            while True:
                await connection.ask(await self._on_demand.next_questions())
        except ConnectionLost:
            log.debug("what was to be asked of %s is asked again after the next welcome", connection.address)
