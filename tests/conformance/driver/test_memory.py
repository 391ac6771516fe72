"""The memory driver keeps the promises of every driver."""

import pytest

from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.dataplane.memory.switch import Fabric as Underlay
from alcor.dataplane.memory.switch import MemorySwitch
from alcor.model.addresses import Address
from alcor.model.identifiers import Id
from tests.conformance.driver.harness import Recorder
from tests.conformance.driver.suite import *  # noqa: F403


class MemoryHost:
    def __init__(self, underlay: Underlay, vtep: int) -> None:
        self.vtep = vtep
        self.switch = MemorySwitch(underlay, vtep)

    async def start(self) -> None:
        self.driver, self.events = MemoryDataPlane(self.switch), Recorder()
        await self.driver.start(self.events)

    async def attach(self, port_id: Id) -> None:
        self.driver.attach(port_id)

    async def detach(self, port_id: Id) -> None:
        self.driver.detach(port_id)

    async def inject(self, port_id: Id, frame: bytes) -> None:
        self.driver.inject(port_id, frame)

    def received(self, port_id: Id) -> list[bytes]:
        return self.driver.received(port_id)

    async def restart_driver(self) -> None:
        await self.driver.stop()
        await self.start()

    async def hasten_idleness(self) -> None:
        await self.restart_driver()

    async def until_idle(self, vni: int, mac: int) -> None:
        self.driver.let_idle()
        assert (vni, mac) in self.events.idle

    async def until_next_hop_idle(self, vni: int, address: Address) -> None:
        self.driver.let_idle()
        assert (vni, address) in self.events.idle_next_hops

    async def until_stranger_idle(self, vni: int, address: bytes) -> None:
        self.driver.let_idle()
        assert (vni, address) in self.events.idle_strangers

    async def restart_data_plane(self) -> None:
        self.driver.lose_everything()


class MemoryFabric:
    def __init__(self) -> None:
        underlay = Underlay()
        self.hosts = MemoryHost(underlay, 0xC0A80001), MemoryHost(underlay, 0xC0A80002)

    async def settle(self) -> None:
        """Frames are where they go when inject returns."""


@pytest.fixture
async def fabric() -> MemoryFabric:
    fabric = MemoryFabric()
    for host in fabric.hosts:
        await host.start()
    return fabric
