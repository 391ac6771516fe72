"""What routers do to packets, whichever the version of IP. Nothing here raises on a short frame."""

import enum

from alcor.dataplane import ipv4, ipv6
from alcor.dataplane.frames import ETHERNET_HEADER, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ethernet
from alcor.dataplane.ipv4 import Ipv4
from alcor.dataplane.ipv6 import Ipv6
from alcor.model.addresses import Address, is_link_local

Header = Ipv4 | Ipv6


class Failure(enum.Enum):
    """Why a packet is not routed: type and code of the error that says so, of ICMP and of ICMPv6."""

    TIME_EXCEEDED = ((11, 0), (3, 0))
    NETWORK_UNREACHABLE = ((3, 0), (1, 0))
    HOST_UNREACHABLE = ((3, 1), (1, 3))
    BEYOND_SCOPE = ((3, 0), (1, 2))
    TOO_BIG = ((3, 4), (2, 0))


def header_of(frame: bytes) -> Header | None:
    """The header of the IP packet in a frame, or None when there is no whole one."""
    header = ethernet(frame)
    if header is None or header.ethertype not in (ETHERTYPE_IPV4, ETHERTYPE_IPV6):
        return None
    return ipv4.ipv4(frame) if header.ethertype == ETHERTYPE_IPV4 else ipv6.ipv6(frame)


def size_of(header: Header) -> int:
    """Of the packet, in bytes."""
    return header.total if isinstance(header, Ipv4) else header.end - ETHERNET_HEADER


def time_to_live(header: Header) -> int:
    """How many more routers a packet may go through, the last of which drops it."""
    return header.ttl if isinstance(header, Ipv4) else header.hop_limit


def stays_in_subnet(header: Header) -> bool:
    """Whether a packet's source means nothing beyond its subnet (RFC 4291, sections 2.5.2 and 2.5.6)."""
    return isinstance(header, Ipv6) and (is_link_local(header.source) or header.source == ipv6.UNSPECIFIED)


def is_echo_request(frame: bytes, header: Header) -> bool:
    """Whether somebody pings."""
    if isinstance(header, Ipv4):
        return ipv4.icmp_type(frame, header) == ipv4.ECHO_REQUEST
    return ipv6.icmpv6_type(frame, header) == ipv6.ECHO_REQUEST


def echo_reply(frame: bytes, header: Header) -> bytes:
    """What the receiver of the echo request in a frame answers its sender."""
    return ipv4.echo_reply(frame, header) if isinstance(header, Ipv4) else ipv6.echo_reply(frame, header)


def routed(frame: bytes, header: Header, source_mac: int, destination_mac: int, routers: int) -> bytes:
    """The frame as it goes on, after so many routers."""
    if isinstance(header, Ipv4):
        return ipv4.routed(frame, header, source_mac, destination_mac, routers)
    return ipv6.routed(frame, header, source_mac, destination_mac, routers)


def fragments(frame: bytes, header: Header, largest: int) -> list[bytes]:
    """The frames of a packet taken to pieces, each of at most so many bytes of IP.

    None of a packet that no router may take to pieces: of IPv4 its sender says so, of IPv6 all are (RFC 8200, 5).
    """
    if isinstance(header, Ipv6) or header.dont_fragment:
        return []
    return ipv4.fragments(frame, header, largest)


def error_frame(frame: bytes, header: Header, sender: Address, failure: Failure, largest: int = 0) -> bytes | None:
    """What a router tells a packet's sender from its address there; None for a packet that gets no error.

    ``largest`` is how many bytes a packet may have when this one had too many.

    Errors are not answered with errors, nor is any but the first fragment (RFC 1812, 4.3.2.7; RFC 4443, 2.4).
    """
    of_ipv4, of_ipv6 = failure.value
    if isinstance(header, Ipv4) and isinstance(sender, int):
        is_error = header.protocol == ipv4.PROTOCOL_ICMP and not is_echo_request(frame, header)
        if is_error or header.fragment_offset:
            return None
        return ipv4.icmp_error(frame, header, sender, *of_ipv4, largest)
    if isinstance(header, Ipv6) and isinstance(sender, bytes) and ipv6.is_answered_with_errors(frame, header):
        return ipv6.icmpv6_error(frame, header, sender, *of_ipv6, largest)
    return None
