"""Workloads hear of an address that has another MAC address than they may remember, and of nothing else."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from alcor.model.addresses import ip_bytes
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, Port, Subnet, Vpc, VpcNeighbours
from tests.conformance.driver import packets
from tests.conformance.driver.packets import group_mac, neighbour_advertisement
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import MACS, VTEPS, port, port_id, subnet
from tests.unit.agent.on_demand.test_on_demand import Manager

VNI, OTHER_SUBNET_ID, IPV6_SUBNET_ID = 1, b"other".ljust(16, b"."), b"ipv6".ljust(16, b".")
OWN, HERE, ELSEWHERE = 1, 2, 3  # two workloads of one subnet, and one of another
OLD_MAC, NEW_MAC, INDEX = MACS[4], MACS[5], 1
MOVED, MOVED_IPV6 = 0x0A000063, ip_bytes("2001:db8::63")
ALL_NODES = ip_bytes("ff02::1")
WORKLOADS = (
    port(OWN, address="10.0.0.1", mac=MACS[OWN]),
    Port(port_id(HERE), VNI, MACS[HERE], ((b"subnet".ljust(16, b"\0"), "10.0.0.2"), (IPV6_SUBNET_ID, "2001:db8::2"))),
    Port(port_id(ELSEWHERE), VNI, MACS[ELSEWHERE], ((OTHER_SUBNET_ID, "10.1.0.3"),)),
)


def held(mac: int) -> VpcNeighbours:
    """What is told of a peer that has the addresses."""
    return VpcNeighbours({mac: INDEX}, {MOVED: mac}, {MOVED_IPV6: mac})


def gone(mac: int) -> NeighbourDelta:
    return NeighbourDelta(removed_macs={mac}, removed_ipv4={MOVED}, removed_ipv6={MOVED_IPV6})


class AnnouncingHost:
    """A host with three workloads, told of a peer ahead or on demand."""

    def __init__(self, directory: Path) -> None:
        self.core = Core(directory, punt_rate=1000)
        self.manager = Manager(self.core)
        for workload in WORKLOADS:
            self.core.driver.attach(workload.id)

    def snapshot(self, on_demand: bool = False, neighbours: VpcNeighbours | None = None) -> GoalStateDelta:
        subnets = (
            subnet(),
            Subnet(OTHER_SUBNET_ID, VNI, "10.1.0.0/24", "10.1.0.254", True),
            Subnet(IPV6_SUBNET_ID, VNI, "2001:db8::/64", "", True),
        )
        return GoalStateDelta(
            revision=self.core.wanted.state.revision + 1,
            snapshot=True,
            vpcs={VNI: Vpc(bytes(16), VNI, 1450, on_demand=on_demand)},
            subnets={each.id: each for each in subnets},
            ports={each.id: each for each in WORKLOADS},
            vteps={INDEX: VTEPS[1]},
            neighbours={VNI: NeighbourDelta(put=neighbours)} if neighbours is not None else {},
        )

    async def change(self, **parts: Any) -> None:
        revision = self.core.wanted.state.revision
        await self.core.deliver(GoalStateDelta(revision=revision + 1, base_revision=revision, **parts))

    async def neighbours(self, change: NeighbourDelta) -> None:
        await self.change(neighbours={VNI: change})

    async def learn(self, change: NeighbourDelta) -> None:
        await self.manager.tell(GoalStateDelta(revision=1, neighbours={VNI: change}, vteps={INDEX: VTEPS[1]}))

    async def heard(self) -> dict[int, list[bytes]]:
        """What workloads were sent since they were last asked."""
        while not self.core.punted._replies.empty():
            await self.core.driver.send(*self.core.punted._replies.get_nowait())
        inboxes = self.core.switch.inboxes
        heard = {number: list(inboxes[port_id(number)]) for number in (OWN, HERE, ELSEWHERE)}
        for inbox in inboxes.values():
            inbox.clear()
        return {number: frames for number, frames in heard.items() if frames}


def by_arp(mac: int, address: int = MOVED) -> bytes:
    """Gratuitous ARP, laid out by hand."""
    return packets.ethernet(packets.BROADCAST, mac, 0x0806, packets.arp(1, mac, address, packets.BROADCAST, address))


def by_advertisement(mac: int) -> bytes:
    """An unsolicited neighbour advertisement that overrides."""
    return neighbour_advertisement((mac, group_mac(ALL_NODES)), (MOVED_IPV6, ALL_NODES), MOVED_IPV6, mac, flags=0x20)


ANNOUNCED = {OWN: [by_arp(NEW_MAC)], HERE: [by_arp(NEW_MAC), by_advertisement(NEW_MAC)]}
"""Who is in a subnet of an address hears of it, each what its subnets are about."""


@pytest.fixture
def host(tmp_path: Path) -> AnnouncingHost:
    return AnnouncingHost(tmp_path)


async def in_one_change(host: AnnouncingHost) -> None:
    await host.neighbours(NeighbourDelta(put=held(NEW_MAC), removed_macs={OLD_MAC}))


async def in_two_changes(host: AnnouncingHost) -> None:
    await host.neighbours(gone(OLD_MAC))
    assert await host.heard() == {}
    await host.neighbours(NeighbourDelta(put=held(NEW_MAC)))


async def in_a_snapshot(host: AnnouncingHost) -> None:
    await host.core.deliver(host.snapshot(neighbours=held(NEW_MAC)))


@pytest.mark.parametrize("passes", [in_one_change, in_two_changes, in_a_snapshot])
async def test_an_address_that_passes_to_another_peer_is_announced(host: AnnouncingHost, passes: Any) -> None:
    await host.core.deliver(host.snapshot(neighbours=held(OLD_MAC)))
    await passes(host)
    heard = await host.heard()
    assert {number: set(frames) for number, frames in heard.items()} == {
        number: set(frames) for number, frames in ANNOUNCED.items()
    }


@pytest.mark.parametrize("at_once", [True, False])
async def test_so_it_is_in_a_vpc_on_demand_when_the_peer_was_learned(host: AnnouncingHost, at_once: bool) -> None:
    await host.core.deliver(host.snapshot(on_demand=True))
    host.core.on_demand.give(VNI, host.manager.at_hand)
    await host.learn(NeighbourDelta(put=held(OLD_MAC)))
    if not at_once:
        await host.learn(gone(OLD_MAC))
    assert await host.heard() == {}
    await host.learn(NeighbourDelta(put=held(NEW_MAC)))
    assert set((await host.heard())[HERE]) == set(ANNOUNCED[HERE])


async def test_who_gets_the_address_of_a_workload_here_next_is_asked_in_a_vpc_on_demand(host: AnnouncingHost) -> None:
    host.manager.addresses, host.manager.forwarding = {}, {}
    await host.core.deliver(host.snapshot(on_demand=True))
    host.core.on_demand.give(VNI, host.manager.at_hand)
    await host.change(removed_ports={port_id(OWN)})
    await host.manager.answer()
    assert host.manager.asked[-1][VNI].ipv4 == {0x0A000001}
    await host.learn(NeighbourDelta(put=VpcNeighbours({NEW_MAC: INDEX}, {0x0A000001: NEW_MAC})))
    assert await host.heard() == {HERE: [by_arp(NEW_MAC, 0x0A000001)]}


async def test_addresses_that_are_new_or_stay_where_they_are_are_not_announced(host: AnnouncingHost) -> None:
    await host.core.deliver(host.snapshot())
    for _ in range(2):
        await host.neighbours(NeighbourDelta(put=held(OLD_MAC)))
    await host.neighbours(gone(OLD_MAC))
    await host.neighbours(NeighbourDelta(put=held(OLD_MAC)))
    await host.core.deliver(host.snapshot(neighbours=held(OLD_MAC)))
    assert await host.heard() == {}


async def test_a_workload_with_another_mac_is_announced_to_its_neighbours_alone(host: AnnouncingHost) -> None:
    await host.core.deliver(host.snapshot())
    changed = msgspec.structs.replace(WORKLOADS[0], mac=NEW_MAC)
    await host.change(ports={changed.id: changed})
    assert await host.heard() == {HERE: [by_arp(NEW_MAC, 0x0A000001)]}


async def test_an_address_that_passes_from_a_workload_here_to_a_peer_is_announced(host: AnnouncingHost) -> None:
    await host.core.deliver(host.snapshot())
    put = VpcNeighbours({NEW_MAC: INDEX}, {0x0A000001: NEW_MAC})
    await host.change(removed_ports={port_id(OWN)}, neighbours={VNI: NeighbourDelta(put=put)})
    assert (await host.heard())[HERE] == [by_arp(NEW_MAC, 0x0A000001)]


async def test_an_address_that_passes_from_a_peer_to_a_workload_here_is_announced(host: AnnouncingHost) -> None:
    await host.core.deliver(host.snapshot(neighbours=held(OLD_MAC)))
    more = (*WORKLOADS[0].fixed_ips, (WORKLOADS[0].fixed_ips[0][0], "10.0.0.99"))
    await host.change(
        ports={port_id(OWN): msgspec.structs.replace(WORKLOADS[0], fixed_ips=more)}, neighbours={VNI: gone(OLD_MAC)}
    )
    assert await host.heard() == {HERE: [by_arp(MACS[OWN])]}


async def test_what_was_whose_is_remembered_within_bounds(host: AnnouncingHost) -> None:
    many = range(0x0A000100, 0x0A000100 + 5000)
    await host.core.deliver(host.snapshot(neighbours=VpcNeighbours({OLD_MAC: INDEX}, dict.fromkeys(many, OLD_MAC))))
    await host.neighbours(NeighbourDelta(removed_ipv4=set(many)))
    assert len(host.core.announcing._owners_before[VNI]) == 4096
    await host.change(removed_vpcs={VNI})
    assert host.core.announcing._owners_before == {}
