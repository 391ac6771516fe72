"""What every driver promises of broadcast and multicast in a VPC that is flooded."""

from collections.abc import Iterable

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint
from alcor.dataplane.security_groups import SecurityRule
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import OTHER_VNI, VNI, A, B, C, Cloud, endpoint, frame, state
from tests.conformance.driver.guarded import GROUP_ID, REMOTE_ID, group, guard
from tests.conformance.driver.harness import Fabric, Host

D = endpoint(4)
GROUP_MAC, GROUP = 0x01005E0000FB, 0xE00000FB  # 224.0.0.251
IPV6_GROUP = bytes.fromhex("ff0200000000000000000000000000fb")
SUBNET_BROADCAST, ALL_ONES = 0x0A0000FF, 0xFFFFFFFF


def to_group(sender: Endpoint, mac: int = GROUP_MAC, address: int = GROUP) -> bytes:
    """A datagram for everybody, unlike any other."""
    unlike = frame(sender, sender)[-8:]
    return packets.udp_frame(mac, sender.mac, sender.ipv4[0], address, unlike)


def to_ipv6_group(sender: Endpoint) -> bytes:
    unlike = frame(sender, sender)[-8:]
    return packets.ipv6_frame(packets.group_mac(IPV6_GROUP), sender.mac, sender.ipv6[0], IPV6_GROUP, unlike)


async def hears(cloud: Cloud, sender_host: Host, sender: Endpoint, sent: bytes) -> dict[str, int]:
    """How often each of the others, by name, hears what a port sends."""
    await sender_host.inject(sender.port_id, sent)
    await cloud.fabric.settle()
    return heard(cloud, sent)


def heard(cloud: Cloud, sent: bytes) -> dict[str, int]:
    places = {"A": (cloud.first, A), "B": (cloud.first, B), "C": (cloud.second, C), "D": (cloud.second, D)}
    counts = {
        name: sum(received.startswith(sent) for received in host.received(port.port_id))
        for name, (host, port) in places.items()
    }
    return {name: count for name, count in counts.items() if count}


async def flood(cloud: Cloud, first: Iterable[Endpoint], second: Iterable[Endpoint]) -> None:
    """Program both hosts with the ports each has, in a VPC that is flooded."""
    first, second = tuple(first), tuple(second)
    here, there = cloud.first.vtep, cloud.second.vtep
    wanted = state(first, second, there), state(second, first, here)
    wanted[0].flooded, wanted[1].flooded = {VNI: frozenset({there})}, {VNI: frozenset({here})}
    assert await cloud.first.driver.replace(wanted[0]) == {}
    assert await cloud.second.driver.replace(wanted[1]) == {}


@pytest.fixture
async def flooded(fabric: Fabric) -> Cloud:
    """A and B on the first host, C and D on the second, in a VPC that is flooded."""
    cloud = Cloud(fabric)
    await cloud.attach(cloud.first, A, B)
    await cloud.attach(cloud.second, C, D)
    await flood(cloud, (A, B), (C, D))
    return cloud


async def test_broadcast_and_multicast_reach_everybody_else_once(flooded: Cloud) -> None:
    from_a = {"B": 1, "C": 1, "D": 1}
    for sent in (
        to_group(A),
        to_group(A, packets.BROADCAST, SUBNET_BROADCAST),
        to_group(A, packets.BROADCAST, ALL_ONES),
        to_ipv6_group(A),
    ):
        assert await hears(flooded, flooded.first, A, sent) == from_a
    assert await hears(flooded, flooded.second, C, to_group(C)) == {"A": 1, "B": 1, "D": 1}


async def test_unicast_is_not_flooded(flooded: Cloud) -> None:
    assert await hears(flooded, flooded.first, A, frame(A, D)) == {"D": 1}
    assert await hears(flooded, flooded.first, A, frame(A, endpoint(99))) == {}


async def test_what_the_agent_answers_and_what_routers_and_listeners_say_is_not_flooded(flooded: Cloud) -> None:
    own, group_mac = packets.link_local(A.mac), packets.group_mac(IPV6_GROUP)
    kept = [
        packets.arp_request(A.mac, A.ipv4[0], C.ipv4[0]),
        packets.dhcp_discover(A.mac, 0x44444444),
        packets.neighbour_solicitation(A.mac, own, C.ipv6[0], A.mac),
        packets.router_solicitation(A.mac, own, A.mac),
        packets.ethernet(
            GROUP_MAC, A.mac, 0x0800, packets.ipv4(A.ipv4[0], GROUP, 2, bytes.fromhex("1600 0000 e00000fb"))
        ),
    ]
    kept += [
        packets.ethernet(group_mac, A.mac, 0x86DD, packets.icmpv6(own, IPV6_GROUP, kind, bytes(20)))
        for kind in (130, 131, 132, 134, 143)
    ]
    for sent in kept:
        assert await hears(flooded, flooded.first, A, sent) == {}


async def test_announcements_of_own_addresses_are_flooded(flooded: Cloud) -> None:
    own = A.ipv4[0]
    by_arp = packets.ethernet(packets.BROADCAST, A.mac, 0x0806, packets.arp(2, A.mac, own, packets.BROADCAST, own))
    all_nodes = bytes.fromhex("ff02") + bytes(13) + b"\x01"
    macs = A.mac, packets.group_mac(all_nodes)
    by_advertisement = packets.neighbour_advertisement(macs, (A.ipv6[0], all_nodes), A.ipv6[0], A.mac, flags=0x20)
    for sent in (by_arp, by_advertisement):
        assert await hears(flooded, flooded.first, A, sent) == {"B": 1, "C": 1, "D": 1}


async def test_what_the_agent_cannot_answer_it_may_have_flooded(flooded: Cloud) -> None:
    for sent in (
        packets.arp_request(A.mac, A.ipv4[0], 0x0A000064),
        packets.neighbour_solicitation(A.mac, A.ipv6[0], C.ipv6[0], A.mac),
    ):
        await flooded.first.driver.flood(A.port_id, sent)
        await flooded.fabric.settle()
        assert heard(flooded, sent) == {"B": 1, "C": 1, "D": 1}
    assert await flooded.first.driver.apply(Change(removed_flooded={VNI})) == {}
    for port in (A, endpoint(99)):
        sent = packets.arp_request(port.mac, port.ipv4[0], 0x0A000065)
        await flooded.first.driver.flood(port.port_id, sent)
        await flooded.fabric.settle()
        assert heard(flooded, sent) == {}


async def test_only_own_addresses_may_send_to_all(flooded: Cloud) -> None:
    assert await hears(flooded, flooded.first, A, to_group(B)) == {}
    borrowed = packets.udp_frame(GROUP_MAC, A.mac, B.ipv4[0], GROUP, b"from somebody else")
    assert await hears(flooded, flooded.first, A, borrowed) == {}


async def test_each_vpc_hears_its_own_alone(flooded: Cloud) -> None:
    first, second = flooded.first, flooded.second
    other_a, other_c = endpoint(1, OTHER_VNI), endpoint(3, OTHER_VNI)
    await flooded.attach(first, other_a)
    await flooded.attach(second, other_c)
    assert await first.driver.apply(Change(endpoints={other_a.port_id: other_a})) == {}
    assert await second.driver.apply(Change(endpoints={other_c.port_id: other_c})) == {}
    sent = to_group(other_a)
    assert await hears(flooded, first, other_a, sent) == {}
    assert not any(each.startswith(sent) for each in second.received(other_c.port_id))
    change = Change(flooded={OTHER_VNI: frozenset({second.vtep})}, vteps={second.vtep})
    assert await first.driver.apply(change) == {}
    assert await second.driver.apply(Change(flooded={OTHER_VNI: frozenset({first.vtep})})) == {}
    sent = to_group(other_a)
    assert await hears(flooded, first, other_a, sent) == {}
    assert sum(each.startswith(sent) for each in second.received(other_c.port_id)) == 1


async def test_each_copy_is_judged_where_it_arrives(flooded: Cloud) -> None:
    await guard(flooded, group(SecurityRule(ingress=True, ipv6=True)))
    assert await hears(flooded, flooded.first, A, to_group(A)) == {"C": 1, "D": 1}
    assert await hears(flooded, flooded.second, C, to_group(C)) == {"A": 1, "D": 1}
    assert await hears(flooded, flooded.first, A, to_ipv6_group(A)) == {"B": 1, "C": 1, "D": 1}
    assert await hears(flooded, flooded.first, B, to_group(B)) == {}
    await guard(flooded, group(SecurityRule(ingress=False, ipv6=False)))
    assert await hears(flooded, flooded.first, B, to_group(B)) == {"A": 1, "C": 1, "D": 1}


async def test_a_copy_that_is_undecided_comes_to_the_workload_it_was_for_alone(flooded: Cloud) -> None:
    remote = SecurityRule(ingress=True, ipv6=False, remote_group=REMOTE_ID)
    await guard(flooded, group(remote))
    for host, sender in ((flooded.first, A), (flooded.second, C)):
        sent = to_group(sender)
        others = {"A": 1, "C": 1, "D": 1}
        del others["A" if sender is A else "C"]
        assert await hears(flooded, host, sender, sent) == others
        assert (B.port_id, sent, True) in flooded.first.events.undecided
        open_group = group(SecurityRule(ingress=True, ipv6=False), remote)
        assert await flooded.first.driver.apply(Change(security_groups={GROUP_ID: open_group})) == {}
        await flooded.first.driver.deliver(B.port_id, sent)
        await flooded.fabric.settle()
        assert heard(flooded, sent) == others | {"B": 1}
        assert await flooded.first.driver.apply(Change(security_groups={GROUP_ID: group(remote)})) == {}


async def test_ports_without_port_security_hear_all_and_those_that_are_down_nothing(flooded: Cloud) -> None:
    for changed, expected in (
        (msgspec.structs.replace(B, port_security=False), {"B": 1, "C": 1, "D": 1}),
        (msgspec.structs.replace(B, admin_state_up=False), {"C": 1, "D": 1}),
        (B, {"B": 1, "C": 1, "D": 1}),
    ):
        assert await flooded.first.driver.apply(Change(endpoints={B.port_id: changed})) == {}
        assert await hears(flooded, flooded.first, A, to_group(A)) == expected


async def test_copies_follow_ports_that_come_and_go(flooded: Cloud) -> None:
    assert await flooded.first.driver.apply(Change(removed_endpoints={B.port_id})) == {}
    await flooded.second.detach(D.port_id)
    assert await flooded.second.driver.apply(Change(removed_endpoints={D.port_id})) == {}
    assert await hears(flooded, flooded.first, A, to_group(A)) == {"C": 1}
    assert await flooded.first.driver.apply(Change(endpoints={B.port_id: B})) == {}
    await flooded.attach(flooded.second, D)
    assert await flooded.second.driver.apply(Change(endpoints={D.port_id: D})) == {}
    assert await hears(flooded, flooded.first, A, to_group(A)) == {"B": 1, "C": 1, "D": 1}


async def test_copies_follow_hosts_that_come_and_go(flooded: Cloud) -> None:
    driver = flooded.first.driver
    assert await driver.apply(Change(flooded={VNI: frozenset()})) == {}
    assert await hears(flooded, flooded.first, A, to_group(A)) == {"B": 1}
    assert await driver.apply(Change(flooded={VNI: frozenset({flooded.second.vtep})})) == {}
    assert await hears(flooded, flooded.first, A, to_group(A)) == {"B": 1, "C": 1, "D": 1}


async def test_a_vpc_that_is_flooded_no_longer_is_silent(flooded: Cloud) -> None:
    assert await flooded.first.driver.apply(Change(removed_flooded={VNI})) == {}
    assert await hears(flooded, flooded.first, A, to_group(A)) == {}
    assert await hears(flooded, flooded.second, C, to_group(C)) == {"D": 1}
    assert await flooded.passes(flooded.first, A, flooded.second, C)
    assert await flooded.first.driver.apply(Change(flooded={VNI: frozenset({flooded.second.vtep})})) == {}
    assert await hears(flooded, flooded.first, A, to_group(A)) == {"B": 1, "C": 1, "D": 1}


async def test_a_restarted_driver_floods_on_and_finds_nothing_to_change(flooded: Cloud) -> None:
    await flooded.first.restart_driver()
    assert await hears(flooded, flooded.first, A, to_group(A)) == {"B": 1, "C": 1, "D": 1}
    await flood(flooded, (A, B), (C, D))
    assert flooded.first.driver.replaced() == 0
    await flood(flooded, (A,), (C, D))
    assert flooded.first.driver.replaced() > 0
    assert await hears(flooded, flooded.second, C, to_group(C)) == {"A": 1, "D": 1}
