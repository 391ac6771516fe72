"""The packet that a data plane is asked about is the one that the trace is about."""

from typing import Any

import pytest

from alcor.dataplane.frames import ETHERTYPE_IPV4, ETHERTYPE_IPV6
from alcor.dataplane.packet import packet_in
from alcor.model.resources.port_trace import PORT_TRACE
from alcor.trace.question import asked_packet
from alcor.trace.wire import ip_packet

PACKETS: list[dict[str, Any]] = [
    {"protocol": "tcp", "port": 443},
    {"protocol": "udp", "port": 53, "source_port": 5353},
    {"protocol": "sctp", "port": 9},
    {"protocol": "icmp"},
    {"protocol": "icmp", "icmp_type": 13, "icmp_code": 0},
    {"protocol": "gre"},
]


@pytest.mark.parametrize("asked", PACKETS)
@pytest.mark.parametrize("ends", [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")])
def test_a_packet_becomes_what_is_read_of_it(asked: dict[str, Any], ends: tuple[str, str]) -> None:
    packet = asked_packet(PORT_TRACE.check_create({"from": ends[0], "to": ends[1], **asked}))
    ethertype = ETHERTYPE_IPV6 if packet.ipv6 else ETHERTYPE_IPV4
    assert packet_in(bytes(12) + ethertype.to_bytes(2) + ip_packet(packet)) == packet
