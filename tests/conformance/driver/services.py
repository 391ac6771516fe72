"""What every driver promises of the addresses of the host's services; goes together with the suite."""

import itertools

import pytest

from alcor.dataplane.driver import Endpoint
from alcor.dataplane.host_services import SERVICE_IPV4, SERVICE_IPV6
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import A, B, C, Cloud, has_received, was_punted

_SYN = 2
_ADDRESSES = (
    (A.ipv4[0].to_bytes(4), SERVICE_IPV4.to_bytes(4)),
    (A.ipv6[0], SERVICE_IPV6),
    (packets.link_local(A.mac), SERVICE_IPV6),
)


def asked(destination: int) -> list[bytes]:
    """Frames from A to services and to what is none, whoever their Ethernet destination is."""
    return [
        packets.ip_frame(destination, A.mac, *addresses, protocol, payload)
        for addresses, port in itertools.product(_ADDRESSES, (22, 53, 80))
        for protocol, payload in (
            (17, packets.udp(*addresses, 4000, port, b"")),
            (6, packets.tcp(*addresses, (4000, port), _SYN)),
        )
    ]


@pytest.mark.parametrize("peer", [B, C], ids=["same host", "other host"])
async def test_what_is_for_the_hosts_services_goes_to_nobody_else(cloud: Cloud, peer: Endpoint) -> None:
    host = cloud.first if peer is B else cloud.second
    for sent in asked(peer.mac):
        await cloud.first.inject(A.port_id, sent)
    assert await cloud.passes(cloud.first, A, host, peer)
    for sent in asked(peer.mac):
        assert not has_received(host, peer, sent)
        assert not was_punted(cloud.first, A, sent)


async def test_the_mac_address_of_the_services_is_asked_of_the_agent(cloud: Cloud) -> None:
    for sent in (
        packets.arp_request(A.mac, A.ipv4[0], SERVICE_IPV4),
        packets.neighbour_solicitation(A.mac, A.ipv6[0], SERVICE_IPV6),
    ):
        await cloud.first.inject(A.port_id, sent)
        await cloud.fabric.settle()
        assert was_punted(cloud.first, A, sent)
