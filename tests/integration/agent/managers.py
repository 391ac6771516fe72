"""Network Config Managers on unix sockets that answer from a table, and a host that asks them."""

import asyncio
import collections
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc

from alcor.agent.on_demand.asking import Asking
from alcor.agent.on_demand.held_packets import Waiting
from alcor.agent.on_demand.link import LinkSettings
from alcor.channels.fast_path.dialling import Backoff
from alcor.channels.fast_path.ncm_server import NcmService
from alcor.channels.ncm_interface import AskingHost, NotAnswered
from alcor.channels.ncm_messages import NameAnswer, NameQuestion, NcmWelcome, Questions
from alcor.channels.ways import Ways, direct
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, Vpc, VpcNeighbours
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import IPV4, MACS, VTEPS, port, port_id

PEER, HERE, THERE = 2, 1, 2  # a number of MACS and IPV4; host indexes
QUICK = LinkSettings(Backoff(first=0.02, maximum=0.1), welcome_timeout=2.0, spread=0.0)


class Ncm:
    """A manager that answers for every VPC, and in every one the peer is at the same host."""

    def __init__(self, directory: Path, name: str, peer_at: int = HERE) -> None:
        self.name, self.peer_at = name, peer_at
        self.address = f"unix:{directory}/{name}"
        self.questions: collections.Counter[int] = collections.Counter()  # by VNI
        self.hosts: dict[AskingHost, None] = {}
        self._server: Any = None

    async def start(self) -> None:
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((NcmService(NcmWelcome(self.name, 60, 5), self).handler(),))
        self._server.add_insecure_port(self.address)
        await self._server.start()

    async def kill(self) -> None:
        """Drop all streams at once and be gone."""
        if self._server is not None:
            server, self._server = self._server, None
            await server.stop(0)

    def asked(self, host: AskingHost, questions: Questions) -> None:
        self.hosts[host] = None
        news = GoalStateDelta(revision=1, vteps={self.peer_at: VTEPS[self.peer_at]})
        for vni, asked in questions.items():
            self.questions[vni] += asked.count()
            change = news.neighbours[vni] = NeighbourDelta()
            if IPV4[PEER] in asked.ipv4 or MACS[PEER] in asked.macs:
                change.put = VpcNeighbours({MACS[PEER]: self.peer_at}, {IPV4[PEER]: MACS[PEER]})
        host.deliver(news)

    async def resolve(self, question: NameQuestion) -> NameAnswer:
        raise NotAnswered("it knows no names")

    def connected(self) -> list[AskingHost]:
        """Streams on which something was asked and that are still there."""
        return [host for host in self.hosts if host.connected]

    def tell(self, vni: int, index: int) -> None:
        """The peer of a VPC is elsewhere from now on."""
        for host in self.connected():
            change = NeighbourDelta(put=VpcNeighbours({MACS[PEER]: index}))
            host.deliver(GoalStateDelta(revision=2, vteps={index: VTEPS[index]}, neighbours={vni: change}))

    def end_streams(self) -> None:
        """Have hosts ask anew."""
        for host in self.connected():
            host.end()


class Host(Core):
    """The core of an agent with so many VPCs on demand, that asks managers over real streams."""

    def __init__(self, directory: Path, vnis: range, controllers: Sequence[str], ways: Ways = direct) -> None:
        super().__init__(directory, punt_rate=1000)
        self.vnis = vnis
        self.asking = Asking("host-1", controllers, self.on_demand, self.counters, QUICK, ways=ways)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        vpcs = {vni: Vpc(vni.to_bytes(16, "big"), vni, 1450, on_demand=True) for vni in self.vnis}
        ports = {port_id(vni): port(vni, vni=vni) for vni in self.vnis}
        await self.deliver(GoalStateDelta(revision=1, snapshot=True, vpcs=vpcs, ports=ports))
        self._tasks = [asyncio.create_task(self.asking.run()), asyncio.create_task(self.reconciler.run())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert isinstance(result, asyncio.CancelledError), result

    def ask(self, vni: int) -> None:
        """A workload wants to know who has its peer's address."""
        self.on_demand.unknown_address(vni, IPV4[PEER], Waiting(port_id(vni), b""))

    def knows(self, vni: int) -> bool:
        """Whether the peer is known."""
        return self.on_demand.learned.owner(vni, IPV4[PEER]) == MACS[PEER]

    def peer_at(self, vni: int) -> int | None:
        """The host index of the peer."""
        return self.on_demand.learned.forwarding(vni).get(MACS[PEER])

    def asks(self) -> dict[int, str]:
        """Where each VPC is asked about; empty where nobody is."""
        managers = {vni: self.on_demand.manager(vni) for vni in self.vnis}
        return {vni: "" if manager is None else manager.address for vni, manager in managers.items()}
