"""What every data plane driver promises of who a workload may send as; goes with the suite."""

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import ABSENT_MAC, A, B, C, Cloud, endpoint, has_received, was_punted


async def test_a_workload_may_use_the_link_local_address_of_its_mac(cloud: Cloud) -> None:
    own, others = bytes.fromhex("fe80000000000000f8163efffe000001"), bytes.fromhex("fe80000000000000f8163efffe000002")
    assert await cloud.delivers(
        cloud.first, A, cloud.second, C, packets.ipv6_frame(C.mac, A.mac, own, C.ipv6[0], b"own" + bytes(20))
    )
    assert not await cloud.delivers(
        cloud.first, A, cloud.second, C, packets.ipv6_frame(C.mac, A.mac, others, C.ipv6[0], b"other" + bytes(20))
    )


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
