"""IPv6 packets in Ethernet frames, as the responders and routers look at them. Nothing here raises on a short frame."""

import struct

import msgspec

from alcor.dataplane.frames import ETHERNET_HEADER, ETHERTYPE_IPV6, ethernet
from alcor.dataplane.ipv4 import checksum

PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMPV6 = 6, 17, 58
ECHO_REQUEST, ECHO_REPLY = 128, 129
ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 133, 134
NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT, REDIRECT = 135, 136, 137
UNSPECIFIED = bytes(16)
ALL_NODES = b"\xff\x02" + bytes(13) + b"\x01"

DEFAULT_HOP_LIMIT = 64

_HEADER = 40
_MINIMUM_MTU = 1280
_FIRST_INFORMATION = 128  # types below are errors
_FRAGMENT, _AUTHENTICATION = 44, 51
_EXTENSIONS = {0, 43, 60, _FRAGMENT, _AUTHENTICATION}  # hop by hop, routing, destination options
_MOST_EXTENSIONS = 16


class Ipv6(msgspec.Struct, frozen=True):
    """What the headers of an IPv6 packet say, and where in the frame what they carry begins and ends."""

    source: bytes
    destination: bytes
    hop_limit: int
    protocol: int  # of what comes behind the extension headers
    fragment_offset: int
    has_extensions: bool
    start: int
    end: int


def ipv6(frame: bytes) -> Ipv6 | None:
    """The headers of the IPv6 packet in a frame, or None when they, or what they carry, are not all there."""
    header = ethernet(frame)
    if header is None or header.ethertype != ETHERTYPE_IPV6 or len(frame) < ETHERNET_HEADER + _HEADER:
        return None
    length, protocol, hop_limit = struct.unpack_from("!HBB", frame, 18)
    start, end = ETHERNET_HEADER + _HEADER, ETHERNET_HEADER + _HEADER + length
    if frame[14] >> 4 != 6 or len(frame) < end:
        return None
    fragment_offset, extensions = 0, 0
    while protocol in _EXTENSIONS and not fragment_offset:
        extensions += 1
        if start + 8 > end or extensions > _MOST_EXTENSIONS:
            return None
        if protocol == _FRAGMENT:
            fragment_offset = int.from_bytes(frame[start + 2 : start + 4]) >> 3
            size = 8
        else:
            size = (frame[start + 1] + 2) * 4 if protocol == _AUTHENTICATION else (frame[start + 1] + 1) * 8
        protocol = frame[start]
        start += size
    if start > end:
        return None
    return Ipv6(frame[22:38], frame[38:54], hop_limit, protocol, fragment_offset, extensions > 0, start, end)


def icmpv6_type(frame: bytes, header: Ipv6) -> int | None:
    """The type of the ICMPv6 message in a packet; None when it has none, or its beginning is not here."""
    if header.protocol != PROTOCOL_ICMPV6 or header.fragment_offset or header.end < header.start + 4:
        return None
    return frame[header.start]


def udp_ports(frame: bytes, header: Ipv6) -> tuple[int, int] | None:
    """Source and destination port of the UDP datagram in a packet; None when it has none, or not its beginning."""
    if header.protocol != PROTOCOL_UDP or header.fragment_offset or header.end < header.start + 8:
        return None
    source, destination = struct.unpack_from("!HH", frame, header.start)
    return source, destination


def is_sound(frame: bytes, header: Ipv6) -> bool:
    """Whether the checksum over what the packet carries is right (RFC 8200, section 8.1)."""
    return _checksum(header.source, header.destination, header.protocol, frame[header.start : header.end]) == bytes(2)


def icmpv6_frame(macs: tuple[int, int], addresses: tuple[bytes, bytes], message: bytes, hop_limit: int = 255) -> bytes:
    """The frame that carries an ICMPv6 message, its checksum still zero, from the first of both to the second."""
    (source_mac, destination_mac), (source, destination) = macs, addresses
    summed = message[:2] + _checksum(source, destination, PROTOCOL_ICMPV6, message) + message[4:]
    return ipv6_frame(source_mac, destination_mac, source, destination, PROTOCOL_ICMPV6, summed, hop_limit)


def tcp_frame(macs: tuple[int, int], addresses: tuple[bytes, bytes], segment: bytes) -> bytes:
    """The frame that carries a TCP segment, its checksum still zero, from the first of both to the second."""
    (source_mac, destination_mac), (source, destination) = macs, addresses
    summed = segment[:16] + _checksum(source, destination, PROTOCOL_TCP, segment) + segment[18:]
    return ipv6_frame(source_mac, destination_mac, source, destination, PROTOCOL_TCP, summed, DEFAULT_HOP_LIMIT)


def udp_frame(
    macs: tuple[int, int], addresses: tuple[bytes, bytes], ports: tuple[int, int], data: bytes, hop_limit: int = 64
) -> bytes:
    """The frame that carries a UDP datagram from the first of each to the second."""
    (source_mac, destination_mac), (source, destination) = macs, addresses
    datagram = struct.pack("!HHHH", *ports, 8 + len(data), 0) + data
    summed = _checksum(source, destination, PROTOCOL_UDP, datagram)
    datagram = datagram[:6] + (b"\xff\xff" if summed == bytes(2) else summed) + data
    return ipv6_frame(source_mac, destination_mac, source, destination, PROTOCOL_UDP, datagram, hop_limit)


def ipv6_frame(
    source_mac: int, destination_mac: int, source: bytes, destination: bytes, protocol: int, payload: bytes,
    hop_limit: int,
) -> bytes:  # fmt: skip
    """The Ethernet frame of an IPv6 packet without extension headers."""
    ethernet_header = destination_mac.to_bytes(6) + source_mac.to_bytes(6) + ETHERTYPE_IPV6.to_bytes(2)
    header = struct.pack("!IHBB", 6 << 28, len(payload), protocol, hop_limit) + source + destination
    return ethernet_header + header + payload


def multicast_mac(address: bytes) -> int:
    """The Ethernet address of a multicast group (RFC 2464, section 7)."""
    return int.from_bytes(b"\x33\x33" + address[12:])


def _checksum(source: bytes, destination: bytes, protocol: int, payload: bytes) -> bytes:
    return checksum(source + destination + struct.pack("!II", len(payload), protocol) + payload)


def routed(frame: bytes, header: Ipv6, source_mac: int, destination_mac: int, routers: int = 1) -> bytes:
    """The frame as it goes on from a router: with other MAC addresses, its hop limit less by one for each."""
    macs = destination_mac.to_bytes(6) + source_mac.to_bytes(6)
    return macs + frame[12:21] + bytes((header.hop_limit - routers,)) + frame[22:]


def echo_reply(frame: bytes, header: Ipv6) -> bytes:
    """What the receiver of the echo request in a frame answers its sender; of a later fragment of it, the same."""
    head = frame[6:12] + frame[0:6] + frame[12:21] + bytes((DEFAULT_HOP_LIMIT,)) + frame[38:54] + frame[22:38]
    if header.fragment_offset:
        return head + frame[54:]
    answered = replaced_word(frame[header.start + 2 : header.start + 4], ECHO_REQUEST << 8, ECHO_REPLY << 8)
    start = frame[54 : header.start] + bytes((ECHO_REPLY,)) + frame[header.start + 1 : header.start + 2]
    return head + start + answered + frame[header.start + 4 :]


def replaced_word(summed: bytes, before: int, after: int) -> bytes:
    """A checksum when one word of what it sums has become another (RFC 1624): of a fragment the rest is not here."""
    total = (~int.from_bytes(summed) & 0xFFFF) + (~before & 0xFFFF) + after
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2)


def is_answered_with_errors(frame: bytes, header: Ipv6) -> bool:
    """Whether anybody may be told what became of a packet (RFC 4443, section 2.4e)."""
    if header.destination[0] == 0xFF or header.source[0] == 0xFF or header.source == UNSPECIFIED:
        return False
    if header.protocol != PROTOCOL_ICMPV6:
        return not header.fragment_offset
    kind = icmpv6_type(frame, header)
    return kind is not None and kind >= _FIRST_INFORMATION and kind != REDIRECT


def icmpv6_error(frame: bytes, header: Ipv6, sender: bytes, kind: int, code: int, value: int = 0) -> bytes:
    """What a router, from its address ``sender``, tells a packet's sender: why the packet was not routed (RFC 4443).

    It quotes as much of the packet as fits into the smallest that every link carries.
    """
    room = _MINIMUM_MTU - _HEADER - 8
    message = struct.pack("!BBHI", kind, code, 0, value) + frame[ETHERNET_HEADER : header.end][:room]
    macs = int.from_bytes(frame[0:6]), int.from_bytes(frame[6:12])
    return icmpv6_frame(macs, (sender, header.source), message, DEFAULT_HOP_LIMIT)
