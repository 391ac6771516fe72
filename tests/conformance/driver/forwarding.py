"""What every data plane driver promises of frames from one port to another; goes with the suite."""

from tests.conformance.driver import packets
from tests.conformance.driver.cloud import (
    ABSENT_MAC,
    EVERYONE,
    OTHER_VNI,
    A,
    B,
    C,
    Cloud,
    are_punted,
    endpoint,
    frame,
    has_received,
    was_punted,
)


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


async def test_nothing_is_flooded_in_a_vpc_that_is_not_said_to_be(cloud: Cloud) -> None:
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
    await are_punted(cloud, *sent)
    assert not was_punted(cloud.first, B, sent[0][1])


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
