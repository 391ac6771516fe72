"""A workload speaks to a peer its host has not met: nothing is lost, nothing is asked twice, nobody pays for a scan."""

import asyncio
from pathlib import Path

import pytest

from alcor.agent.on_demand.held_packets import Waiting
from alcor.agent.on_demand.manager import Manager as AtHand
from alcor.channels.ncm_messages import NcmWelcome, Questions
from alcor.dataplane.driver import Endpoint, RemoteDelta
from alcor.dataplane.memory.switch import MemorySwitch
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, Vpc, VpcNeighbours
from tests.conformance.driver.packets import arp_request, udp_frame
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import IPV4, MACS, VTEPS, port, port_id

VNI = 1
VPC = Vpc(bytes(16), VNI, 1450, on_demand=True)
OWN, PEER, OTHER = 1, 2, 3
PEER_INDEX, PEER_VTEP = 1, VTEPS[1]


class Manager:
    """Answers what the agent asks, from a table."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.at_hand = AtHand("ncm", "ncm:9697", NcmWelcome("ncm", lease=60, absence=5))
        self.forwarding = {MACS[PEER]: PEER_INDEX}
        self.addresses: dict[int | bytes, int] = {IPV4[PEER]: MACS[PEER]}
        self.vteps = {PEER_INDEX: PEER_VTEP, 2: VTEPS[2]}
        self.asked: list[Questions] = []

    async def answer(self) -> None:
        """Answer all that is asked now."""
        self.asked.append(await asyncio.wait_for(self.core.on_demand.next_questions(self.at_hand), 1))
        news = GoalStateDelta(revision=1)
        for vni, asked in self.asked[-1].items():
            change = news.neighbours.setdefault(vni, NeighbourDelta())
            macs = set(asked.macs)
            for address in asked.ipv4:
                if address in self.addresses:
                    change.put.ipv4[address] = self.addresses[address]
                else:
                    change.removed_ipv4.add(address)
            for ipv6 in asked.ipv6:
                if ipv6 in self.addresses:
                    change.put.ipv6[ipv6] = self.addresses[ipv6]
                else:
                    change.removed_ipv6.add(ipv6)
            macs.update(change.put.ipv4.values(), change.put.ipv6.values())
            for mac in macs:
                if mac in self.forwarding:
                    change.put.forwarding[mac] = self.forwarding[mac]
                    news.vteps[self.forwarding[mac]] = self.vteps[self.forwarding[mac]]
                else:
                    change.removed_macs.add(mac)
        await self.tell(news)

    async def tell(self, news: GoalStateDelta) -> None:
        self.core.on_demand.news(self.at_hand, news)
        await self.core.reconciler.step()
        await self.core.reconciler.step()  # what missed while that was under way

    def is_asked(self) -> bool:
        """Whether something waits to be asked."""
        return self.at_hand.filled.is_set()


class Host(Core):
    """The host under test with one workload, and a peer's host on the same underlay."""

    async def begin(self) -> Manager:
        self.peer_switch = MemorySwitch(self.switch._fabric, PEER_VTEP)
        await self._plug_peer(self.peer_switch)
        self.switch.plug(port_id(OWN))
        other = port(OTHER, address="10.0.0.3", mac=MACS[OTHER])
        ports = {port_id(OWN): port(OWN), port_id(OTHER): other}
        goal = GoalStateDelta(revision=1, snapshot=True, vpcs={VNI: VPC}, ports=ports)
        await self.deliver(goal)
        manager = Manager(self)
        self.on_demand.give(VNI, manager.at_hand)
        return manager

    async def _plug_peer(self, switch: MemorySwitch) -> None:
        switch.plug(port_id(PEER))
        switch.put_endpoint(Endpoint(port_id(PEER), VNI, MACS[PEER], (IPV4[PEER],), port_security=False))

    def speak(self, data: bytes = b"hello", to: int = PEER) -> None:
        self.switch.take_from_workload(port_id(OWN), udp_frame(MACS[to], MACS[OWN], IPV4[1], IPV4[to], data))

    def ask_arp(self, address: int = IPV4[PEER]) -> None:
        self.switch.take_from_workload(port_id(OWN), arp_request(MACS[OWN], IPV4[1], address))

    def heard_by_peer(self) -> list[bytes]:
        return list(self.peer_switch.inboxes[port_id(PEER)])

    async def heard(self) -> list[bytes]:
        """What the workload was sent."""
        while not self.punted._replies.empty():
            await self.driver.send(*self.punted._replies.get_nowait())
        return list(self.switch.inboxes[port_id(OWN)])


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path, punt_rate=1000)


async def test_the_first_packet_to_a_peer_arrives(host: Host) -> None:
    manager = await host.begin()
    host.speak(b"first")
    assert host.heard_by_peer() == []
    await manager.answer()
    assert len(host.heard_by_peer()) == 1
    host.speak(b"second")
    assert len(host.heard_by_peer()) == 2


async def test_an_address_nobody_asked_for_yet_is_learned_and_arp_answered(host: Host) -> None:
    manager = await host.begin()
    host.ask_arp()
    assert await host.heard() == []
    await manager.answer()
    assert len(await host.heard()) == 1
    host.speak()
    assert len(host.heard_by_peer()) == 1


async def test_many_packets_to_one_peer_ask_once_and_arrive_in_order(host: Host) -> None:
    manager = await host.begin()
    for number in range(5):
        host.speak(b"%d" % number)
    await manager.answer()
    assert [frame[-1:] for frame in host.heard_by_peer()] == [b"0", b"1", b"2", b"3", b"4"]
    assert [asked[VNI].count() for asked in manager.asked] == [1]
    assert not manager.is_asked()


async def test_questions_that_come_together_travel_together(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    host.ask_arp(IPV4[4])
    await manager.answer()
    assert manager.asked[0][VNI].macs == {MACS[PEER]}
    assert manager.asked[0][VNI].ipv4 == {IPV4[4]}


async def test_what_is_not_there_is_not_asked_for_again_for_a_while(host: Host) -> None:
    manager = await host.begin()
    host.ask_arp(IPV4[4])
    await manager.answer()
    host.ask_arp(IPV4[4])
    assert not manager.is_asked()
    host.now += 6
    host.ask_arp(IPV4[4])
    assert manager.is_asked()


async def test_a_scan_is_bounded_and_others_are_served(host: Host) -> None:
    manager = await host.begin()
    for number in range(1000):
        host.ask_arp(0x0B000000 + number)
    assert host.counters.values["questions_over_port_rate"] >= 900
    host.switch.plug(port_id(OTHER))
    host.reconciler.interface_appeared(port_id(OTHER))
    await host.reconciler.step()
    frame = udp_frame(MACS[PEER], MACS[OTHER], IPV4[3], IPV4[PEER], b"another workload")
    host.switch.take_from_workload(port_id(OTHER), frame)
    await manager.answer()
    assert manager.asked[0][VNI].count() <= 101
    assert host.heard_by_peer() == [frame]


async def test_a_question_without_an_answer_is_asked_again(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    await host.on_demand.next_questions(manager.at_hand)
    host.now += 1.5
    host.on_demand.tick()
    host.speak(b"again")
    await manager.answer()
    assert len(host.heard_by_peer()) == 2


async def test_a_move_told_by_the_manager_is_followed(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    await manager.answer()
    elsewhere = MemorySwitch(host.switch._fabric, VTEPS[2])
    await host._plug_peer(elsewhere)
    change = NeighbourDelta(put=VpcNeighbours({MACS[PEER]: 2}))
    await manager.tell(GoalStateDelta(revision=2, vteps={2: VTEPS[2]}, neighbours={VNI: change}))
    host.speak(b"moved")
    assert len(elsewhere.inboxes[port_id(PEER)]) == 1
    assert len(host.heard_by_peer()) == 1


async def test_a_packet_to_a_local_port_that_is_not_there_yet_is_not_asked_about(host: Host) -> None:
    manager = await host.begin()
    host.speak(to=OTHER)
    assert not manager.is_asked()


async def test_a_moved_peer_is_removed_and_put_so_that_packets_notice(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    await manager.answer()
    projection = host.reconciler._projection
    host.on_demand.learned.take(
        GoalStateDelta(vteps={2: VTEPS[2]}, neighbours={VNI: NeighbourDelta(put=VpcNeighbours({MACS[PEER]: 2}))}),
        {VNI},
        0.0,
    )
    projection.touch_learned({VNI: {MACS[PEER]}})
    change = projection.change(host.wanted.state, host.driver.interfaces())
    assert change.learned[VNI] == RemoteDelta({MACS[PEER]: VTEPS[2]}, {MACS[PEER]})


async def test_a_deleted_peer_is_forgotten(host: Host) -> None:
    manager = await host.begin()
    host.ask_arp()
    await manager.answer()
    change = NeighbourDelta(removed_macs={MACS[PEER]}, removed_ipv4={IPV4[PEER]})
    await manager.tell(GoalStateDelta(revision=2, neighbours={VNI: change}))
    host.speak()
    assert host.heard_by_peer() == []
    assert host.on_demand.learned.count() == 0
    assert not manager.is_asked()


async def test_what_is_not_used_goes_and_is_learned_again(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    await manager.answer()
    host.driver.let_idle()
    host.driver.let_idle()
    assert host.on_demand.learned.count() == 0
    host.speak(b"again")
    await manager.answer()
    assert len(host.heard_by_peer()) == 2


async def test_what_is_used_is_asked_for_again_before_its_lease_ends(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    await manager.answer()
    host.now += 40
    host.on_demand.tick()
    await manager.answer()
    assert manager.asked[-1][VNI].macs == {MACS[PEER]}
    host.now += 60
    host.on_demand.tick()
    assert host.on_demand.learned.count() == 1


async def test_an_entry_that_a_manager_at_hand_does_not_renew_goes(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    await manager.answer()
    host.now += 40
    host.on_demand.tick()
    assert (await host.on_demand.next_questions(manager.at_hand))[VNI].macs == {MACS[PEER]}
    host.now += 85
    host.on_demand.tick()
    await host.reconciler.step()
    assert host.switch.learned.get(VNI, {}) == {}


async def test_without_a_manager_what_was_learned_stays(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    await manager.answer()
    host.on_demand.give(VNI, None)
    host.now += 3600
    host.on_demand.tick()
    host.speak(b"still")
    assert len(host.heard_by_peer()) == 2
    another = Manager(host)
    host.on_demand.give(VNI, another.at_hand)
    await another.answer()
    assert another.asked[0][VNI].macs == {MACS[PEER]}


async def test_a_vpc_that_becomes_on_demand_keeps_what_it_was_told(host: Host) -> None:
    manager = await host.begin()
    told = NeighbourDelta(put=VpcNeighbours({MACS[PEER]: PEER_INDEX}, {IPV4[PEER]: MACS[PEER]}))
    ahead = Vpc(bytes(16), VNI, 1450)
    ports = {port_id(OWN): port(OWN)}
    await host.deliver(
        GoalStateDelta(
            revision=2,
            snapshot=True,
            vpcs={VNI: ahead},
            ports=ports,
            vteps={PEER_INDEX: PEER_VTEP},
            neighbours={VNI: told},
        )
    )
    host.speak(b"told ahead")
    await host.deliver(GoalStateDelta(revision=3, snapshot=True, vpcs={VNI: VPC}, ports=ports))
    host.speak(b"as learned")
    assert len(host.heard_by_peer()) == 2
    assert not manager.is_asked()


async def test_a_vpc_that_leaves_takes_what_was_learned_along(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    await manager.answer()
    await host.deliver(GoalStateDelta(revision=2, base_revision=1, removed_vpcs={VNI}, removed_ports={port_id(OWN)}))
    assert host.on_demand.learned.count() == 0
    assert host.switch.learned.get(VNI, {}) == {}
    assert VNI not in host.switch.on_demand
    assert not host.on_demand.vnis()
    assert not manager.at_hand.vnis


async def test_news_of_a_vpc_that_is_not_here_are_passed_over(host: Host) -> None:
    manager = await host.begin()
    change = NeighbourDelta(put=VpcNeighbours({MACS[PEER]: PEER_INDEX}))
    await manager.tell(GoalStateDelta(revision=2, neighbours={99: change}))
    assert host.on_demand.learned.count() == 0


async def test_a_restarted_data_plane_is_told_what_was_learned(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    await manager.answer()
    host.switch.forget()
    host.reconciler.restarted()
    await host.reconciler.step()
    host.speak(b"after the restart")
    assert len(host.heard_by_peer()) == 2


async def test_a_packet_waits_for_whoever_can_be_asked_next(host: Host) -> None:
    manager = await host.begin()
    host.speak(b"asked in vain")
    await host.on_demand.next_questions(manager.at_hand)
    host.on_demand.give(VNI, None)
    host.speak(b"while nobody is there")
    host.ask_arp()
    another = Manager(host)
    host.on_demand.give(VNI, another.at_hand)
    await another.answer()
    assert len(host.heard_by_peer()) == 2
    assert len(await host.heard()) == 1


async def test_a_question_not_answered_is_asked_again_while_a_packet_waits(host: Host) -> None:
    """The manager did not know yet, for example, that this host is in the VPC."""
    manager = await host.begin()
    host.speak()
    await host.on_demand.next_questions(manager.at_hand)
    host.now += 1.5
    host.on_demand.tick()
    await manager.answer()
    assert len(host.heard_by_peer()) == 1


async def test_a_manager_that_lost_a_vpc_is_not_listened_to_about_it(host: Host) -> None:
    first = await host.begin()
    host.speak()
    await first.answer()
    second = Manager(host)
    second.forwarding[MACS[PEER]] = 2
    host.on_demand.give(VNI, second.at_hand)
    await second.answer()
    stale = NeighbourDelta(put=VpcNeighbours({MACS[PEER]: PEER_INDEX}))
    await first.tell(GoalStateDelta(revision=1, vteps={2: 99, PEER_INDEX: PEER_VTEP}, neighbours={VNI: stale}))
    assert host.switch.learned == {VNI: {MACS[PEER]: VTEPS[2]}}


async def test_each_vpc_is_asked_about_where_it_is_answered(host: Host) -> None:
    await host.begin()
    away = Vpc(bytes(15) + b"2", 2, 1450, on_demand=True)
    await host.deliver(GoalStateDelta(revision=2, base_revision=1, vpcs={2: away}, ports={port_id(4): port(4, vni=2)}))
    first, second = Manager(host), Manager(host)
    host.on_demand.give(VNI, first.at_hand)
    host.on_demand.give(2, second.at_hand)
    host.on_demand.unknown_address(VNI, IPV4[PEER], Waiting(port_id(OWN), b""))
    host.on_demand.unknown_address(2, IPV4[PEER], Waiting(port_id(4), b""))
    host.on_demand.give(VNI, None)
    assert (await host.on_demand.next_questions(second.at_hand)).keys() == {2}
    host.on_demand.unknown_address(VNI, IPV4[4], Waiting(port_id(OWN), b""))
    host.on_demand.give(VNI, second.at_hand)
    assert (await host.on_demand.next_questions(second.at_hand))[VNI].ipv4 == {IPV4[PEER], IPV4[4]}
    assert not first.at_hand.vnis


async def test_what_one_vpc_has_learned_does_not_expire_for_another_being_answered(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    await manager.answer()
    away = Vpc(bytes(15) + b"2", 2, 1450, on_demand=True)
    await host.deliver(GoalStateDelta(revision=2, base_revision=1, vpcs={2: away}))
    host.on_demand.give(VNI, None)
    host.on_demand.give(2, Manager(host).at_hand)
    host.now += 3600
    host.on_demand.tick()
    assert host.on_demand.learned.count() == 1


async def test_a_host_that_moves_is_followed_in_every_vpc_that_its_manager_answers_for(host: Host) -> None:
    manager = await host.begin()
    host.speak()
    await manager.answer()
    await manager.tell(GoalStateDelta(vteps={PEER_INDEX: VTEPS[2]}))
    assert host.switch.learned == {VNI: {MACS[PEER]: VTEPS[2]}}
    await Manager(host).tell(GoalStateDelta(vteps={PEER_INDEX: VTEPS[1]}))
    assert host.switch.learned == {VNI: {MACS[PEER]: VTEPS[2]}}


async def test_an_absence_holds_only_as_long_as_who_told_it_is_asked(host: Host) -> None:
    manager = await host.begin()
    host.ask_arp(IPV4[4])
    await manager.answer()
    another = Manager(host)
    host.on_demand.give(VNI, another.at_hand)
    host.ask_arp(IPV4[4])
    assert another.is_asked()
