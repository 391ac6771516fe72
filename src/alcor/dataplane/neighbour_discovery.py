"""Messages of neighbour discovery in Ethernet frames (RFC 4861). Parsing never raises and is bounded by the frame."""

import struct
from collections.abc import Iterator

import msgspec

from alcor.dataplane import ipv6
from alcor.dataplane.ipv6 import ALL_NODES, NEIGHBOUR_ADVERTISEMENT, NEIGHBOUR_SOLICITATION, UNSPECIFIED, Ipv6

SOURCE_ADDRESS, TARGET_ADDRESS = 1, 2
"""Options with a MAC address."""

_HOP_LIMIT = 255
_ROUTER, _SOLICITED, _OVERRIDE = 1 << 31, 1 << 30, 1 << 29


class NeighbourSolicitation(msgspec.Struct, frozen=True):
    """Who has the target? Asked by ``source``, or by somebody who tries for the target himself (``::``)."""

    source_mac: int
    source: bytes
    target: bytes
    options: dict[int, bytes]

    def is_probe(self) -> bool:
        """Whether it is duplicate address detection (RFC 4862, section 5.4)."""
        return self.source == UNSPECIFIED


class NeighbourAdvertisement(msgspec.Struct, frozen=True):
    """The target is at a MAC address."""

    target: bytes
    mac: int
    is_router: bool


def neighbour_solicitation(frame: bytes) -> NeighbourSolicitation | None:
    """The neighbour solicitation in a frame, or None when there is none that is valid (RFC 4861, section 7.1.1)."""
    header = ipv6.ipv6(frame)
    if header is None or not is_valid(frame, header, NEIGHBOUR_SOLICITATION, 24):
        return None
    target, options = frame[header.start + 8 : header.start + 24], parse_options(frame[header.start + 24 : header.end])
    if target[0] == 0xFF or options is None:
        return None
    if header.source == UNSPECIFIED and (SOURCE_ADDRESS in options or header.destination != solicited_node(target)):
        return None
    return NeighbourSolicitation(int.from_bytes(frame[6:12]), header.source, target, options)


def is_valid(frame: bytes, header: Ipv6, kind: int, least: int) -> bool:
    """Whether a packet has a message of this type, as long as this at least, and nobody but a neighbour sent it."""
    return (
        ipv6.icmpv6_type(frame, header) == kind
        and not header.has_extensions
        and header.hop_limit == _HOP_LIMIT
        and header.end - header.start >= least
        and frame[header.start + 1] == 0
        and ipv6.is_sound(frame, header)
    )


def advertised(frame: bytes, header: Ipv6) -> tuple[bytes, int | None] | None:
    """The target that a neighbour advertisement tells of, and its MAC address if it names one; None when malformed."""
    if header.end - header.start < 24 or frame[header.start + 1] != 0:
        return None
    options = parse_options(frame[header.start + 24 : header.end])
    if options is None:
        return None
    mac = options.get(TARGET_ADDRESS)
    return frame[header.start + 8 : header.start + 24], None if mac is None else int.from_bytes(mac)


def answer_frame(request: NeighbourSolicitation, answer: NeighbourAdvertisement) -> bytes:
    """The frame that answers a solicitation: all hear it when the one who asked has no address yet."""
    if request.is_probe():
        return advertisement_frame(answer, ipv6.multicast_mac(ALL_NODES), ALL_NODES, 0)
    return advertisement_frame(answer, request.source_mac, request.source, _SOLICITED)


def announcement_frame(answer: NeighbourAdvertisement) -> bytes:
    """The frame that tells everybody without having been asked."""
    return advertisement_frame(answer, ipv6.multicast_mac(ALL_NODES), ALL_NODES, 0)


def advertisement_frame(answer: NeighbourAdvertisement, mac: int, address: bytes, flags: int) -> bytes:
    """The frame of a neighbour advertisement to somebody."""
    flags |= _OVERRIDE | (_ROUTER if answer.is_router else 0)
    message = struct.pack("!BBHI", NEIGHBOUR_ADVERTISEMENT, 0, 0, flags) + answer.target
    message += mac_option(TARGET_ADDRESS, answer.mac)
    return ipv6.icmpv6_frame((answer.mac, mac), (answer.target, address), message)


def mac_option(kind: int, mac: int) -> bytes:
    """An option with a MAC address."""
    return bytes((kind, 1)) + mac.to_bytes(6)


def parse_options(data: bytes) -> dict[int, bytes] | None:
    """The first option of each kind, without type and length; None when one runs over the end or has no length."""
    options: dict[int, bytes] = {}
    for kind, value in _options(data):
        if value is None:
            return None
        options.setdefault(kind, value)
    return options


def solicited_node(address: bytes) -> bytes:
    """The group in which who has the address is asked for it (RFC 4291, section 2.7.1)."""
    return b"\xff\x02" + bytes(9) + b"\x01\xff" + address[13:]


def _options(data: bytes) -> Iterator[tuple[int, bytes | None]]:
    position = 0
    while position < len(data):
        end = position + data[position + 1] * 8 if position + 1 < len(data) else position
        if end == position or end > len(data):
            yield data[position], None
            return
        yield data[position], data[position + 2 : end]
        position = end
