"""The packet of a trace in bytes, for data planes that are asked what they would do with it."""

import struct

from alcor.dataplane.ipv4 import ipv4_packet
from alcor.dataplane.ipv6 import DEFAULT_HOP_LIMIT
from alcor.dataplane.packet import ICMP, ICMPV6, SCTP, TCP, UDP, Packet

_SYN = 0x5002  # a header of five words, and the flag
_WINDOW = 65535


def ip_packet(packet: Packet) -> bytes:
    """The IP packet, the first of a connection, with no data; checksums of what it carries stay zero."""
    body = _body(packet)
    if not packet.ipv6:
        source, destination = int.from_bytes(packet.source), int.from_bytes(packet.destination)
        return ipv4_packet(source, destination, packet.protocol, body)
    header = struct.pack("!IHBB", 6 << 28, len(body), packet.protocol, DEFAULT_HOP_LIMIT)
    return header + packet.source + packet.destination + body


def _body(packet: Packet) -> bytes:
    ports = packet.source_port or 0, packet.destination_port or 0
    if packet.protocol == TCP:
        return struct.pack("!HHIIHHHH", *ports, 0, 0, _SYN, _WINDOW, 0, 0)
    if packet.protocol == UDP:
        return struct.pack("!HHHH", *ports, 8, 0)
    if packet.protocol in (ICMP, ICMPV6):
        return struct.pack("!BBHI", *ports, 0, 0)
    if packet.protocol == SCTP:
        return struct.pack("!HHII", *ports, 0, 0)
    return b""
