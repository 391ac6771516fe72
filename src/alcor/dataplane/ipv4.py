"""IPv4 packets in Ethernet frames, as routers look at them and change them. Nothing here raises on a short frame."""

import struct

import msgspec

from alcor.dataplane.frames import ETHERNET_HEADER, ETHERTYPE_IPV4, ethernet

PROTOCOL_ICMP = 1
ECHO_REPLY, ECHO_REQUEST = 0, 8
DEFAULT_TTL = 64

_HEADER = 20
_INTERNETWORK_CONTROL = 0xC0  # RFC 1812, 4.3.2.5
_DONT_FRAGMENT, _MORE_FRAGMENTS, _FRAGMENT_OFFSET = 0x4000, 0x2000, 0x1FFF
_FRAGMENT_UNIT = 8
_END_OF_OPTIONS, _NO_OPERATION = 0, 1
_COPIED = 0x80  # an option is part of every fragment


class Ipv4(msgspec.Struct, frozen=True):
    """What the header of an IPv4 packet says, and where in the frame it ends."""

    source: int
    destination: int
    ttl: int
    protocol: int
    fragment_offset: int
    dont_fragment: bool
    end: int
    total: int  # of the packet, as it says itself


def ipv4(frame: bytes) -> Ipv4 | None:
    """The header of the IPv4 packet in a frame, or None when there is no whole one."""
    header = ethernet(frame)
    if header is None or header.ethertype != ETHERTYPE_IPV4 or len(frame) < ETHERNET_HEADER + _HEADER:
        return None
    end = ETHERNET_HEADER + (frame[14] & 0x0F) * 4
    if frame[14] >> 4 != 4 or end < ETHERNET_HEADER + _HEADER or len(frame) < end:
        return None
    total, _, fragment = struct.unpack_from("!HHH", frame, 16)
    if total < end - ETHERNET_HEADER:
        return None
    source, destination = struct.unpack_from("!II", frame, 26)
    offset, dont_fragment = fragment & _FRAGMENT_OFFSET, bool(fragment & _DONT_FRAGMENT)
    return Ipv4(source, destination, frame[22], frame[23], offset, dont_fragment, end, total)


def icmp_type(frame: bytes, header: Ipv4) -> int | None:
    """The type of the ICMP message in a packet; None when it has none, or its beginning is not here."""
    if header.protocol != PROTOCOL_ICMP or header.fragment_offset or len(frame) < header.end + 8:
        return None
    return frame[header.end]


def routed(frame: bytes, header: Ipv4, source_mac: int, destination_mac: int, routers: int) -> bytes:
    """The frame as it goes on from the last of some routers: with other MAC addresses, its time to live less by one
    for each."""
    packet = bytearray(frame)
    packet[0:12] = destination_mac.to_bytes(6) + source_mac.to_bytes(6)
    packet[22] -= routers
    _set_header_checksum(packet, header.end)
    return bytes(packet)


def echo_reply(frame: bytes, header: Ipv4) -> bytes:
    """What the receiver of the echo request in a frame answers its sender; of a later fragment of it, the same."""
    packet = bytearray(frame)
    packet[0:12] = frame[6:12] + frame[0:6]
    packet[22] = DEFAULT_TTL
    packet[26:34] = frame[30:34] + frame[26:30]
    _set_header_checksum(packet, header.end)
    if header.fragment_offset:
        return bytes(packet)
    # From the old checksum (RFC 1624), since what follows may be in other fragments.
    (old,) = struct.unpack_from("!H", packet, header.end + 2)
    was, packet[header.end] = packet[header.end] << 8, ECHO_REPLY
    packet[header.end + 2 : header.end + 4] = checksum(struct.pack("!HHH", ~old & 0xFFFF, ~was & 0xFFFF, 0))
    return bytes(packet)


def fragments(frame: bytes, header: Ipv4, largest: int) -> list[bytes]:
    """The frames of a packet taken to pieces, each of at most so many bytes of IP (RFC 791, 3.2).

    They go on by the same MAC addresses. None of a packet that cannot be: if not even its header has room, or nobody
    could put it together.
    """
    data = frame[header.end : ETHERNET_HEADER + header.total]
    head, (fragment,) = frame[ETHERNET_HEADER : header.end], struct.unpack_from("!H", frame, 20)
    following = head[:_HEADER] + _copied_options(head[_HEADER:])
    pieces, start = [], 0
    while len(data) - start > largest - len(head):
        size = (largest - len(head)) // _FRAGMENT_UNIT * _FRAGMENT_UNIT
        offset = header.fragment_offset + start // _FRAGMENT_UNIT
        if size <= 0 or offset + size // _FRAGMENT_UNIT > _FRAGMENT_OFFSET:
            return []
        pieces.append(_piece(frame, head, _MORE_FRAGMENTS | offset, data[start : start + size]))
        head, start = following, start + size
    offset = header.fragment_offset + start // _FRAGMENT_UNIT
    pieces.append(_piece(frame, head, fragment & _MORE_FRAGMENTS | offset, data[start:]))
    return pieces


def _piece(frame: bytes, head: bytes, fragment: int, data: bytes) -> bytes:
    end = ETHERNET_HEADER + len(head)
    packet = bytearray(frame[:ETHERNET_HEADER] + head + data)
    packet[14] = 4 << 4 | len(head) // 4
    struct.pack_into("!H", packet, 16, len(head) + len(data))
    struct.pack_into("!H", packet, 20, fragment)
    _set_header_checksum(packet, end)
    return bytes(packet)


def _copied_options(options: bytes) -> bytes:
    copied, at = b"", 0
    while at < len(options) and options[at] != _END_OF_OPTIONS:
        length = 1 if options[at] == _NO_OPERATION else int.from_bytes(options[at + 1 : at + 2])
        if length < 1 + (options[at] != _NO_OPERATION) or at + length > len(options):
            break
        if options[at] & _COPIED:
            copied += options[at : at + length]
        at += length
    return copied + bytes(-len(copied) % 4)


def icmp_error(frame: bytes, header: Ipv4, sender: int, kind: int, code: int, value: int = 0) -> bytes:
    """What a router, from its address ``sender``, tells a packet's sender: why the packet was not routed (RFC 792).

    It quotes the packet's header and the first 8 bytes behind it. ``value`` is how many bytes a packet may have when
    this one had too many (RFC 1191, 4).
    """
    quoted = frame[ETHERNET_HEADER : header.end + 8]
    message = struct.pack("!BBHI", kind, code, 0, value) + quoted
    message = message[:2] + checksum(message) + message[4:]
    ethernet = frame[6:12] + frame[0:6] + ETHERTYPE_IPV4.to_bytes(2)
    return ethernet + ipv4_packet(sender, header.source, PROTOCOL_ICMP, message, _INTERNETWORK_CONTROL)


def ipv4_packet(source: int, destination: int, protocol: int, body: bytes, service: int = 0) -> bytes:
    """A packet that its sender makes."""
    total = _HEADER + len(body)
    header = struct.pack("!BBHHHBBHII", 0x45, service, total, 0, 0, DEFAULT_TTL, protocol, 0, source, destination)
    return header[:10] + checksum(header) + header[12:] + body


def checksum(data: bytes | bytearray) -> bytes:
    """The Internet checksum (RFC 1071)."""
    padded = bytes(data) + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return int.to_bytes(~total & 0xFFFF, 2)


def _set_header_checksum(packet: bytearray, end: int) -> None:
    packet[24:26] = bytes(2)
    packet[24:26] = checksum(packet[ETHERNET_HEADER:end])
