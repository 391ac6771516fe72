"""What every data plane driver promises, checked with frames. Speaks to the driver interface and the harness only."""

import itertools
from collections.abc import Callable, Iterable

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint, RemoteDelta, State
from alcor.dataplane.security_groups import SecurityGroup, SecurityRule
from tests.conformance.driver import packets
from tests.conformance.driver.harness import Fabric, Host

VNI, OTHER_VNI = 70001, 70002
ABSENT_MAC = 0xFA163EEEEEEE
_serial = itertools.count(1)

OPEN = SecurityGroup(
    b"open".ljust(16, b"."),
    stateful=True,
    rules=tuple(SecurityRule(ingress, ipv6) for ingress in (False, True) for ipv6 in (False, True)),
)
"""Lets everything pass: for tests of something else."""
OPENED = {OPEN.id: OPEN}


def endpoint(number: int, vni: int = VNI) -> Endpoint:
    """Port number n of a VPC: 10.0.0.n, 2001:db8::n."""
    return Endpoint(
        port_id=vni.to_bytes(8, "big") + number.to_bytes(8, "big"),
        vni=vni,
        mac=0xFA163E000000 + number,
        ipv4=(0x0A000000 + number,),
        ipv6=(bytes.fromhex("20010db8") + number.to_bytes(12, "big"),),
        security_groups=(OPEN.id,),
    )


A, B, C = endpoint(1), endpoint(2), endpoint(3)


def state(local: Iterable[Endpoint], remote: Iterable[Endpoint] = (), vtep: int = 0) -> State:
    """These endpoints here, those behind a VTEP."""
    wanted = State(security_groups=OPENED, endpoints={port.port_id: port for port in local})
    for port in remote:
        wanted.remotes.setdefault(port.vni, {})[port.mac] = vtep
        wanted.vteps.add(vtep)
    return wanted


def frame(source: Endpoint, target: Endpoint) -> bytes:
    """A datagram from one port to another, unlike any other."""
    return packets.udp_frame(target.mac, source.mac, source.ipv4[0], target.ipv4[0], b"%08d" % next(_serial))


def has_received(host: Host, port: Endpoint, sent: bytes) -> bool:
    return any(received.startswith(sent) for received in host.received(port.port_id))


def was_punted(host: Host, port: Endpoint, sent: bytes) -> bool:
    return any(port_id == port.port_id and frame.startswith(sent) for port_id, frame in host.events.punted)


class Cloud:
    """Ports on the fabric's two hosts: A and B on the first, C on the second, unless a test moves them."""

    def __init__(self, fabric: Fabric) -> None:
        self.fabric = fabric
        self.first, self.second = fabric.hosts

    async def attach(self, host: Host, *ports: Endpoint) -> None:
        for port in ports:
            await host.attach(port.port_id)

    async def replace(self, first: Iterable[Endpoint], second: Iterable[Endpoint]) -> None:
        """Program both hosts with the ports each has; either knows the other's."""
        first, second = tuple(first), tuple(second)
        assert await self.first.driver.replace(state(first, second, self.second.vtep)) == {}
        assert await self.second.driver.replace(state(second, first, self.first.vtep)) == {}

    async def passes(self, source_host: Host, source: Endpoint, target_host: Host, target: Endpoint) -> bool:
        """Does a frame from one port reach another?"""
        sent = frame(source, target)
        return await self.delivers(source_host, source, target_host, target, sent)

    async def delivers(
        self, source_host: Host, source: Endpoint, target_host: Host, target: Endpoint, sent: bytes
    ) -> bool:
        await source_host.inject(source.port_id, sent)
        await self.fabric.settle()
        return has_received(target_host, target, sent)

    async def reached(self) -> set[tuple[int, int]]:
        """Which of A, B and C hear which, by number."""
        places = ((1, A, self.first), (2, B, self.first), (3, C, self.second))
        sent = {}
        for (source_number, source, host), (number, target, _) in itertools.permutations(places, 2):
            sent[source_number, number] = frame(source, target)
            await host.inject(source.port_id, sent[source_number, number])
        await self.fabric.settle()
        return {
            (source, number)
            for (source, number), datagram in sent.items()
            for other, target, host in places
            if number == other and has_received(host, target, datagram)
        }


async def on_two_hosts(
    fabric: Fabric, here: Iterable[Endpoint], there: Iterable[Endpoint], wanted: Callable[[Cloud], State]
) -> Cloud:
    """Ports on the first host, which does what is wanted, and ports on the second, which has no more than these."""
    cloud = Cloud(fabric)
    there = tuple(there)
    await cloud.attach(cloud.first, *here)
    await cloud.attach(cloud.second, *there)
    assert await cloud.first.driver.replace(wanted(cloud)) == {}
    second = State(security_groups=OPENED, endpoints={port.port_id: port for port in there})
    assert await cloud.second.driver.replace(second) == {}
    return cloud


EVERYONE = set(itertools.permutations((1, 2, 3), 2))


@pytest.fixture
async def cloud(fabric: Fabric) -> Cloud:
    """A and B attached and programmed on the first host, C on the second."""
    cloud = Cloud(fabric)
    await cloud.attach(cloud.first, A, B)
    await cloud.attach(cloud.second, C)
    await cloud.replace((A, B), (C,))
    return cloud


async def test_frames_pass_on_one_host_and_across_hosts(cloud: Cloud) -> None:
    assert await cloud.reached() == EVERYONE


async def test_a_frame_arrives_as_it_was_sent_and_once(cloud: Cloud) -> None:
    for host, target in ((cloud.first, B), (cloud.second, C)):
        sent = frame(A, target)
        assert await cloud.delivers(cloud.first, A, host, target, sent)
        assert sum(received.startswith(sent) for received in host.received(target.port_id)) == 1


async def test_ipv6_passes(cloud: Cloud) -> None:
    sent = packets.ipv6_frame(C.mac, A.mac, A.ipv6[0], C.ipv6[0], b"six" + bytes(20))
    assert await cloud.delivers(cloud.first, A, cloud.second, C, sent)


async def test_a_workload_may_use_the_link_local_address_of_its_mac(cloud: Cloud) -> None:
    own, others = bytes.fromhex("fe80000000000000f8163efffe000001"), bytes.fromhex("fe80000000000000f8163efffe000002")
    assert await cloud.delivers(
        cloud.first, A, cloud.second, C, packets.ipv6_frame(C.mac, A.mac, own, C.ipv6[0], b"own" + bytes(20))
    )
    assert not await cloud.delivers(
        cloud.first, A, cloud.second, C, packets.ipv6_frame(C.mac, A.mac, others, C.ipv6[0], b"other" + bytes(20))
    )


async def test_replacing_by_the_same_changes_nothing(cloud: Cloud) -> None:
    await cloud.replace((A, B), (C,))
    assert await cloud.reached() == EVERYONE


async def test_interfaces_names_what_is_attached(cloud: Cloud) -> None:
    assert cloud.first.driver.interfaces() == {A.port_id, B.port_id}
    await cloud.first.detach(A.port_id)
    assert cloud.first.driver.interfaces() == {B.port_id}


async def test_describe_names_the_endpoints(cloud: Cloud) -> None:
    assert await cloud.first.driver.describe()


async def test_replacing_by_nothing_silences_everyone(cloud: Cloud) -> None:
    await cloud.replace((), ())
    assert await cloud.reached() == set()


async def test_changes_end_where_replacing_would(cloud: Cloud) -> None:
    await cloud.replace((), ())
    first, second = cloud.first.driver, cloud.second.driver
    there, here = cloud.second.vtep, cloud.first.vtep
    steps = (
        (first, Change(endpoints={A.port_id: A})),
        (first, Change(remotes={VNI: RemoteDelta(put={C.mac: there, ABSENT_MAC: there})}, vteps={there})),
        (second, Change(endpoints={C.port_id: C}, remotes={VNI: RemoteDelta(put={A.mac: here})}, vteps={here})),
        (first, Change(endpoints={B.port_id: B}, remotes={VNI: RemoteDelta(removed={ABSENT_MAC})})),
        (second, Change(remotes={VNI: RemoteDelta(put={B.mac: here})})),
    )
    for driver, change in steps:
        assert await driver.apply(change) == {}
        assert await driver.apply(change) == {}
    assert await cloud.reached() == EVERYONE
    await first.apply(Change(removed_endpoints={A.port_id}, remotes={VNI: RemoteDelta(removed={C.mac})}))
    by_changes = await cloud.reached()
    assert await first.replace(State(security_groups=OPENED, endpoints={B.port_id: B}, vteps={there})) == {}
    assert await cloud.reached() == by_changes == {(3, 2)}


async def test_within_a_change_removals_come_first(cloud: Cloud) -> None:
    there = cloud.second.vtep
    change = Change(
        endpoints={A.port_id: A},
        removed_endpoints={A.port_id},
        remotes={VNI: RemoteDelta(put={C.mac: there}, removed={C.mac})},
        vteps={there},
        removed_vteps={there},
    )
    assert await cloud.first.driver.apply(change) == {}
    assert await cloud.reached() == EVERYONE


async def test_an_endpoint_may_come_before_its_interface(fabric: Fabric) -> None:
    cloud = Cloud(fabric)
    await cloud.attach(cloud.first, A)
    await cloud.replace((A, B), ())
    await cloud.attach(cloud.first, B)
    assert cloud.first.events.appeared == [A.port_id, B.port_id]
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: B})) == {}
    assert await cloud.passes(cloud.first, A, cloud.first, B)
    assert await cloud.passes(cloud.first, B, cloud.first, A)


async def test_an_interface_without_endpoint_is_mute_and_deaf(fabric: Fabric) -> None:
    cloud = Cloud(fabric)
    await cloud.attach(cloud.first, A, B)
    await cloud.replace((A,), ())
    assert not await cloud.passes(cloud.first, A, cloud.first, B)
    assert not await cloud.passes(cloud.first, B, cloud.first, A)


async def test_an_interface_may_go_and_come_back(cloud: Cloud) -> None:
    await cloud.first.detach(B.port_id)
    assert cloud.first.events.vanished == [B.port_id]
    await cloud.attach(cloud.first, B)
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: B})) == {}
    assert await cloud.reached() == EVERYONE


async def test_a_port_moves_to_another_host_and_back(cloud: Cloud) -> None:
    first, second, here, there = cloud.first, cloud.second, cloud.first.vtep, cloud.second.vtep
    await first.detach(B.port_id)
    await first.driver.apply(
        Change(removed_endpoints={B.port_id}, remotes={VNI: RemoteDelta(put={B.mac: there})}, vteps={there})
    )
    await second.attach(B.port_id)
    await second.driver.apply(Change(endpoints={B.port_id: B}, remotes={VNI: RemoteDelta(removed={B.mac})}))
    assert await cloud.passes(first, A, second, B)
    assert await cloud.passes(second, B, first, A)
    assert await cloud.passes(second, C, second, B)

    await second.detach(B.port_id)
    await second.driver.apply(
        Change(removed_endpoints={B.port_id}, remotes={VNI: RemoteDelta(put={B.mac: here})}, vteps={here})
    )
    await first.attach(B.port_id)
    await first.driver.apply(Change(endpoints={B.port_id: B}, remotes={VNI: RemoteDelta(removed={B.mac})}))
    assert await cloud.reached() == EVERYONE


async def test_a_changed_endpoint_replaces_the_old_one(cloud: Cloud) -> None:
    renumbered = msgspec.structs.replace(B, mac=ABSENT_MAC, ipv4=(0x0A0000C8,))
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: renumbered})) == {}
    assert await cloud.passes(cloud.first, A, cloud.first, renumbered)
    assert await cloud.passes(cloud.first, renumbered, cloud.first, A)
    assert not await cloud.passes(cloud.first, A, cloud.first, B)
    assert not await cloud.passes(cloud.first, B, cloud.first, A)


@pytest.mark.parametrize("target", [B, C], ids=["on the same host", "on another host"])
async def test_a_workload_cannot_send_as_somebody_else(cloud: Cloud, target: Endpoint) -> None:
    host = cloud.first if target is B else cloud.second
    stranger = endpoint(77)
    spoofed = {
        "MAC": packets.udp_frame(target.mac, stranger.mac, A.ipv4[0], target.ipv4[0], b"spoofed MAC"),
        "IPv4": packets.udp_frame(target.mac, A.mac, stranger.ipv4[0], target.ipv4[0], b"spoofed IPv4"),
        "IPv6": packets.ipv6_frame(target.mac, A.mac, stranger.ipv6[0], target.ipv6[0], b"spoofed IPv6"),
        "ARP address": packets.arp_reply(A.mac, stranger.ipv4[0], target.mac, target.ipv4[0]),
        "ARP MAC": packets.ethernet(
            target.mac, A.mac, 0x0806, packets.arp(2, stranger.mac, A.ipv4[0], target.mac, target.ipv4[0])
        ),
    }
    for sent in spoofed.values():
        await cloud.first.inject(A.port_id, sent)
    await cloud.fabric.settle()
    assert [name for name, sent in spoofed.items() if has_received(host, target, sent)] == []
    assert await cloud.passes(cloud.first, A, host, target)


async def test_an_honest_arp_reply_passes(cloud: Cloud) -> None:
    sent = packets.arp_reply(A.mac, A.ipv4[0], C.mac, C.ipv4[0])
    assert await cloud.delivers(cloud.first, A, cloud.second, C, sent)


async def test_allowed_address_pairs_may_be_used(cloud: Cloud) -> None:
    virtual_mac = 0x00005E000101
    generous = msgspec.structs.replace(
        A, allowed_address_pairs=(("10.9.0.0/16", A.mac), ("10.8.0.1/32", virtual_mac), ("2001:db8:9::/64", A.mac))
    )
    await cloud.first.driver.apply(Change(endpoints={A.port_id: generous}))
    inside, single = 0x0A090807, 0x0A080001
    allowed = (
        packets.udp_frame(B.mac, A.mac, inside, B.ipv4[0], b"address in the pair's network"),
        packets.udp_frame(B.mac, virtual_mac, single, B.ipv4[0], b"address and MAC of a pair"),
        packets.ipv6_frame(B.mac, A.mac, bytes.fromhex("20010db80009") + bytes(10), B.ipv6[0], b"IPv6 of a pair"),
    )
    for sent in allowed:
        assert await cloud.delivers(cloud.first, A, cloud.first, B, sent)
    refused = packets.udp_frame(B.mac, virtual_mac, inside, B.ipv4[0], b"MAC of one pair, address of another")
    assert not await cloud.delivers(cloud.first, A, cloud.first, B, refused)


async def test_without_port_security_any_source_passes(cloud: Cloud) -> None:
    trusted = msgspec.structs.replace(A, port_security=False)
    await cloud.first.driver.apply(Change(endpoints={A.port_id: trusted}))
    sent = packets.udp_frame(C.mac, ABSENT_MAC, 0x01020304, C.ipv4[0], b"routed through A")
    assert await cloud.delivers(cloud.first, A, cloud.second, C, sent)


async def test_vpcs_with_the_same_addresses_do_not_hear_each_other(cloud: Cloud) -> None:
    first, second = cloud.first, cloud.second
    other_a, other_c = endpoint(1, OTHER_VNI), endpoint(3, OTHER_VNI)
    await cloud.attach(first, other_a)
    await cloud.attach(second, other_c)
    await cloud.replace((A, B, other_a), (C, other_c))
    in_one, in_other = frame(A, C), frame(other_a, other_c)
    await first.inject(A.port_id, in_one)
    await first.inject(other_a.port_id, in_other)
    to_the_other_vpc = frame(other_a, B)
    await first.inject(other_a.port_id, to_the_other_vpc)
    await cloud.fabric.settle()
    assert has_received(second, C, in_one) and not has_received(second, other_c, in_one)
    assert has_received(second, other_c, in_other) and not has_received(second, C, in_other)
    assert not has_received(first, B, to_the_other_vpc)


async def test_nothing_is_flooded(cloud: Cloud) -> None:
    destinations = (packets.BROADCAST, 0x01005E0000FB, 0x333300000001, ABSENT_MAC)
    sent = [packets.udp_frame(mac, A.mac, A.ipv4[0], 0x0A0000FF, b"to %x" % mac) for mac in destinations]
    for datagram in sent:
        await cloud.first.inject(A.port_id, datagram)
    await cloud.fabric.settle()
    for host, port in ((cloud.first, A), (cloud.first, B), (cloud.second, C)):
        assert not any(has_received(host, port, datagram) for datagram in sent)


async def test_arp_and_dhcp_requests_are_punted_with_their_port(cloud: Cloud) -> None:
    sent = (
        (A, packets.arp_request(A.mac, A.ipv4[0], C.ipv4[0])),
        (B, packets.arp_request(B.mac, 0, B.ipv4[0])),
        (A, packets.dhcp_discover(A.mac, 0x11111111)),
        (B, packets.dhcp_discover(B.mac, 0x22222222)),
    )
    for port, request in sent:
        await cloud.first.inject(port.port_id, request)
    await cloud.fabric.settle()
    for port, request in sent:
        assert was_punted(cloud.first, port, request)
        others = ((cloud.first, A), (cloud.first, B), (cloud.second, C))
        assert not any(has_received(host, other, request) for host, other in others)
    assert not was_punted(cloud.first, B, sent[0][1])


async def test_a_request_with_a_false_sender_is_not_punted(cloud: Cloud) -> None:
    stranger = endpoint(77)
    spoofed = (
        packets.arp_request(stranger.mac, stranger.ipv4[0], C.ipv4[0]),
        packets.arp_request(A.mac, stranger.ipv4[0], C.ipv4[0]),
        packets.ethernet(packets.BROADCAST, A.mac, 0x0806, packets.arp(1, stranger.mac, A.ipv4[0], 0, C.ipv4[0])),
        packets.ethernet(packets.BROADCAST, A.mac, 0x0806, packets.arp(1, stranger.mac, 0, 0, C.ipv4[0])),
        packets.dhcp_discover(stranger.mac, 0x33333333),
    )
    for request in spoofed:
        await cloud.first.inject(A.port_id, request)
    await cloud.fabric.settle()
    assert [request for request in spoofed if was_punted(cloud.first, A, request)] == []


async def test_send_reaches_that_workload_only(cloud: Cloud) -> None:
    sent = packets.arp_reply(C.mac, C.ipv4[0], A.mac, A.ipv4[0])
    await cloud.first.driver.send(A.port_id, sent)
    await cloud.fabric.settle()
    assert has_received(cloud.first, A, sent)
    assert not has_received(cloud.first, B, sent)
    assert not has_received(cloud.second, C, sent)


async def test_send_to_a_workload_that_is_gone_is_nothing(cloud: Cloud) -> None:
    await cloud.first.detach(B.port_id)
    await cloud.first.driver.send(B.port_id, frame(A, B))
    await cloud.first.driver.send(endpoint(99).port_id, frame(A, B))
    assert await cloud.passes(cloud.first, A, cloud.second, C)


async def test_an_endpoint_administratively_down_passes_nothing(cloud: Cloud) -> None:
    down = msgspec.structs.replace(B, admin_state_up=False)
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: down})) == {}
    assert await cloud.reached() == {(1, 3), (3, 1)}
    request = packets.arp_request(B.mac, B.ipv4[0], A.ipv4[0])
    await cloud.first.inject(B.port_id, request)
    await cloud.fabric.settle()
    assert not was_punted(cloud.first, B, request)
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: B})) == {}
    assert await cloud.reached() == EVERYONE


async def test_a_removed_endpoint_is_silent(cloud: Cloud) -> None:
    assert await cloud.first.driver.apply(Change(removed_endpoints={B.port_id})) == {}
    assert await cloud.reached() == {(1, 3), (3, 1)}
    request = packets.arp_request(B.mac, B.ipv4[0], A.ipv4[0])
    await cloud.first.inject(B.port_id, request)
    await cloud.fabric.settle()
    assert not was_punted(cloud.first, B, request)


async def test_a_removed_remote_is_not_sent_to(cloud: Cloud) -> None:
    await cloud.first.driver.apply(
        Change(remotes={VNI: RemoteDelta(removed={C.mac})}, removed_vteps={cloud.second.vtep})
    )
    assert await cloud.reached() == EVERYONE - {(1, 3), (2, 3)}


async def test_removing_what_is_not_there_is_nothing(cloud: Cloud) -> None:
    change = Change(
        removed_endpoints={endpoint(99).port_id},
        remotes={VNI: RemoteDelta(removed={ABSENT_MAC}), OTHER_VNI: RemoteDelta(removed={ABSENT_MAC})},
        removed_vteps={0x01020304},
    )
    assert await cloud.first.driver.apply(change) == {}
    assert await cloud.reached() == EVERYONE


async def test_a_restarted_driver_leaves_traffic_alone_and_finds_the_interfaces(cloud: Cloud) -> None:
    await cloud.first.restart_driver()
    assert await cloud.reached() == EVERYONE
    assert set(cloud.first.events.appeared) == {A.port_id, B.port_id}
    assert cloud.first.driver.interfaces() == {A.port_id, B.port_id}


async def test_replacing_after_a_driver_restart_removes_only_what_is_stale(cloud: Cloud) -> None:
    await cloud.first.restart_driver()
    wanted = state((A,), (C,), cloud.second.vtep)
    assert await cloud.first.driver.replace(wanted) == {}
    assert await cloud.reached() == {(1, 3), (3, 1)}
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: B})) == {}
    assert await cloud.reached() == EVERYONE


async def test_a_restarted_data_plane_is_reported_and_reprogrammed(cloud: Cloud) -> None:
    await cloud.first.restart_data_plane()
    assert cloud.first.events.restarts >= 1
    assert await cloud.first.driver.replace(state((A, B), (C,), cloud.second.vtep)) == {}
    assert await cloud.reached() == EVERYONE
