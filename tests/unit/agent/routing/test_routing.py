"""What data planes leave to the agent: next hops are found and follow what changes; errors are said."""

from pathlib import Path

import msgspec
import pytest

from alcor.dataplane.driver import NextHop
from alcor.dataplane.memory.switch import MemorySwitch
from alcor.model.addresses import ip_bytes
from alcor.model.goal_state import (
    GoalStateDelta,
    NeighbourDelta,
    Port,
    Router,
    RouterInterface,
    Vpc,
    VpcNeighbours,
)
from tests.conformance.driver.packets import arp_request, ethernet, ipv4, udp_frame
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


@pytest.fixture
async def host(tmp_path: Path) -> RoutingHost:
    host = RoutingHost(tmp_path)
    await host.start()
    return host


async def test_a_next_hop_on_this_host_is_found_and_the_packet_arrives(host: RoutingHost) -> None:
    await host.send(LOCAL_ADDRESS)
    assert host.next_hops() == {NEAR_VNI: {LOCAL_ADDRESS: NextHop(MACS[LOCAL])}}
    (arrived,) = host.core.driver.received(port_id(LOCAL))[-1:]
    assert arrived[:12] == MACS[LOCAL].to_bytes(6) + SAME_MAC.to_bytes(6)
    assert arrived[22] == 63


async def test_a_next_hop_told_ahead_is_programmed_when_it_is_used(host: RoutingHost) -> None:
    assert host.next_hops() == {}
    await host.send(AHEAD_ADDRESS)
    assert host.next_hops() == {NEAR_VNI: {AHEAD_ADDRESS: NextHop(MACS[3], AHEAD_VTEP)}}
    assert host.counter("held_packets_sent") == 1


async def test_a_next_hop_in_a_vpc_without_ports_here_is_asked_for(host: RoutingHost) -> None:
    await host.send(FAR_ADDRESS)
    assert host.next_hops() == {}
    await host.manager.answer()
    assert [set(asked) for asked in host.manager.asked] == [{FAR_VNI}]
    assert host.next_hops() == {FAR_VNI: {FAR_ADDRESS: NextHop(MACS[4], FAR_VTEP)}}
    assert FAR_VTEP in host.core.switch.vteps
    assert host.counter("held_packets_sent") == 1
    assert not host.core.switch.learned, "nothing is sent to it within its VPC"


@pytest.mark.parametrize(
    ("address", "ttl", "kind", "code"),
    [(FAR_ADDRESS, 1, 11, 0), (0x08080808, 64, 3, 0), (0x0A0001C8, 64, 3, 1)],
    ids=["expired", "no route", "nobody"],
)
async def test_what_is_not_routed_is_answered_from_the_gateway(
    host: RoutingHost, address: int, ttl: int, kind: int, code: int
) -> None:
    await host.send(address, ttl)
    (error,) = await host.received()
    assert error[:12] == MACS[OWN].to_bytes(6) + NEAR_MAC.to_bytes(6)
    assert error[26:34] == GATEWAY.to_bytes(4) + OWN_ADDRESS.to_bytes(4)
    assert tuple(error[34:36]) == (kind, code)
    assert error[42 + 16 : 42 + 20] == address.to_bytes(4)


NARROW = 1300
DONT_FRAGMENT, MORE_FRAGMENTS = 0x4000, 0x2000


def sized(size: int, fragment: int = 0, address: int = AHEAD_ADDRESS) -> bytes:
    """The frame of a packet of so many bytes."""
    return ethernet(NEAR_MAC, MACS[OWN], 0x0800, ipv4(OWN_ADDRESS, address, 254, bytes(size - 20), fragment))


@pytest.fixture
async def narrow_host(host: RoutingHost) -> RoutingHost:
    """One whose router goes on in VPCs that have room for less."""
    interfaces = (ROUTER.interfaces[0], *(msgspec.structs.replace(each, mtu=NARROW) for each in ROUTER.interfaces[1:]))
    await host.change(routers={ROUTER_ID: Router(ROUTER_ID, interfaces)})
    return host


async def test_who_sends_too_much_at_once_is_told_how_much_there_may_be(narrow_host: RoutingHost) -> None:
    narrow_host.core.driver.inject(port_id(OWN), sized(NARROW + 1, DONT_FRAGMENT))
    await narrow_host.core.reconciler.step()
    (error,) = await narrow_host.received()
    assert error[26:34] == GATEWAY.to_bytes(4) + OWN_ADDRESS.to_bytes(4)
    assert (*error[34:36], int.from_bytes(error[38:42])) == (3, 4, NARROW)
    assert narrow_host.next_hops() == {}


@pytest.mark.parametrize("size", [NARROW, NARROW + 1, 3000])
async def test_what_may_be_taken_to_pieces_arrives_in_pieces(narrow_host: RoutingHost, size: int) -> None:
    await narrow_host.send(LOCAL_ADDRESS)
    await narrow_host.received()
    narrow_host.core.driver.inject(port_id(OWN), sized(size, address=LOCAL_ADDRESS))
    await narrow_host.core.reconciler.step()
    arrived = list(narrow_host.core.driver.received(port_id(LOCAL)))
    assert all(len(frame) - 14 <= NARROW and frame[22] == 63 for frame in arrived)
    assert sum(len(frame) - 34 for frame in arrived) == size - 20
    assert len(arrived) == -(-(size - 20) // 1280)
    assert await narrow_host.received() == [], "nobody is told"


async def test_pieces_wait_for_a_next_hop_that_must_be_found(narrow_host: RoutingHost) -> None:
    narrow_host.core.driver.inject(port_id(OWN), sized(2000, address=FAR_ADDRESS))
    await narrow_host.manager.answer()
    assert narrow_host.next_hops() == {FAR_VNI: {FAR_ADDRESS: NextHop(MACS[4], FAR_VTEP)}}
    assert narrow_host.counter("held_packets_sent") == 2


async def test_pieces_that_are_too_big_further_on_are_taken_to_pieces_again(narrow_host: RoutingHost) -> None:
    narrower = [msgspec.structs.replace(each, mtu=600) for each in SECOND.interfaces]
    first = (narrow_host.core.wanted.state.routers[ROUTER_ID].interfaces, (("10.7.0.0/24", "10.0.1.253"),))
    narrow_host.manager.addresses[0x0A070004] = MACS[4]
    await narrow_host.change(
        routers={ROUTER_ID: Router(ROUTER_ID, *first), SECOND_ID: Router(SECOND_ID, tuple(narrower))}
    )
    narrow_host.core.driver.inject(port_id(OWN), sized(1400, address=0x0A070004))
    await narrow_host.manager.answer()
    assert narrow_host.counter("packets_taken_to_pieces") == 2
    assert narrow_host.counter("held_packets_sent") == 4


async def test_each_piece_counts_towards_the_workloads_rate(narrow_host: RoutingHost) -> None:
    await narrow_host.send(LOCAL_ADDRESS)
    for _ in range(60):
        narrow_host.core.driver.inject(port_id(OWN), sized(2000, address=LOCAL_ADDRESS))
        await narrow_host.core.reconciler.step()
    assert narrow_host.counter("packets_taken_to_pieces") == 49
    assert narrow_host.counter("held_packets_sent") == 1 + 2 * 49


async def test_what_trails_a_packet_is_no_part_of_it(narrow_host: RoutingHost) -> None:
    """A data plane that counts it takes the packet for too big, whatever the agent thinks."""
    sent = sized(NARROW, address=LOCAL_ADDRESS)
    narrow_host.core.reconciler.packet_for_router(port_id(OWN), sent + bytes(100))
    await narrow_host.core.reconciler.step()
    (arrived,) = narrow_host.core.driver.received(port_id(LOCAL))
    assert len(arrived) == len(sent)


async def test_that_nobody_has_an_address_elsewhere_is_said_when_it_is_known(host: RoutingHost) -> None:
    await host.send(0x0A0900C8)
    assert await host.received() == []
    await host.manager.answer()
    (error,) = await host.received()
    assert tuple(error[34:36]) == (3, 1)


@pytest.mark.parametrize("ttl", [1, 64])
async def test_nobody_listens_at_a_gateways_addresses(host: RoutingHost, ttl: int) -> None:
    for address in (GATEWAY, 0x0A0900FE):
        await host.send(address, ttl)
        (error,) = await host.received()
        assert error[26:34] == address.to_bytes(4) + OWN_ADDRESS.to_bytes(4)
        assert tuple(error[34:36]) == (3, 3)


async def test_what_workloads_send_to_gateways_is_answered_within_their_rate(host: RoutingHost) -> None:
    for _ in range(200):
        await host.send(GATEWAY)
    assert 0 < len(await host.received()) <= 100
    assert host.counter("punted_over_port_rate") >= 100


async def test_an_error_is_not_answered_with_an_error(host: RoutingHost) -> None:
    sent = udp_frame(NEAR_MAC, MACS[OWN], OWN_ADDRESS, 0x08080808, b"data")
    sent = with_ttl(sent[:23] + b"\x01" + sent[24:34] + b"\x03\x01" + sent[36:], 64)
    host.core.routing.packet(port_id(OWN), sent)
    assert await host.received() == []
    assert host.counter("packets_not_routed") == 1


async def test_next_hops_follow_their_peers(host: RoutingHost) -> None:
    await host.send(AHEAD_ADDRESS)
    moved = NeighbourDelta(put=VpcNeighbours({MACS[3]: 1}))
    await host.change(neighbours={NEAR_VNI: moved}, vteps={1: VTEPS[1]})
    assert host.next_hops() == {NEAR_VNI: {AHEAD_ADDRESS: NextHop(MACS[3], VTEPS[1])}}
    await host.change(neighbours={NEAR_VNI: NeighbourDelta(put=VpcNeighbours({MACS[5]: 1}, {AHEAD_ADDRESS: MACS[5]}))})
    assert host.next_hops() == {NEAR_VNI: {AHEAD_ADDRESS: NextHop(MACS[5], VTEPS[1])}}
    await host.change(neighbours={NEAR_VNI: NeighbourDelta(removed_ipv4={AHEAD_ADDRESS})})
    assert host.next_hops() == {}


async def test_next_hops_follow_what_was_learned(host: RoutingHost) -> None:
    await host.send(FAR_ADDRESS)
    await host.manager.answer()
    gone = NeighbourDelta(removed_ipv4={FAR_ADDRESS})
    await host.manager.tell(GoalStateDelta(neighbours={FAR_VNI: gone}))
    assert host.next_hops() == {}


async def test_a_router_that_goes_takes_its_next_hops_along(host: RoutingHost) -> None:
    await host.send(FAR_ADDRESS)
    await host.manager.answer()
    await host.send(AHEAD_ADDRESS)
    less = Router(ROUTER_ID, ROUTER.interfaces[:2])
    await host.change(routers={ROUTER_ID: less})
    assert host.next_hops().keys() == {NEAR_VNI}
    assert len(host.core.switch.routers[ROUTER_ID].interfaces) == 2
    assert host.core.on_demand.learned.count() == 0
    await host.change(removed_routers={ROUTER_ID})
    assert host.next_hops() == {}
    assert host.core.switch.routers == {}


async def test_what_nobody_uses_is_forgotten(host: RoutingHost) -> None:
    await host.send(FAR_ADDRESS)
    await host.manager.answer()
    host.core.driver.let_idle()
    assert host.next_hops()[FAR_VNI], "it was used a moment ago"
    host.core.driver.let_idle()
    assert not host.next_hops().get(FAR_VNI)
    assert host.core.on_demand.learned.count() == 0
    await host.send(FAR_ADDRESS)
    await host.manager.answer()
    assert host.next_hops()[FAR_VNI]


BEYOND = 0xC0000201  # 192.0.2.1
SECOND_ID = b"second".ljust(16, b".")
SECOND = Router(
    SECOND_ID,
    (
        RouterInterface(b"4" * 16, NEAR_VNI, 0xFA163EFF0004, (("10.0.1.0/24", "10.0.1.253"),)),
        interface(5, FAR_VNI, 0xFA163EFF0005, "10.7.0"),
    ),
)


def with_routes(*routes: tuple[str, str], by: int | None = None) -> Router:
    """The router with routes, for all or for what comes by one of its interfaces."""
    if by is None:
        return msgspec.structs.replace(ROUTER, routes=routes)
    interfaces = list(ROUTER.interfaces)
    interfaces[by] = msgspec.structs.replace(interfaces[by], routes=routes)
    return Router(ROUTER_ID, tuple(interfaces))


@pytest.mark.parametrize("by", [None, 0])
async def test_the_next_hop_of_a_route_is_found_by_its_own_address(host: RoutingHost, by: int | None) -> None:
    await host.change(routers={ROUTER_ID: with_routes(("192.0.2.0/24", "10.0.1.3"), by=by)})
    await host.send(BEYOND)
    assert host.next_hops() == {NEAR_VNI: {AHEAD_ADDRESS: NextHop(MACS[3], AHEAD_VTEP)}}
    assert host.counter("held_packets_sent") == 1


async def test_the_next_hop_of_a_route_is_asked_for_in_a_vpc_without_ports_here(host: RoutingHost) -> None:
    await host.change(routers={ROUTER_ID: with_routes(("192.0.2.0/24", "10.9.0.4"))})
    await host.send(BEYOND)
    await host.manager.answer()
    assert host.next_hops() == {FAR_VNI: {FAR_ADDRESS: NextHop(MACS[4], FAR_VTEP)}}
    assert host.counter("held_packets_sent") == 1


@pytest.mark.parametrize(
    ("routes", "code"),
    [
        ((("192.0.2.0/24", ""), ("0.0.0.0/0", "10.0.1.3")), 0),
        ((("192.0.2.0/24", "198.51.100.1"), ("0.0.0.0/0", "10.0.1.3")), 0),
        ((("192.0.2.0/24", "10.0.1.200"), ("0.0.0.0/0", "10.0.1.3")), 1),
        ((("2001:db8::/32", "10.0.1.3"),), 0),
    ],
    ids=["nowhere", "in no subnet", "nobody", "of IPv6"],
)
async def test_a_route_that_leads_nowhere_is_said(
    host: RoutingHost, routes: tuple[tuple[str, str], ...], code: int
) -> None:
    await host.change(routers={ROUTER_ID: with_routes(*routes)})
    await host.send(BEYOND)
    (error,) = await host.received()
    assert error[26:30] == GATEWAY.to_bytes(4)
    assert tuple(error[34:36]) == (3, code)


async def test_of_routes_to_the_same_destination_the_first_that_leads_somewhere_is_taken(host: RoutingHost) -> None:
    same = ("192.0.2.0/24", ""), ("192.0.2.9/24", "10.0.1.3"), ("192.0.2.0/24", "10.0.1.2")
    await host.change(routers={ROUTER_ID: with_routes(*same)})
    await host.send(BEYOND)
    assert host.next_hops() == {NEAR_VNI: {AHEAD_ADDRESS: NextHop(MACS[3], AHEAD_VTEP)}}
    assert len(host.core.switch.routers[ROUTER_ID].routes) == 1
    await host.change(routers={ROUTER_ID: with_routes(same[2])})
    await host.send(BEYOND)
    assert LOCAL_ADDRESS in host.next_hops()[NEAR_VNI]


async def test_a_packet_goes_on_through_the_next_hops_router(host: RoutingHost) -> None:
    host.manager.addresses[0x0A070004] = MACS[4]
    routed = with_routes(("10.7.0.0/24", "10.0.1.253"))
    await host.change(routers={ROUTER_ID: routed, SECOND_ID: SECOND})
    await host.send(0x0A070004)
    await host.manager.answer()
    assert host.next_hops() == {FAR_VNI: {0x0A070004: NextHop(MACS[4], FAR_VTEP)}}
    assert host.counter("held_packets_sent") == 1


@pytest.mark.parametrize(
    ("address", "ttl", "kind", "code"),
    [(0x0A070004, 2, 11, 0), (0x08080808, 64, 3, 0)],
    ids=["expired", "no route"],
)
async def test_a_router_on_the_way_says_so_from_where_the_packet_came_to_it(
    host: RoutingHost, address: int, ttl: int, kind: int, code: int
) -> None:
    routed = with_routes(("0.0.0.0/0", "10.0.1.253"))
    await host.change(routers={ROUTER_ID: routed, SECOND_ID: SECOND})
    await host.send(address, ttl)
    (error,) = await host.received()
    assert error[:12] == MACS[OWN].to_bytes(6) + NEAR_MAC.to_bytes(6)
    assert error[26:30] == (0x0A0001FD).to_bytes(4)
    assert tuple(error[34:36]) == (kind, code)


@pytest.mark.parametrize(("ttl", "by"), [(64, "10.0.1.253"), (63, "10.0.1.254"), (255, "10.0.1.254")])
async def test_a_loop_ends_with_the_time_to_live(host: RoutingHost, ttl: int, by: str) -> None:
    """Packets come to the first router by another interface once the second has sent them back."""
    routed, back = with_routes(("0.0.0.0/0", "10.0.1.253")), (("0.0.0.0/0", "10.0.1.254"),)
    second = msgspec.structs.replace(SECOND, routes=back)
    await host.change(routers={ROUTER_ID: routed, SECOND_ID: second})
    await host.send(BEYOND, ttl)
    (error,) = await host.received()
    assert tuple(error[34:36]) == (11, 0)
    assert error[26:30] == ip_bytes(by)


async def test_gateways_have_their_macs(host: RoutingHost) -> None:
    host.core.driver.inject(port_id(OWN), arp_request(MACS[OWN], OWN_ADDRESS, GATEWAY))
    (answer,) = await host.received()
    assert answer[22:32] == NEAR_MAC.to_bytes(6) + GATEWAY.to_bytes(4)


async def test_a_gateway_with_another_mac_is_announced_to_its_subnet(host: RoutingHost) -> None:
    other = msgspec.structs.replace(ROUTER.interfaces[0], mac=0xFA163EFF0009)
    await host.change(routers={ROUTER_ID: Router(ROUTER_ID, (other, *ROUTER.interfaces[1:]))})
    await reply(host.core)
    assert host.core.driver.received(port_id(LOCAL)) == []
    (announced,) = await host.received()
    assert announced[:6] == b"\xff" * 6
    assert announced[22:32] == other.mac.to_bytes(6) + GATEWAY.to_bytes(4)


async def test_a_new_agent_has_the_data_plane_keep_what_is_used(host: RoutingHost, tmp_path: Path) -> None:
    await host.send(AHEAD_ADDRESS)
    before = {vni: dict(hops) for vni, hops in host.next_hops().items()}
    data = host.core.routing.next_hops.dump()
    second = Core(tmp_path, host.core.switch)
    second.routing.next_hops.restore(data)
    await second.reconciler.step()
    assert second.switch.next_hops == before
    assert second.driver.operations["next_hop"] == 0


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x81\x01\x02", b"\x80\x80"])
async def test_a_damaged_file_of_next_hops_is_refused(host: RoutingHost, data: bytes) -> None:
    with pytest.raises(ValueError):
        host.core.routing.next_hops.restore(data)


async def test_frames_that_are_cut_short_do_no_harm(host: RoutingHost) -> None:
    whole = udp_frame(NEAR_MAC, MACS[OWN], OWN_ADDRESS, FAR_ADDRESS, b"data")
    for length in range(len(whole)):
        host.core.reconciler.packet_for_router(port_id(OWN), whole[:length])
    await host.core.reconciler.step()
    assert host.next_hops() == {}
