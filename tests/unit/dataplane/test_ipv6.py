"""IPv6 headers are read through their extensions, and never beyond the frame."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane import ipv6
from tests.conformance.driver import packets

SOURCE, DESTINATION = bytes(15) + b"\1", bytes(15) + b"\2"
UDP = packets.udp_payload(546, 547, b"data")


def frame(protocol: int, payload: bytes) -> bytes:
    return packets.ethernet(2, 1, 0x86DD, packets.ipv6(SOURCE, DESTINATION, protocol, payload, hop_limit=9))


def test_a_header_says_from_where_to_where() -> None:
    header = ipv6.ipv6(frame(17, UDP) + bytes(4))
    assert header == ipv6.Ipv6(SOURCE, DESTINATION, 9, 17, 0, False, 54, 54 + len(UDP))


def test_what_is_behind_extension_headers_is_found() -> None:
    hop_by_hop, options = bytes((60, 0)) + bytes(6), bytes((44, 1)) + bytes(14)
    fragment, authentication = bytes((51, 0, 0, 1)) + bytes(4), bytes((17, 4)) + bytes(22)
    packet = frame(0, hop_by_hop + options + fragment + authentication + UDP)
    header = ipv6.ipv6(packet)
    assert header is not None and header.has_extensions
    assert ipv6.udp_ports(packet, header) == (546, 547)


def test_a_later_fragment_has_no_ports_and_no_type() -> None:
    packet = frame(44, bytes((17, 0)) + struct.pack("!H", 8 << 3) + bytes(4) + UDP)
    header = ipv6.ipv6(packet)
    assert header is not None and header.fragment_offset == 8
    assert ipv6.udp_ports(packet, header) is None
    assert ipv6.icmpv6_type(packet, header) is None


def test_what_is_made_is_read_and_sound() -> None:
    message = ipv6.icmpv6_frame((1, 2), (SOURCE, DESTINATION), bytes((128, 0, 0, 0)) + b"odd")
    header = ipv6.ipv6(message)
    assert header is not None and ipv6.icmpv6_type(message, header) == 128
    assert ipv6.is_sound(message, header) and not ipv6.is_sound(message[:-1] + b"?", header)
    datagram = ipv6.udp_frame((1, 2), (SOURCE, DESTINATION), (547, 546), b"data")
    header = ipv6.ipv6(datagram)
    assert header is not None and ipv6.udp_ports(datagram, header) == (547, 546)
    assert ipv6.is_sound(datagram, header) and header.hop_limit == 64


def test_headers_that_run_over_the_end_are_none() -> None:
    for packet in (frame(17, UDP)[:-1], frame(0, bytes((17, 9)) + UDP), frame(0, bytes((0, 0, 0, 0, 0, 0, 0, 0)) * 17)):
        assert ipv6.ipv6(packet) is None


@given(st.sampled_from([0, 17, 43, 44, 51, 58, 60]), st.binary(max_size=60), st.integers(0, 114))
def test_nothing_raises_on_garbage(protocol: int, payload: bytes, length: int) -> None:
    packet = frame(protocol, payload)[:length]
    header = ipv6.ipv6(packet)
    if header is not None:
        assert header.start <= header.end <= len(packet)
        ipv6.icmpv6_type(packet, header)
        ipv6.udp_ports(packet, header)
        ipv6.is_sound(packet, header)
