"""Packets that flows and the data plane in memory are asked about, to compare what they say."""

from typing import NamedTuple

from hypothesis import strategies as st

from tests.conformance.driver import packets

ETHERTYPES = {False: 0x0800, True: 0x86DD}
ADDRESSES = {False: (bytes((10, 0, 0, 1)), bytes((10, 1, 0, 1))), True: (b"\xfd" + bytes(15), b"\xfd\1" + bytes(14))}
"""Of source and destination, by whether they are of IPv6."""
PROTOCOLS = st.sampled_from([1, 6, 17, 47])
"""1 is ICMPv6 over IPv6."""
PORTS = st.sampled_from([0, 8, 9, 53, 128])


class Asked(NamedTuple):
    """A packet that begins something."""

    protocol: int
    begins: int  # the ICMP type of an echo request
    frame: bytes


def asked_packet(ipv6: bool, kind: int, port: int) -> Asked:
    """From port 1111 to a port, or an echo request, or something without ports."""
    source, destination = ADDRESSES[ipv6]
    protocol, begins = (58 if ipv6 and kind == 1 else kind), (128 if ipv6 else 8)
    bodies = {
        6: packets.tcp(source, destination, (1111, port), 2),
        17: packets.udp(source, destination, 1111, port, b""),
        47: bytes(8),
    }
    body = bodies.get(protocol, packets.icmp(source, destination, begins, 0, bytes(4)))
    return Asked(protocol, begins, packets.ip_frame(1, 2, source, destination, protocol, body))
