"""What every data plane driver promises of IPv6 inside a subnet, checked with frames; goes together with the suite."""

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import A, B, C, Cloud, are_punted, endpoint, has_received, was_punted

UNSPECIFIED = bytes(16)
ALL_NODES = bytes.fromhex("ff02") + bytes(13) + b"\x01"
STRANGER = endpoint(77)
A_LINK_LOCAL = bytes.fromhex("fe80000000000000f8163efffe000001")
TO_C, FROM_A = (A.mac, C.mac), (A.ipv6[0], C.ipv6[0])


def icmpv6_to(target: Endpoint, kind: int, body: bytes, source_ip: bytes = A_LINK_LOCAL) -> bytes:
    return packets.ethernet(target.mac, A.mac, 0x86DD, packets.icmpv6(source_ip, target.ipv6[0], kind, body))


def udp_to(target: Endpoint, ports: tuple[int, int]) -> bytes:
    datagram = packets.udp(A.ipv6[0], target.ipv6[0], *ports, b"to somebody")
    return packets.ethernet(target.mac, A.mac, 0x86DD, packets.ipv6(A.ipv6[0], target.ipv6[0], 17, datagram))


async def test_solicitations_are_punted_with_their_port(cloud: Cloud) -> None:
    unicast = bytearray(packets.neighbour_solicitation(B.mac, B.ipv6[0], A.ipv6[0], B.mac))
    unicast[:6] = A.mac.to_bytes(6)
    sent = (
        (A, packets.neighbour_solicitation(A.mac, A.ipv6[0], C.ipv6[0], A.mac)),
        (A, packets.neighbour_solicitation(A.mac, A_LINK_LOCAL, B.ipv6[0], A.mac)),
        (A, packets.neighbour_solicitation(A.mac, UNSPECIFIED, A.ipv6[0])),
        (B, bytes(unicast)),
        (A, packets.router_solicitation(A.mac, A_LINK_LOCAL, A.mac)),
        (B, packets.router_solicitation(B.mac, UNSPECIFIED)),
    )
    await are_punted(cloud, *sent)


async def test_a_dhcp_clients_packets_are_punted_and_those_to_other_ports_are_not(cloud: Cloud) -> None:
    servers = bytes.fromhex("ff020000000000000000000000010002")
    solicit, other = (
        packets.ethernet(
            packets.group_mac(servers),
            A.mac,
            0x86DD,
            packets.ipv6(A_LINK_LOCAL, servers, 17, packets.udp_payload(546, port, b"\1solicit")),
        )
        for port in (547, 548)
    )
    for frame in (solicit, other):
        await cloud.first.inject(A.port_id, frame)
    await cloud.fabric.settle()
    assert was_punted(cloud.first, A, solicit)
    assert not was_punted(cloud.first, A, other)


async def test_a_solicitation_with_a_false_sender_is_not_punted(cloud: Cloud) -> None:
    spoofed = (
        packets.neighbour_solicitation(STRANGER.mac, STRANGER.ipv6[0], C.ipv6[0], STRANGER.mac),
        packets.neighbour_solicitation(A.mac, STRANGER.ipv6[0], C.ipv6[0], A.mac),
        packets.neighbour_solicitation(STRANGER.mac, UNSPECIFIED, STRANGER.ipv6[0]),
    )
    for request in spoofed:
        await cloud.first.inject(A.port_id, request)
    await cloud.fabric.settle()
    assert [request for request in spoofed if was_punted(cloud.first, A, request)] == []


@pytest.mark.parametrize("link_layer", [A.mac, None], ids=["with the MAC address", "without"])
async def test_a_workload_may_advertise_its_own_addresses(cloud: Cloud, link_layer: int | None) -> None:
    for target, source in ((A.ipv6[0], A.ipv6[0]), (A_LINK_LOCAL, A.ipv6[0]), (A.ipv6[0], A_LINK_LOCAL)):
        sent = packets.neighbour_advertisement(TO_C, (source, C.ipv6[0]), target, link_layer)
        assert await cloud.delivers(cloud.first, A, cloud.second, C, sent)


async def test_an_address_of_an_allowed_pair_may_be_advertised(cloud: Cloud) -> None:
    generous = msgspec.structs.replace(A, allowed_address_pairs=(("2001:db8:9::/64", A.mac),))
    await cloud.first.driver.apply(Change(endpoints={A.port_id: generous}))
    paired = bytes.fromhex("20010db800090000") + bytes(7) + b"\x09"
    sent = packets.neighbour_advertisement(TO_C, (A.ipv6[0], C.ipv6[0]), paired, A.mac)
    assert await cloud.delivers(cloud.first, A, cloud.second, C, sent)


FORGED = {
    "advertisement for another's address": packets.neighbour_advertisement(TO_C, FROM_A, B.ipv6[0], A.mac),
    "advertisement for another's MAC address": packets.neighbour_advertisement(TO_C, FROM_A, A.ipv6[0], B.mac),
    "advertisement with a code": packets.ethernet(
        C.mac, A.mac, 0x86DD, packets.icmpv6(*FROM_A, 136, bytes(4) + A.ipv6[0], code=1)
    ),
    "advertisement of which the target is cut": icmpv6_to(C, 136, bytes(4) + A.ipv6[0][:8], A.ipv6[0]),
    "router advertisement": icmpv6_to(C, 134, bytes.fromhex("40000708") + bytes(8)),
    "redirect": icmpv6_to(C, 137, bytes(4) + A_LINK_LOCAL + C.ipv6[0]),
    "answer of a DHCP server": udp_to(C, (547, 546)),
    "answer of a DHCP server over IPv4": packets.ethernet(
        C.mac, A.mac, 0x0800, packets.ipv4(A.ipv4[0], C.ipv4[0], 17, packets.udp_payload(67, 68, b"take this"))
    ),
}


@pytest.mark.parametrize("sent", FORGED.values(), ids=FORGED.keys())
async def test_a_workload_is_no_router_no_server_and_nobody_else(cloud: Cloud, sent: bytes) -> None:
    assert not await cloud.delivers(cloud.first, A, cloud.second, C, sent)
    assert await cloud.passes(cloud.first, A, cloud.second, C)


@pytest.mark.parametrize("sent", FORGED.values(), ids=FORGED.keys())
async def test_without_port_security_it_may_be_what_it_is(cloud: Cloud, sent: bytes) -> None:
    trusted = msgspec.structs.replace(A, port_security=False)
    await cloud.first.driver.apply(Change(endpoints={A.port_id: trusted}))
    assert await cloud.delivers(cloud.first, A, cloud.second, C, sent)


async def test_echo_requests_and_datagrams_pass(cloud: Cloud) -> None:
    for sent in (icmpv6_to(C, 128, b"\0\1\0\1ping", A.ipv6[0]), udp_to(C, (547, 4000)), udp_to(C, (4000, 546))):
        assert await cloud.delivers(cloud.first, A, cloud.second, C, sent)


async def test_multicast_is_not_flooded(cloud: Cloud) -> None:
    sent = packets.ethernet(
        packets.group_mac(ALL_NODES), A.mac, 0x86DD, packets.icmpv6(A.ipv6[0], ALL_NODES, 128, b"\0\1\0\1ping")
    )
    await cloud.first.inject(A.port_id, sent)
    await cloud.fabric.settle()
    for host, port in ((cloud.first, B), (cloud.second, C)):
        assert not has_received(host, port, sent)
