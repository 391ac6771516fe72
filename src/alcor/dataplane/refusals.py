"""What a host that listens on no port answers, as Linux does: packets for a router's own addresses get it."""

import struct

from alcor.dataplane import ipv6
from alcor.dataplane.frames import ETHERNET_HEADER, ETHERTYPE_IPV4
from alcor.dataplane.ipv4 import PROTOCOL_ICMP, Ipv4, checksum, icmp_error, ipv4_packet
from alcor.dataplane.ipv6 import Ipv6
from alcor.dataplane.routed_packets import Header

PROTOCOL_TCP, PROTOCOL_UDP = 6, 17
_UNREACHABLE, _PROTOCOL, _PORT = 3, 2, 3
_UNREACHABLE_IPV6, _PORT_IPV6 = 1, 4
_TCP_HEADER = 20
_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10


def refusal(frame: bytes, header: Header) -> bytes | None:
    """The answer to a packet from the address that it was sent to; None for what is not answered.

    TCP gets a reset (RFC 9293, 3.5.2), UDP an error, and over IPv4 protocols that nobody speaks do, too (RFC 1122,
    3.2.2.1; RFC 4443, 3.1). ICMP gets nothing, nor does any but the first fragment.
    """
    if header.fragment_offset:
        return None
    if header.protocol == PROTOCOL_TCP:
        return _reset(frame, header)
    if isinstance(header, Ipv6):
        if header.protocol != PROTOCOL_UDP or not ipv6.is_answered_with_errors(frame, header):
            return None
        return ipv6.icmpv6_error(frame, header, header.destination, _UNREACHABLE_IPV6, _PORT_IPV6)
    if header.protocol == PROTOCOL_ICMP:
        return None
    code = _PORT if header.protocol == PROTOCOL_UDP else _PROTOCOL
    return icmp_error(frame, header, header.destination, _UNREACHABLE, code)


def _reset(frame: bytes, header: Header) -> bytes | None:
    start, end = (
        (header.end, ETHERNET_HEADER + header.total) if isinstance(header, Ipv4) else (header.start, header.end)
    )
    segment = frame[start:end]
    if len(segment) < _TCP_HEADER:
        return None
    source, destination, sequence, acknowledged, offset, flags = struct.unpack_from("!HHIIBB", segment)
    data = len(segment) - (offset >> 4) * 4
    if flags & _RST or data < 0:
        return None
    if flags & _ACK:
        numbers = (acknowledged, 0, 0x50, _RST)
    else:
        length = data + bool(flags & _SYN) + bool(flags & _FIN)
        numbers = (0, (sequence + length) & 0xFFFFFFFF, 0x50, _RST | _ACK)
    reset = struct.pack("!HHIIBBHHH", destination, source, *numbers, 0, 0, 0)
    if isinstance(header, Ipv6):
        macs = int.from_bytes(frame[0:6]), int.from_bytes(frame[6:12])
        return ipv6.tcp_frame(macs, (header.destination, header.source), reset)
    pseudo = struct.pack("!IIBBH", header.destination, header.source, 0, PROTOCOL_TCP, len(reset))
    reset = reset[:16] + checksum(pseudo + reset) + reset[18:]
    ethernet = frame[6:12] + frame[0:6] + ETHERTYPE_IPV4.to_bytes(2)
    return ethernet + ipv4_packet(header.destination, header.source, PROTOCOL_TCP, reset)
