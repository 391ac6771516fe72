"""A host whose router leads to peers here, told ahead, and in a VPC without ports here."""

from pathlib import Path

from alcor.dataplane.driver import NextHop
from alcor.dataplane.memory.switch import MemorySwitch
from alcor.model.goal_state import (
    GoalStateDelta,
    NeighbourDelta,
    Port,
    Router,
    RouterInterface,
    Vpc,
    VpcNeighbours,
)
from tests.conformance.driver.packets import udp_frame
from tests.conformance.driver.routing import with_ttl
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import MACS, VTEPS, port, port_id
from tests.unit.agent.on_demand.test_on_demand import Manager

NEAR_VNI, FAR_VNI = 1, 2
NEAR_MAC, SAME_MAC, FAR_MAC = 0xFA163EFF0001, 0xFA163EFF0002, 0xFA163EFF0003
ROUTER_ID = b"router".ljust(16, b".")
OWN, LOCAL = 1, 2
OWN_ADDRESS, LOCAL_ADDRESS, AHEAD_ADDRESS, FAR_ADDRESS = 0x0A000001, 0x0A000102, 0x0A000103, 0x0A090004
GATEWAY = 0x0A0000FE
FAR_INDEX, FAR_VTEP = 1, VTEPS[1]
AHEAD_INDEX, AHEAD_VTEP = 2, VTEPS[2]


def own_port(number: int, address: str) -> Port:
    return port(number, NEAR_VNI, address, MACS[number])


def interface(number: int, vni: int, mac: int, network: str) -> RouterInterface:
    return RouterInterface(bytes([number]) * 16, vni, mac, ((f"{network}.0/24", f"{network}.254"),))


ROUTER = Router(
    ROUTER_ID,
    (
        interface(1, NEAR_VNI, NEAR_MAC, "10.0.0"),
        interface(2, NEAR_VNI, SAME_MAC, "10.0.1"),
        interface(3, FAR_VNI, FAR_MAC, "10.9.0"),
    ),
)

SECOND_ID = b"second".ljust(16, b".")
SECOND = Router(
    SECOND_ID,
    (
        RouterInterface(b"4" * 16, NEAR_VNI, 0xFA163EFF0004, (("10.0.1.0/24", "10.0.1.253"),)),
        interface(5, FAR_VNI, 0xFA163EFF0005, "10.7.0"),
    ),
)


class RoutingHost:
    """A host with two ports in one VPC, told of a third ahead, and a router that leads to another VPC as well."""

    def __init__(self, directory: Path, switch: MemorySwitch | None = None) -> None:
        self.core = Core(directory, switch, punt_rate=50)
        self.manager = Manager(self.core)
        self.manager.addresses = {FAR_ADDRESS: MACS[4]}
        self.manager.forwarding = {MACS[4]: FAR_INDEX}
        for number in (OWN, LOCAL):
            self.core.driver.attach(port_id(number))

    async def start(self) -> None:
        ahead = VpcNeighbours({MACS[3]: AHEAD_INDEX}, {AHEAD_ADDRESS: MACS[3]})
        ports = (own_port(OWN, "10.0.0.1"), own_port(LOCAL, "10.0.1.2"))
        snapshot = GoalStateDelta(
            revision=1,
            snapshot=True,
            vpcs={NEAR_VNI: Vpc(bytes(16), NEAR_VNI, 1450)},
            ports={port.id: port for port in ports},
            vteps={AHEAD_INDEX: AHEAD_VTEP},
            neighbours={NEAR_VNI: NeighbourDelta(put=ahead)},
            routers={ROUTER_ID: ROUTER},
        )
        await self.core.deliver(snapshot)
        self.core.on_demand.give(FAR_VNI, self.manager.at_hand)
        await self.received()  # gateways are announced

    async def send(self, address: int, ttl: int = 64) -> None:
        frame = with_ttl(udp_frame(NEAR_MAC, MACS[OWN], OWN_ADDRESS, address, b"data"), ttl)
        self.core.driver.inject(port_id(OWN), frame)
        await self.core.reconciler.step()

    async def change(self, **parts: object) -> None:
        revision = self.core.wanted.state.revision
        await self.core.deliver(GoalStateDelta(revision=revision + 1, base_revision=revision, **parts))  # type: ignore[arg-type]

    def next_hops(self) -> dict[int, dict[int, NextHop]]:
        return self.core.switch.next_hops

    def counter(self, name: str) -> int:
        return self.core.counters.values.get(name, 0)

    async def received(self) -> list[bytes]:
        await reply(self.core)
        frames = self.core.driver.received(port_id(OWN))
        for inbox in self.core.switch.inboxes.values():
            inbox.clear()
        return frames


async def reply(core: Core) -> None:
    """Hand on what the agent answers."""
    while not core.punted._replies.empty():
        to, frame = core.punted._replies.get_nowait()
        await core.driver.send(to, frame)
