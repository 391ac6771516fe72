"""By which of several ways a packet goes."""

import zlib
from collections.abc import Sequence

from alcor.dataplane.driver import Way
from alcor.dataplane.packet import SCTP, TCP, UDP, packet_in

_WITH_PORTS = (TCP, UDP, SCTP)
_IPV4_FRAGMENT = 0x3FFF  # more fragments, or an offset
_IPV6_FRAGMENT = 44


def chosen(ways: Sequence[Way], frame: bytes) -> Way | None:
    """The same for all packets of a connection, in both directions; None when there is no way."""
    if len(ways) < 2:
        return ways[0] if ways else None
    packet = packet_in(frame)
    if packet is None:
        return ways[0]
    ends = [(packet.source, 0), (packet.destination, 0)]
    if packet.protocol in _WITH_PORTS and not _is_fragment(frame, packet.ipv6):
        ends = [(packet.source, packet.source_port or 0), (packet.destination, packet.destination_port or 0)]
    key = b"".join(address + port.to_bytes(2) for address, port in sorted(ends))
    return ways[zlib.crc32(key) % len(ways)]


def _is_fragment(frame: bytes, ipv6: bool) -> bool:
    return frame[20] == _IPV6_FRAGMENT if ipv6 else bool(int.from_bytes(frame[20:22]) & _IPV4_FRAGMENT)
