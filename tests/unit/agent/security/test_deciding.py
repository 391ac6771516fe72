"""A packet that may pass if its other end is in a group waits until that is known; strangers cost nothing then."""

import ipaddress
from pathlib import Path

import msgspec
import pytest

from alcor.dataplane.driver import Endpoint
from alcor.dataplane.memory.switch import MemorySwitch
from alcor.model.addresses import link_local
from alcor.model.goal_state import (
    GoalStateDelta,
    Membership,
    NeighbourDelta,
    SecurityGroup,
    Vpc,
    VpcNeighbours,
)
from alcor.model.records import SecurityRule
from tests.conformance.driver.packets import arp_request, ip_frame, udp, udp_frame
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import IPV4, MACS, OPEN, OWN_VTEP, VTEPS, port, port_id
from tests.unit.agent.on_demand.test_on_demand import Manager

VNI = 1
OWN, PEER = 1, 2
GROUP = b"g" * 16
FRIENDS = SecurityGroup(
    GROUP, True, tuple(SecurityRule(*to, remote_group=GROUP) for to in ((True, False), (False, False), (True, True)))
)
PEER_INDEX, PEER_VTEP = 1, VTEPS[1]
MEMBER = Membership((GROUP,))


class MembersManager(Manager):
    """Says of the peer what it is a member of, too."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.memberships: dict[int, Membership] = {}

    async def tell(self, news: GoalStateDelta) -> None:
        for change in news.neighbours.values():
            for mac in change.put.forwarding:
                if mac in self.memberships:
                    change.put.memberships[mac] = self.memberships[mac]
        await super().tell(news)


class SecureHost(Core):
    """A host whose workload receives from and sends to members of its own group only, and a peer's host."""

    async def begin(self, on_demand: bool = True, told: VpcNeighbours | None = None) -> MembersManager:
        self.peer_switch = MemorySwitch(self.switch._fabric, PEER_VTEP)
        self.peer_switch.plug(port_id(PEER))
        peer = Endpoint(port_id(PEER), VNI, MACS[PEER], (IPV4[PEER],), port_security=False)
        self.peer_switch.put_endpoint(peer)
        self.peer_switch.remotes = {VNI: {MACS[OWN]: OWN_VTEP}}
        self.peer_switch.vteps = {OWN_VTEP}
        self.switch.plug(port_id(OWN))
        await self.deliver(
            GoalStateDelta(
                revision=1,
                snapshot=True,
                vpcs={VNI: Vpc(bytes(16), VNI, 1450, on_demand=on_demand)},
                ports={port_id(OWN): port(OWN, security_groups=(GROUP,))},
                vteps={} if on_demand else {PEER_INDEX: PEER_VTEP},
                neighbours={} if told is None else {VNI: NeighbourDelta(put=told)},
                security_groups={GROUP: FRIENDS, OPEN.id: OPEN},
            )
        )
        manager = MembersManager(self)
        if on_demand:
            self.on_demand.give(VNI, manager.at_hand)
        return manager

    def hear(self, data: bytes) -> None:
        """The peer sends something."""
        frame = udp_frame(MACS[OWN], MACS[PEER], IPV4[PEER], IPV4[OWN], data)
        self.peer_switch.take_from_workload(port_id(PEER), frame)

    def say(self, data: bytes) -> None:
        """The workload sends something to the peer."""
        frame = udp_frame(MACS[PEER], MACS[OWN], IPV4[OWN], IPV4[PEER], data)
        self.switch.take_from_workload(port_id(OWN), frame)

    def arrived(self) -> list[bytes]:
        """What came to the workload."""
        return [frame[42:] for frame in self.switch.inboxes[port_id(OWN)]]

    def arrived_at_peer(self) -> list[bytes]:
        return [frame[42:] for frame in self.peer_switch.inboxes[port_id(PEER)]]

    async def settle(self) -> None:
        for _ in range(3):
            await self.reconciler.step()

    def counter(self, name: str) -> int:
        return self.counters.values[name]


@pytest.fixture
def host(tmp_path: Path) -> SecureHost:
    return SecureHost(tmp_path, punt_rate=1000)


def neighbours(membership: Membership | None) -> VpcNeighbours:
    known = VpcNeighbours({MACS[PEER]: PEER_INDEX}, {IPV4[PEER]: MACS[PEER]})
    return known if membership is None else msgspec.structs.replace(known, memberships={MACS[PEER]: membership})


async def test_the_first_packet_from_a_member_arrives(host: SecureHost) -> None:
    manager = await host.begin()
    manager.memberships = {MACS[PEER]: MEMBER}
    host.hear(b"first")
    assert host.arrived() == []
    await manager.answer()
    await host.settle()
    assert host.arrived() == [b"first"]
    host.hear(b"second")
    assert host.arrived() == [b"first", b"second"]
    assert host.counter("packets_undecided") == 1


async def test_the_first_packet_to_a_member_arrives(host: SecureHost) -> None:
    manager = await host.begin()
    manager.memberships = {MACS[PEER]: MEMBER}
    host.say(b"first")
    await manager.answer()
    await host.settle()
    assert host.arrived_at_peer() == [b"first"]


async def test_the_first_packet_from_a_members_link_local_address_arrives(host: SecureHost) -> None:
    manager = await host.begin()
    there, here = bytes.fromhex("fd00") + bytes(13) + b"\2", bytes.fromhex("fd00") + bytes(13) + b"\1"
    manager.memberships = {MACS[PEER]: Membership((GROUP,), (str(ipaddress.IPv6Address(there)),))}
    source = link_local(MACS[PEER])
    frame = ip_frame(MACS[OWN], MACS[PEER], source, here, 17, udp(source, here, 4000, 4001, b"first"))
    host.peer_switch.take_from_workload(port_id(PEER), frame)
    await manager.answer()
    await host.settle()
    assert [each[62:] for each in host.switch.inboxes[port_id(OWN)]] == [b"first"]


async def test_a_stranger_is_asked_about_once(host: SecureHost) -> None:
    manager = await host.begin()
    host.hear(b"first")
    await manager.answer()
    await host.settle()
    for _ in range(5):
        host.hear(b"more")
    await host.settle()
    assert host.arrived() == []
    assert len(manager.asked) == 1
    assert host.counter("packets_undecided") <= 2  # asked, then looked up with what was learned


async def test_nobody_needs_to_be_asked_of_peers_told_ahead(host: SecureHost) -> None:
    await host.begin(on_demand=False, told=neighbours(MEMBER))
    host.hear(b"first")
    assert host.arrived() == [b"first"]
    assert host.counter("packets_undecided") == 0


async def test_a_stranger_told_ahead_is_refused_by_the_data_plane_from_the_second_packet(host: SecureHost) -> None:
    await host.begin(on_demand=False, told=neighbours(None))
    host.hear(b"first")
    await host.settle()
    host.hear(b"second")
    await host.settle()
    assert host.arrived() == []
    assert host.counter("packets_undecided") == 1


async def test_strangers_go_with_the_last_port_of_their_vpc(host: SecureHost) -> None:
    await host.begin(on_demand=False, told=neighbours(None))
    host.hear(b"first")
    await host.settle()
    assert host.switch.firewall.strangers
    await host.deliver(GoalStateDelta(revision=2, removed_ports={port_id(OWN)}, removed_vpcs={VNI}))
    assert not host.switch.firewall.strangers


async def test_a_stranger_that_becomes_a_member_is_let_in_at_once(host: SecureHost) -> None:
    manager = await host.begin()
    host.hear(b"first")
    await manager.answer()
    await host.settle()
    manager.memberships = {MACS[PEER]: MEMBER}
    await manager.tell(GoalStateDelta(neighbours={VNI: NeighbourDelta(put=VpcNeighbours({MACS[PEER]: PEER_INDEX}))}))
    host.hear(b"now")
    assert host.arrived() == [b"now"]


async def test_a_member_that_leaves_the_group_is_refused_at_once(host: SecureHost) -> None:
    manager = await host.begin()
    manager.memberships = {MACS[PEER]: MEMBER}
    host.hear(b"first")
    await manager.answer()
    await host.settle()
    manager.memberships = {}
    await manager.tell(GoalStateDelta(neighbours={VNI: NeighbourDelta(put=VpcNeighbours({MACS[PEER]: PEER_INDEX}))}))
    host.hear(b"now")
    await host.settle()
    assert host.arrived() == [b"first"]


async def test_one_that_was_not_there_is_asked_about_again_when_that_no_longer_holds(host: SecureHost) -> None:
    manager = await host.begin()
    there, manager.addresses = manager.addresses, {}
    host.hear(b"first")
    await manager.answer()
    await host.settle()
    host.hear(b"second")
    await host.settle()
    manager.addresses, manager.memberships = there, {MACS[PEER]: MEMBER}
    host.now += 6  # longer than an absence holds
    host.on_demand.tick()
    await host.settle()
    host.hear(b"third")
    await manager.answer()
    await host.settle()
    assert host.arrived() == [b"third"]


async def test_forgotten_members_are_asked_about_again(host: SecureHost) -> None:
    manager = await host.begin()
    manager.memberships = {MACS[PEER]: MEMBER}
    host.hear(b"first")
    await manager.answer()
    await host.settle()
    host.reconciler._wake.clear()
    host.reconciler.remote_idle(VNI, MACS[PEER])
    assert host.reconciler._wake.is_set(), "who is known no longer is no member until something else happens"
    await host.settle()
    host.hear(b"second")
    assert host.arrived() == [b"first"]
    await manager.answer()
    await host.settle()
    assert host.arrived() == [b"first", b"second"]


async def test_a_scan_of_strangers_costs_only_so_much(host: SecureHost) -> None:
    manager = await host.begin()
    for number in range(2000):
        frame = udp_frame(MACS[OWN], MACS[PEER], 0x0B000000 + number, IPV4[OWN], b"scan")
        host.peer_switch.take_from_workload(port_id(PEER), frame)
    assert host.counter("packets_undecided") <= 2000
    assert host.counter("packets_undecided_over_port_rate") >= 1500
    await manager.answer()
    assert sum(asked.count() for asked in manager.asked[0].values()) <= 100  # what one port may ask at once


async def test_who_sends_to_a_workload_takes_nothing_of_what_it_may_ask_itself(host: SecureHost) -> None:
    manager = await host.begin()
    manager.memberships = {MACS[PEER]: MEMBER}
    for number in range(500):
        frame = udp_frame(MACS[OWN], MACS[PEER], 0x0B000000 + number, IPV4[OWN], b"scan")
        host.peer_switch.take_from_workload(port_id(PEER), frame)
    host.switch.take_from_workload(port_id(OWN), arp_request(MACS[OWN], IPV4[OWN], IPV4[PEER]))
    await manager.answer()
    assert IPV4[PEER] in manager.asked[0][VNI].ipv4


async def test_strangers_beyond_number_take_no_room(host: SecureHost) -> None:
    await host.begin(on_demand=False, told=neighbours(None))
    for number in range(5000):
        host.now += 0.01
        frame = udp_frame(MACS[OWN], MACS[PEER], 0x0B000000 + number, IPV4[OWN], b"scan")
        host.peer_switch.take_from_workload(port_id(PEER), frame)
        if number % 100 == 0:
            await host.reconciler.step()
    await host.settle()
    assert host.security.deciding.strangers.count() <= 4096 + 100
    assert host.counter("strangers_without_room") > 0


async def test_frames_that_are_cut_short_do_no_harm(host: SecureHost) -> None:
    await host.begin()
    whole = udp_frame(MACS[OWN], MACS[PEER], IPV4[PEER], IPV4[OWN], b"data")
    for length in range(34):
        for ingress in (True, False):
            host.reconciler.packet_undecided(port_id(OWN), whole[:length], ingress)
    host.reconciler.packet_undecided(port_id(9), whole, True)
    await host.settle()
