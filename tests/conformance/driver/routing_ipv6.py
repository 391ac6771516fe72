"""What every data plane driver promises of routing IPv6, checked with frames; goes together with the suite."""

import itertools

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint, NextHop, NextHopDelta, Route, Router, RouterInterface, State
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import OPENED, OTHER_VNI, VNI, Cloud, endpoint, has_received, on_two_hosts
from tests.conformance.driver.harness import Fabric, Host

ROUTER_ID = b"router6".ljust(16, b".")
MASK = ((1 << 64) - 1) << 64
UDP, ICMPV6, NO_NEXT = 17, 58, 59
_serial = itertools.count(1)


def _network(number: int) -> int:
    return 0x20010DB8 << 96 | number << 64


def _address(network: int, number: int) -> bytes:
    return (network + number).to_bytes(16)


def _placed(number: int, vni: int, network: int) -> Endpoint:
    return msgspec.structs.replace(endpoint(number, vni), ipv6=(_address(network, number),))


NEAR_NETWORK, SAME_NETWORK, OTHER_NETWORK, BEYOND = map(_network, (0, 1, 9, 99))
A = _placed(21, VNI, NEAR_NETWORK)
SAME_VPC_HERE, SAME_VPC_THERE = _placed(22, VNI, SAME_NETWORK), _placed(23, VNI, SAME_NETWORK)
OTHER_VPC_HERE, OTHER_VPC_THERE = _placed(24, OTHER_VNI, OTHER_NETWORK), _placed(25, OTHER_VNI, OTHER_NETWORK)
HERE, THERE = (A, SAME_VPC_HERE, OTHER_VPC_HERE), (SAME_VPC_THERE, OTHER_VPC_THERE)
TARGETS = (SAME_VPC_HERE, SAME_VPC_THERE, OTHER_VPC_HERE, OTHER_VPC_THERE)


def _interface(number: int, vni: int, network: int) -> RouterInterface:
    return RouterInterface(vni, 0xFA163EFF0060 + number, _address(network, 0xFFFE), network, MASK)


NEAR, SAME, OTHER = (
    _interface(1, VNI, NEAR_NETWORK),
    _interface(2, VNI, SAME_NETWORK),
    _interface(3, OTHER_VNI, OTHER_NETWORK),
)
NEAR_IPV4 = RouterInterface(VNI, NEAR.mac, 0x0A0000FE, 0x0A000000, 0xFFFFFF00)
ROUTER = Router(ROUTER_ID, (NEAR, SAME, OTHER))


def routing_state(cloud: Cloud, router: Router = ROUTER) -> State:
    there = cloud.second.vtep
    wanted = State(
        security_groups=OPENED,
        endpoints={port.port_id: port for port in HERE},
        vteps={there},
        routers={ROUTER_ID: router},
    )
    for target in TARGETS:
        hop = NextHop(target.mac, there if target in THERE else 0)
        wanted.next_hops.setdefault(target.vni, {})[target.ipv6[0]] = hop
    return wanted


def way(target: Endpoint) -> RouterInterface:
    return next(each for each in ROUTER.interfaces if each.covers(target.ipv6[0]))


def to_router(target: bytes, hop_limit: int = 64, source: bytes = A.ipv6[0]) -> bytes:
    """A packet by way of the gateway, unlike any other."""
    body = b"%020d" % next(_serial)
    return packets.ethernet(NEAR.mac, A.mac, 0x86DD, packets.ipv6(source, target, NO_NEXT, body, hop_limit))


def as_routed(frame: bytes, mac: int, by: RouterInterface) -> bytes:
    return mac.to_bytes(6) + by.mac.to_bytes(6) + frame[12:21] + bytes((frame[21] - 1,)) + frame[22:]


def echo(kind: int, source: bytes, target: bytes, macs: tuple[int, int], hop_limit: int = 64) -> bytes:
    body = b"\0\7\0\1" + bytes(range(40))
    return packets.ethernet(macs[1], macs[0], 0x86DD, packets.icmpv6(source, target, kind, body, 0, hop_limit))


def went_to_agent(host: Host, sent: bytes) -> bool:
    return (A.port_id, sent) in host.events.for_routers


@pytest.fixture
async def routed_ipv6(fabric: Fabric) -> Cloud:
    """Hosts with the ports, of which the first routes."""
    return await on_two_hosts(fabric, HERE, THERE, routing_state)


async def arrives(cloud: Cloud, target: Endpoint) -> bool:
    sent = to_router(target.ipv6[0])
    await cloud.first.inject(A.port_id, sent)
    await cloud.fabric.settle()
    host = cloud.second if target in THERE else cloud.first
    return has_received(host, target, as_routed(sent, target.mac, way(target)))


async def reached(cloud: Cloud) -> list[Endpoint]:
    return [target for target in TARGETS if await arrives(cloud, target)]


async def test_ipv6_is_routed_to_other_subnets_and_vpcs_here_and_elsewhere(routed_ipv6: Cloud) -> None:
    assert await reached(routed_ipv6) == list(TARGETS)
    assert routed_ipv6.first.events.for_routers == []


async def test_ipv6_without_a_next_hop_goes_to_the_agent_as_it_was_sent(routed_ipv6: Cloud) -> None:
    first = routed_ipv6.first
    for target in (SAME_VPC_HERE, OTHER_VPC_THERE):
        address = target.ipv6[0]
        hop = routing_state(routed_ipv6).next_hops[target.vni][address]
        assert await first.driver.apply(Change(next_hops={target.vni: NextHopDelta(removed={address})})) == {}
        sent = to_router(address)
        await first.inject(A.port_id, sent)
        await routed_ipv6.fabric.settle()
        assert went_to_agent(first, sent)
        assert await first.driver.apply(Change(next_hops={target.vni: NextHopDelta({address: hop})})) == {}
        await first.driver.forward(A.port_id, sent)
        await routed_ipv6.fabric.settle()
        host = routed_ipv6.second if target in THERE else first
        assert has_received(host, target, as_routed(sent, target.mac, way(target)))


@pytest.mark.parametrize(
    ("target", "hop_limit", "source", "is_told"),
    [
        (SAME_VPC_HERE.ipv6[0], 1, A.ipv6[0], True),
        (SAME_VPC_HERE.ipv6[0], 0, A.ipv6[0], False),
        (_address(BEYOND, 1), 64, A.ipv6[0], True),
        (SAME_VPC_HERE.ipv6[0], 64, packets.link_local(A.mac), True),
        (packets.link_local(SAME_VPC_HERE.mac), 64, A.ipv6[0], True),
    ],
    ids=["the last hop", "beyond it", "to nowhere", "from a link-local address", "to a link-local address"],
)
async def test_ipv6_that_is_not_routed_goes_to_the_agent(
    routed_ipv6: Cloud, target: bytes, hop_limit: int, source: bytes, is_told: bool
) -> None:
    sent = to_router(target, hop_limit, source)
    await routed_ipv6.first.inject(A.port_id, sent)
    await routed_ipv6.fabric.settle()
    assert went_to_agent(routed_ipv6.first, sent) == is_told
    assert not any(sent[54:] in frame for frame in routed_ipv6.first.received(SAME_VPC_HERE.port_id))


@pytest.mark.parametrize(
    "address",
    [address for each in ROUTER.interfaces for address in each.own_addresses()],
    ids=[f"{name}, {kind}" for name in ("near", "same VPC", "other VPC") for kind in ("global", "link-local")],
)
@pytest.mark.parametrize("source", [A.ipv6[0], packets.link_local(A.mac)], ids=["from global", "from link-local"])
async def test_every_ipv6_address_of_the_router_answers_ping(routed_ipv6: Cloud, address: bytes, source: bytes) -> None:
    sent = echo(128, source, address, (A.mac, NEAR.mac), hop_limit=1)
    await routed_ipv6.first.inject(A.port_id, sent)
    await routed_ipv6.fabric.settle()
    assert has_received(routed_ipv6.first, A, echo(129, address, source, (NEAR.mac, A.mac)))
    assert not went_to_agent(routed_ipv6.first, sent)


async def test_a_route_leads_ipv6_to_an_appliance_and_the_longest_prefix_wins(routed_ipv6: Cloud) -> None:
    appliance, other = SAME_VPC_THERE, OTHER_VPC_HERE
    half = MASK | 1 << 63
    routes = (
        Route(BEYOND, MASK, VNI, SAME.mac, appliance.ipv6[0], version=6),
        Route(BEYOND | 1 << 63, half, OTHER_VNI, OTHER.mac, other.ipv6[0], version=6),
        Route(BEYOND | 1 << 40, (1 << 128) - 1, version=6),
    )
    router = msgspec.structs.replace(ROUTER, routes=routes)
    assert await routed_ipv6.first.driver.apply(Change(routers={ROUTER_ID: router})) == {}
    for number, host, target, by in (
        (1, routed_ipv6.second, appliance, SAME),
        (1 << 63 | 1, routed_ipv6.first, other, OTHER),
    ):
        sent = to_router(_address(BEYOND, number))
        await routed_ipv6.first.inject(A.port_id, sent)
        await routed_ipv6.fabric.settle()
        assert has_received(host, target, as_routed(sent, target.mac, by))
    nowhere = to_router(_address(BEYOND, 1 << 40))
    await routed_ipv6.first.inject(A.port_id, nowhere)
    await routed_ipv6.fabric.settle()
    assert went_to_agent(routed_ipv6.first, nowhere)


@pytest.mark.parametrize("target", [SAME_VPC_THERE, OTHER_VPC_HERE], ids=["elsewhere", "here"])
async def test_ipv6_too_big_for_where_it_would_go_on_goes_to_the_agent(routed_ipv6: Cloud, target: Endpoint) -> None:
    narrow = tuple(
        msgspec.structs.replace(each, mtu=1300) if each == way(target) else each for each in ROUTER.interfaces
    )
    router = Router(ROUTER_ID, narrow)
    assert await routed_ipv6.first.driver.apply(Change(routers={ROUTER_ID: router})) == {}
    for size, fits in ((1300, True), (1301, False)):
        body = b"%020d" % next(_serial) + bytes(size - 60)
        packet = packets.ipv6(A.ipv6[0], target.ipv6[0], NO_NEXT, body)
        sent = packets.ethernet(NEAR.mac, A.mac, 0x86DD, packet)
        await routed_ipv6.first.inject(A.port_id, sent)
        await routed_ipv6.fabric.settle()
        host = routed_ipv6.second if target in THERE else routed_ipv6.first
        assert has_received(host, target, as_routed(sent, target.mac, way(target))) == fits
        assert went_to_agent(routed_ipv6.first, sent) != fits


async def test_one_interface_may_route_both_versions(routed_ipv6: Cloud) -> None:
    near = msgspec.structs.replace(A, ipv4=(0x0A000015,))
    target = msgspec.structs.replace(SAME_VPC_HERE, ipv4=(0x0A000116,))
    same_ipv4 = RouterInterface(VNI, SAME.mac, 0x0A0001FE, 0x0A000100, 0xFFFFFF00)
    wanted = routing_state(routed_ipv6, Router(ROUTER_ID, (NEAR, NEAR_IPV4, SAME, same_ipv4, OTHER)))
    wanted.endpoints |= {near.port_id: near, target.port_id: target}
    wanted.next_hops[VNI][target.ipv4[0]] = NextHop(target.mac)
    assert await routed_ipv6.first.driver.replace(wanted) == {}
    assert await reached(routed_ipv6) == list(TARGETS)
    sent = packets.udp_frame(NEAR.mac, A.mac, near.ipv4[0], target.ipv4[0], b"over IPv4")
    await routed_ipv6.first.inject(A.port_id, sent)
    await routed_ipv6.fabric.settle()
    assert any(frame.endswith(b"over IPv4") for frame in routed_ipv6.first.received(target.port_id))


async def test_replacing_by_the_same_changes_nothing_and_removing_ends_it(routed_ipv6: Cloud) -> None:
    assert await routed_ipv6.first.driver.replace(routing_state(routed_ipv6)) == {}
    assert routed_ipv6.first.driver.replaced() == 0
    assert await routed_ipv6.first.driver.apply(Change(removed_routers={ROUTER_ID})) == {}
    assert await reached(routed_ipv6) == []


async def test_an_ipv6_next_hop_that_nobody_uses_goes_by_itself_and_is_named(routed_ipv6: Cloud) -> None:
    first = routed_ipv6.first
    await first.hasten_idleness()
    assert await first.driver.replace(routing_state(routed_ipv6)) == {}
    for target in TARGETS:
        await first.until_next_hop_idle(target.vni, target.ipv6[0])
    sent = to_router(SAME_VPC_HERE.ipv6[0])
    await first.inject(A.port_id, sent)
    await routed_ipv6.fabric.settle()
    assert went_to_agent(first, sent)
