"""What every data plane driver promises of routing, checked with frames; goes together with the suite."""

import itertools
import struct

import msgspec
import pytest

from alcor.dataplane.driver import (
    Change,
    Endpoint,
    NextHop,
    NextHopDelta,
    RemoteDelta,
    Router,
    RouterInterface,
    State,
)
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import OPENED, OTHER_VNI, VNI, Cloud, endpoint, has_received, on_two_hosts
from tests.conformance.driver.harness import Fabric, Host

ROUTER_ID = b"router".ljust(16, b".")
MASK = 0xFFFFFF00
_serial = itertools.count(1)


def _placed(number: int, vni: int, ipv4: int) -> Endpoint:
    return msgspec.structs.replace(endpoint(number, vni), ipv4=(ipv4,))


A = _placed(11, VNI, 0x0A000001)
SAME_VPC_HERE, SAME_VPC_THERE = _placed(12, VNI, 0x0A000102), _placed(13, VNI, 0x0A000103)
OTHER_VPC_HERE, OTHER_VPC_THERE = _placed(14, OTHER_VNI, 0x0A090004), _placed(15, OTHER_VNI, 0x0A090005)
HERE, THERE = (A, SAME_VPC_HERE, OTHER_VPC_HERE), (SAME_VPC_THERE, OTHER_VPC_THERE)
TARGETS = (SAME_VPC_HERE, SAME_VPC_THERE, OTHER_VPC_HERE, OTHER_VPC_THERE)


def _interface(number: int, vni: int, network: int) -> RouterInterface:
    return RouterInterface(vni, 0xFA163EFF0000 + number, network + 254, network, MASK)


NEAR, SAME, OTHER = (
    _interface(1, VNI, 0x0A000000),
    _interface(2, VNI, 0x0A000100),
    _interface(3, OTHER_VNI, 0x0A090000),
)
ROUTER = Router(ROUTER_ID, (NEAR, SAME, OTHER))


def way(target: Endpoint) -> RouterInterface:
    """The interface by which a packet to a port leaves the router."""
    return next(each for each in ROUTER.interfaces if target.ipv4[0] & MASK == each.network)


def routing_state(cloud: Cloud) -> State:
    """What the first host should do that knows all targets."""
    there = cloud.second.vtep
    wanted = State(
        security_groups=OPENED,
        endpoints={port.port_id: port for port in HERE},
        vteps={there},
        routers={ROUTER_ID: ROUTER},
    )
    for target in TARGETS:
        hop = NextHop(target.mac, there if target in THERE else 0)
        wanted.next_hops.setdefault(target.vni, {})[target.ipv4[0]] = hop
    return wanted


def to_router(target_ipv4: int, ttl: int = 64, source: Endpoint = A) -> bytes:
    """A datagram from a port by way of its gateway, unlike any other."""
    sent = packets.udp_frame(NEAR.mac, source.mac, source.ipv4[0], target_ipv4, b"%08d" % next(_serial))
    return with_ttl(sent, ttl)


def with_ttl(frame: bytes, ttl: int) -> bytes:
    header = frame[14:22] + bytes((ttl, frame[23], 0, 0)) + frame[26:34]
    return frame[:14] + header[:10] + struct.pack("!H", packets.checksum(header)) + header[12:] + frame[34:]


def sized(target_ipv4: int, size: int, fragment: int = 0) -> bytes:
    """A packet of so many bytes by way of the gateway, unlike any other."""
    body = b"%020d" % next(_serial) + bytes(size - 40)
    return packets.ethernet(NEAR.mac, A.mac, 0x0800, packets.ipv4(A.ipv4[0], target_ipv4, 254, body, fragment))


def narrowed(by: RouterInterface, mtu: int) -> tuple[RouterInterface, ...]:
    """The router's interfaces, of which one is in a VPC that has room for less."""
    return tuple(msgspec.structs.replace(each, mtu=mtu) if each == by else each for each in ROUTER.interfaces)


def as_routed(frame: bytes, target: Endpoint) -> bytes:
    """What should arrive."""
    return with_ttl(target.mac.to_bytes(6, "big") + way(target).mac.to_bytes(6, "big") + frame[12:], frame[22] - 1)


def echo_request(ipv4: int) -> bytes:
    body = struct.pack("!BBHHH", 8, 0, 0, 77, next(_serial)) + b"0123456789abcdef"
    body = body[:2] + struct.pack("!H", packets.checksum(body)) + body[4:]
    return packets.ethernet(NEAR.mac, A.mac, 0x0800, packets.ipv4(A.ipv4[0], ipv4, 1, body))


def went_to_agent(host: Host, sent: bytes) -> bool:
    return (A.port_id, sent) in host.events.for_routers


@pytest.fixture
async def routed(fabric: Fabric) -> Cloud:
    """Hosts with the ports, of which the first routes."""
    return await on_two_hosts(fabric, HERE, THERE, routing_state)


async def arrives(cloud: Cloud, target: Endpoint) -> bool:
    """Does a packet from A arrive at a target, routed as it should be?"""
    sent = to_router(target.ipv4[0])
    await cloud.first.inject(A.port_id, sent)
    await cloud.fabric.settle()
    host = cloud.second if target in THERE else cloud.first
    return has_received(host, target, as_routed(sent, target))


async def reached(cloud: Cloud) -> list[Endpoint]:
    return [target for target in TARGETS if await arrives(cloud, target)]


async def test_a_packet_is_routed_to_other_subnets_and_vpcs_here_and_elsewhere(routed: Cloud) -> None:
    assert await reached(routed) == list(TARGETS)
    assert routed.first.events.for_routers == []


async def test_a_packet_without_a_next_hop_goes_to_the_agent_as_it_was_sent(routed: Cloud) -> None:
    for target in TARGETS:
        address = target.ipv4[0]
        hop = routing_state(routed).next_hops[target.vni][address]
        assert await routed.first.driver.apply(Change(next_hops={target.vni: NextHopDelta(removed={address})})) == {}
        sent = to_router(address)
        await routed.first.inject(A.port_id, sent)
        await routed.fabric.settle()
        assert went_to_agent(routed.first, sent)
        host = routed.second if target in THERE else routed.first
        assert not has_received(host, target, as_routed(sent, target))
        assert await routed.first.driver.apply(Change(next_hops={target.vni: NextHopDelta({address: hop})})) == {}
        await routed.first.driver.forward(A.port_id, sent)
        await routed.fabric.settle()
        assert has_received(host, target, as_routed(sent, target))


async def test_a_packet_whose_time_to_live_ends_goes_to_the_agent_only(routed: Cloud) -> None:
    target = SAME_VPC_THERE
    last, over = to_router(target.ipv4[0], ttl=1), to_router(target.ipv4[0], ttl=0)
    for sent in (last, over):
        await routed.first.inject(A.port_id, sent)
    await routed.fabric.settle()
    assert went_to_agent(routed.first, last)
    assert not went_to_agent(routed.first, over)
    assert not any(frame[42:] in (last[42:50], over[42:50]) for frame in routed.second.received(target.port_id))


async def test_a_packet_to_a_subnet_the_router_is_not_in_goes_to_the_agent(routed: Cloud) -> None:
    sent = to_router(0x08080808)
    await routed.first.inject(A.port_id, sent)
    await routed.fabric.settle()
    assert went_to_agent(routed.first, sent)


@pytest.mark.parametrize("interface", ROUTER.interfaces, ids=("near", "same_vpc", "other_vpc"))
async def test_every_address_of_the_router_answers_ping(routed: Cloud, interface: RouterInterface) -> None:
    sent = echo_request(interface.address)
    await routed.first.inject(A.port_id, sent)
    await routed.fabric.settle()
    body = b"\0" + sent[35:36] + b"\0\0" + sent[38:]
    body = body[:2] + struct.pack("!H", packets.checksum(body)) + body[4:]
    reply = packets.ethernet(A.mac, NEAR.mac, 0x0800, packets.ipv4(interface.address, A.ipv4[0], 1, body))
    assert has_received(routed.first, A, reply)
    assert not went_to_agent(routed.first, sent)


@pytest.mark.parametrize("interface", ROUTER.interfaces, ids=("near", "same_vpc", "other_vpc"))
async def test_all_else_for_an_address_of_the_router_goes_to_the_agent(
    routed: Cloud, interface: RouterInterface
) -> None:
    for ttl in (1, 64):
        sent = to_router(interface.address, ttl)
        await routed.first.inject(A.port_id, sent)
        await routed.fabric.settle()
        assert went_to_agent(routed.first, sent)


async def test_a_ping_in_fragments_is_answered_fragment_by_fragment(routed: Cloud) -> None:
    """Of a port without port security: of others, connection tracking in userspace keeps what begins a packet."""
    unguarded = msgspec.structs.replace(A, port_security=False)
    assert await routed.first.driver.apply(Change(endpoints={A.port_id: unguarded})) == {}
    body = struct.pack("!BBHHH", 8, 0, 0, 77, next(_serial)) + bytes(range(256)) * 6
    body = body[:2] + struct.pack("!H", packets.checksum(body)) + body[4:]
    answer = b"\0" + body[1:2] + b"\0\0" + body[4:]
    answer = answer[:2] + struct.pack("!H", packets.checksum(answer)) + answer[4:]
    replies = []
    for start, end, more in ((0, 1280, 0x2000), (1280, 1544, 0)):
        sent = packets.ipv4(A.ipv4[0], SAME.address, 1, body[start:end], fragment=more | start // 8)
        reply = packets.ipv4(SAME.address, A.ipv4[0], 1, answer[start:end], fragment=more | start // 8)
        await routed.first.inject(A.port_id, packets.ethernet(NEAR.mac, A.mac, 0x0800, sent))
        replies.append(packets.ethernet(A.mac, NEAR.mac, 0x0800, reply))
    await routed.fabric.settle()
    assert all(has_received(routed.first, A, reply) for reply in replies)


@pytest.mark.parametrize("fragment", [0, 0x4000], ids=["may be taken to pieces", "must not"])
@pytest.mark.parametrize("target", [SAME_VPC_THERE, OTHER_VPC_HERE], ids=["elsewhere", "here"])
async def test_a_packet_too_big_for_where_it_would_go_on_goes_to_the_agent(
    routed: Cloud, target: Endpoint, fragment: int
) -> None:
    router = Router(ROUTER_ID, narrowed(way(target), 1300))
    assert await routed.first.driver.apply(Change(routers={ROUTER_ID: router})) == {}
    for size, fits in ((1300, True), (1301, False)):
        sent = sized(target.ipv4[0], size, fragment)
        await routed.first.inject(A.port_id, sent)
        await routed.fabric.settle()
        host = routed.second if target in THERE else routed.first
        assert has_received(host, target, as_routed(sent, target)) == fits
        assert went_to_agent(routed.first, sent) != fits


@pytest.mark.parametrize(
    "target", TARGETS, ids=("same_vpc_here", "same_vpc_there", "other_vpc_here", "other_vpc_there")
)
async def test_pieces_that_the_agent_gives_back_arrive(routed: Cloud, target: Endpoint) -> None:
    datagram = packets.udp_payload(4000, 4001, b"%020d" % next(_serial) + bytes(1500))
    pieces = [
        packets.ethernet(NEAR.mac, A.mac, 0x0800, packets.ipv4(A.ipv4[0], target.ipv4[0], 17, data, fragment))
        for data, fragment in ((datagram[:1280], 0x2000), (datagram[1280:], 1280 // 8))
    ]
    for piece in pieces:
        await routed.first.driver.forward(A.port_id, piece)
    await routed.fabric.settle()
    host = routed.second if target in THERE else routed.first
    assert [has_received(host, target, as_routed(piece, target)) for piece in pieces] == [True, True]


async def test_a_router_that_is_removed_routes_and_answers_no_more(routed: Cloud) -> None:
    assert await routed.first.driver.apply(Change(removed_routers={ROUTER_ID})) == {}
    assert await reached(routed) == []
    sent = echo_request(NEAR.address)
    await routed.first.inject(A.port_id, sent)
    await routed.fabric.settle()
    assert not any(frame[34:35] == b"\0" for frame in routed.first.received(A.port_id))


async def test_an_interface_that_is_removed_ends_what_went_by_it_at_once(routed: Cloud) -> None:
    assert await reached(routed) == list(TARGETS)
    less = Router(ROUTER_ID, (NEAR, SAME))
    assert await routed.first.driver.apply(Change(routers={ROUTER_ID: less})) == {}
    assert await reached(routed) == [SAME_VPC_HERE, SAME_VPC_THERE]
    assert await routed.first.driver.apply(Change(routers={ROUTER_ID: ROUTER})) == {}
    assert await reached(routed) == list(TARGETS)


async def test_a_next_hop_moves_between_hosts(routed: Cloud) -> None:
    target = SAME_VPC_HERE
    address = target.ipv4[0]
    await routed.attach(routed.second, target)
    await routed.second.driver.apply(Change(endpoints={target.port_id: target}))
    moved = NextHopDelta({address: NextHop(target.mac, routed.second.vtep)}, {address})
    change = Change(next_hops={VNI: moved}, removed_endpoints={target.port_id})
    assert await routed.first.driver.apply(change) == {}
    sent = to_router(address)
    await routed.first.inject(A.port_id, sent)
    await routed.fabric.settle()
    assert has_received(routed.second, target, as_routed(sent, target))
    back = NextHopDelta({address: NextHop(target.mac)}, {address})
    change = Change(next_hops={VNI: back}, endpoints={target.port_id: target})
    assert await routed.first.driver.apply(change) == {}
    assert await arrives(routed, target)


async def test_the_routers_mac_is_nobodys_in_a_vpc_it_is_not_in(routed: Cloud) -> None:
    stranger = OTHER_VPC_HERE
    sent = to_router(SAME_VPC_HERE.ipv4[0], source=stranger)
    await routed.first.inject(stranger.port_id, sent)
    await routed.fabric.settle()
    assert not has_received(routed.first, SAME_VPC_HERE, as_routed(sent, SAME_VPC_HERE))
    assert routed.first.events.for_routers == []


async def test_nobody_is_routed_as_somebody_else(routed: Cloud) -> None:
    spoofed = packets.udp_frame(NEAR.mac, A.mac, A.ipv4[0] + 1, SAME_VPC_HERE.ipv4[0], b"spoofed")
    await routed.first.inject(A.port_id, spoofed)
    await routed.fabric.settle()
    assert not has_received(routed.first, SAME_VPC_HERE, as_routed(spoofed, SAME_VPC_HERE))


async def test_what_arrives_from_another_host_is_not_routed(routed: Cloud) -> None:
    """It would cross a second tunnel."""
    sender = _placed(16, VNI, 0x0A000006)
    await routed.attach(routed.second, sender)
    await routed.second.driver.apply(
        Change(
            endpoints={sender.port_id: sender},
            remotes={VNI: RemoteDelta(put={NEAR.mac: routed.first.vtep})},
            vteps={routed.first.vtep},
        )
    )
    sent = to_router(SAME_VPC_HERE.ipv4[0], source=sender)
    await routed.second.inject(sender.port_id, sent)
    await routed.fabric.settle()
    assert not has_received(routed.first, SAME_VPC_HERE, as_routed(sent, SAME_VPC_HERE))


async def test_replacing_routers_by_the_same_changes_nothing(routed: Cloud) -> None:
    assert await routed.first.driver.replace(routing_state(routed)) == {}
    assert routed.first.driver.replaced() == 0
    assert await reached(routed) == list(TARGETS)


async def test_routing_goes_on_while_no_driver_runs_and_what_is_stale_goes(routed: Cloud) -> None:
    await routed.first.restart_driver()
    assert await reached(routed) == list(TARGETS)
    wanted = routing_state(routed)
    wanted.routers[ROUTER_ID] = Router(ROUTER_ID, (NEAR, SAME))
    del wanted.next_hops[VNI][SAME_VPC_THERE.ipv4[0]]
    assert await routed.first.driver.replace(wanted) == {}
    assert await reached(routed) == [SAME_VPC_HERE]
    assert await routed.first.driver.replace(State(security_groups=OPENED, endpoints=wanted.endpoints)) == {}
    assert await reached(routed) == []


async def test_a_next_hop_that_nobody_uses_goes_by_itself_and_is_named(routed: Cloud) -> None:
    first = routed.first
    await first.hasten_idleness()
    assert await first.driver.replace(routing_state(routed)) == {}
    for target in TARGETS:
        await first.until_next_hop_idle(target.vni, target.ipv4[0])
    assert len(first.events.idle_next_hops) == len(TARGETS)
    sent = to_router(SAME_VPC_HERE.ipv4[0])
    await first.inject(A.port_id, sent)
    await routed.fabric.settle()
    assert went_to_agent(first, sent)


async def test_describe_names_routers(routed: Cloud) -> None:
    text = "\n".join(await routed.first.driver.describe())
    assert "10.0.1.254" in text
