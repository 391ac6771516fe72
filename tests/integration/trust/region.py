"""A controller that wants to see certificates, over loopback, on a real store, with a clock of its own."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path

import grpc
from prometheus_client import CollectorRegistry

from alcor.agent.counters import Counters
from alcor.agent.trust.membership import Membership
from alcor.agent.trust.settings import TrustSettings as AgentTrustSettings
from alcor.channels.agent_codec import encode_agent_message
from alcor.channels.fast_path.client import Backoff, FastPathClient
from alcor.channels.fast_path.ncm_server import NcmService
from alcor.channels.fast_path.opening import OpenChannel
from alcor.channels.fast_path.options import CONNECT_METHOD, END_OF_STREAM
from alcor.channels.fast_path.server import FastPathServer
from alcor.channels.messages import Hello, Welcome
from alcor.channels.trust.refusals import Refusals
from alcor.channels.ways import Ways, direct
from alcor.controller.trust import Trust
from alcor.dpm.manager import DataPlaneManager
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.settings import DpmSettings
from alcor.model.identifiers import new_id
from alcor.model.records import NodeRecord
from alcor.ncm.manager import NetworkConfigManager
from alcor.ncm.metrics import NcmMetrics
from alcor.ncm.source import WholeModel
from alcor.services.trust import nodes
from alcor.services.trust.nodes import Invitation
from alcor.services.trust.settings import TrustSettings
from alcor.store.store import Store
from tests.integration.southbound.conftest import eventually
from tests.processes import free_port

HOUR = 3600
TRUST = TrustSettings(lifetime=24 * HOUR, return_seconds=30 * 24 * HOUR)


class Clock:
    """The time, as far as certificates are concerned."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Region:
    """The southbound half of a controller process."""

    def __init__(self, store: Store, clock: Clock | None = None, trust: TrustSettings = TRUST) -> None:
        self.store, self.clock = store, clock or Clock()
        self.address = f"127.0.0.1:{free_port()}"
        self.enrolment = f"127.0.0.1:{free_port()}"
        self.registry = CollectorRegistry()
        self.manager = DataPlaneManager(store, new_id(), DpmSettings(), DpmMetrics(CollectorRegistry()))
        refusals = Refusals(self.registry)
        self.trust = Trust(store, self.manager.controller_id, trust, self._nodes, refusals, self.clock)
        self.manager.follow(self.trust)

    def _nodes(self) -> Mapping[str, NodeRecord]:
        return self.manager.model.nodes

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["Region"]:
        """From start to stop."""
        await self.manager.load()
        await self.trust.load()
        welcome = Welcome(self.store.log_id, self.manager.controller_id)
        guard, credentials = self.trust.guard, self.trust.server_credentials
        server = FastPathServer(self.address, welcome, self.manager, guard=guard, credentials=credentials)
        ncm = NetworkConfigManager(WholeModel(lambda: self.manager.model), metrics=NcmMetrics(CollectorRegistry()))
        self.manager.follow(ncm)
        server.add_service(NcmService(ncm.welcome("n"), ncm, guard).handler())
        server.add_service(self.trust.renewal_service())
        await server.start()
        tasks = [asyncio.create_task(part.run()) for part in (self.manager, ncm)]
        try:
            async with self.trust.enrolling(self.enrolment):
                yield self
        finally:
            await server.stop(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def invite(self, host_id: str, lifetime: int = HOUR) -> Invitation:
        """A token for a host."""
        return await self.store.write(partial(nodes.invite_host, host_id=host_id, lifetime=lifetime))

    async def revoke(self, host_id: str) -> None:
        """Revoke a host."""
        await self.store.write(partial(nodes.revoke_host, host_id=host_id))

    async def knows(self, *host_ids: str) -> None:
        """Return when these nodes are known to the controller."""
        await eventually(lambda: self.manager.model.nodes.keys() >= set(host_ids), "the nodes are known")

    def counted(self, name: str, **labels: str) -> float:
        """The value of one of its metrics."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def membership(
        self, host_id: str, directory: Path, invitation: Invitation | None = None, ways: Ways = direct
    ) -> Membership:
        """An agent's half."""
        token = {} if invitation is None else {"token": invitation.token, "authority": invitation.authority}
        settings = AgentTrustSettings(secure=True, enrolment=(self.enrolment,), **token)  # type: ignore[arg-type]
        made = Membership(host_id, [self.address], settings, directory, Counters(), self.clock, ways)
        made.load()
        return made

    async def joined(self, host_id: str, directory: Path) -> Membership:
        """An agent's half that has a certificate."""
        membership = self.membership(host_id, directory, await self.invite(host_id))
        await membership.ask()
        return membership


def client(region: Region, host_id: str, open_channel: OpenChannel) -> FastPathClient:
    """What an agent connects with."""
    hello = Hello(host_id, b"b" * 16)
    backoff = Backoff(0.02, 0.1)
    return FastPathClient([region.address], lambda: hello, backoff=backoff, open_channel=open_channel)


@contextlib.asynccontextmanager
async def connected(region: Region, host_id: str, open_channel: OpenChannel) -> AsyncIterator[None]:
    """While this lasts, the host has a stream that was welcomed; fails when it ends."""
    async with asyncio.timeout(30), contextlib.aclosing(client(region, host_id, open_channel).connections()) as them:
        stream = await anext(them)

        async def listen() -> None:
            async for _ in stream.goal_states():
                pass

        listening = asyncio.create_task(listen())
        try:
            yield
            assert not listening.done(), "the stream ended"
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def refusal(region: Region, host_id: str, open_channel: OpenChannel) -> str:
    """Why the host is not welcomed."""
    return await ended_call(region, CONNECT_METHOD, encode_agent_message(Hello(host_id, b"b" * 16)), open_channel)


async def ended_call(region: Region, method: str, first: bytes, open_channel: OpenChannel) -> str:
    """How a stream ends on which this is said; fails when it is welcomed."""
    async with asyncio.timeout(30), open_channel(region.address, []) as channel:
        stream = channel.stream_stream(method)()
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await stream.write(first)
            answer = await stream.read()
            assert answer is END_OF_STREAM, "it was welcomed"
        return f"{(await stream.code()).name}: {await stream.details()}"
