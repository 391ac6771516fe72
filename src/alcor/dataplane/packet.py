"""IP packets as security groups and network ACLs see them: who speaks to whom, and what answers what."""

from typing import NamedTuple

from alcor.dataplane.frames import ETHERNET_HEADER, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ethernet

ICMP, TCP, UDP, ICMPV6, SCTP = 1, 6, 17, 58, 132
ESSENTIAL_ICMPV6 = (130, 131, 132, 135, 136, 143)  # multicast listeners, neighbours (RFC 2710, RFC 3810, RFC 4861)
_WITH_PORTS = (ICMP, TCP, UDP, ICMPV6, SCTP)

_IPV4_HEADER, _IPV6_HEADER = 20, 40
_LATER_FRAGMENT = 0x1FFF
_FRAGMENT = 44
_EXTENSIONS = (0, 43, 60, _FRAGMENT)  # hop-by-hop, routing, destination options (RFC 8200)
_REQUESTS = {(ICMP, 0): 8, (ICMP, 14): 13, (ICMPV6, 129): 128}  # by the answer
_BEGINNINGS = {ICMP: (8, 13, 15, 17), ICMPV6: (128,)}  # the requests that there are answers to
_LONERS = {(ICMPV6, 134), (ICMPV6, 137)}  # router advertisements and redirects
_ERRORS = {(ICMP, kind) for kind in (3, 4, 5, 11, 12)} | {(ICMPV6, kind) for kind in (1, 2, 3, 4)}
_ERROR_HEADER = 8


class Packet(NamedTuple):
    """An IP packet. Ports are those of TCP, UDP and SCTP, or the type and code of ICMP; None where there are none."""

    ipv6: bool
    source: bytes
    destination: bytes
    protocol: int
    source_port: int | None = None
    destination_port: int | None = None
    identifier: int = 0  # of an ICMP echo
    quoted: bytes = b""  # what an ICMP error is about
    later_fragment: bool = False  # of use to nobody without the first, which says what it belongs to

    def other_end(self, ingress: bool) -> bytes:
        """The address of whom the workload speaks to."""
        return self.source if ingress else self.destination

    def is_whole(self) -> bool:
        """False for a later fragment of a packet, or one cut short: it does not say what it belongs to."""
        return self.source_port is not None or self.protocol not in _WITH_PORTS

    def is_alone(self) -> bool:
        """True when it never belongs to a connection."""
        return (self.protocol, self.source_port) in _LONERS

    def may_begin(self) -> bool:
        """True when a connection can begin with it."""
        kinds = _BEGINNINGS.get(self.protocol)
        return kinds is None or self.source_port in kinds

    def answered(self) -> "Packet":
        """The packet with which the connection began that this one is an answer in, if it is one."""
        if self.protocol in (ICMP, ICMPV6):
            request = _REQUESTS.get((self.protocol, self.source_port or 0), -1)
            return self._replace(source=self.destination, destination=self.source, source_port=request)
        return Packet(self.ipv6, self.destination, self.source, self.protocol, self.destination_port, self.source_port)


def packet_in(frame: bytes) -> Packet | None:
    """The IP packet in a frame, or None when there is no whole header of one."""
    header = ethernet(frame)
    if header is None or header.ethertype not in (ETHERTYPE_IPV4, ETHERTYPE_IPV6):
        return None
    return _packet(frame[ETHERNET_HEADER:], header.ethertype == ETHERTYPE_IPV6)


def _packet(data: bytes, ipv6: bool) -> Packet | None:
    return _ipv6(data) if ipv6 else _ipv4(data)


def _ipv4(data: bytes) -> Packet | None:
    length = (data[0] & 0x0F) * 4 if data else 0
    if length < _IPV4_HEADER or len(data) < length or data[0] >> 4 != 4:
        return None
    packet = Packet(False, data[12:16], data[16:20], data[9])
    if int.from_bytes(data[6:8]) & _LATER_FRAGMENT:
        return packet._replace(later_fragment=True)
    return _with_ports(packet, data[length:])


def _ipv6(data: bytes) -> Packet | None:
    if len(data) < _IPV6_HEADER or data[0] >> 4 != 6:
        return None
    protocol, position = data[6], _IPV6_HEADER
    whole = True
    while protocol in _EXTENSIONS and len(data) >= position + 8:
        if protocol == _FRAGMENT and int.from_bytes(data[position + 2 : position + 4]) >> 3:
            whole = False
        length = 8 if protocol == _FRAGMENT else 8 + data[position + 1] * 8
        protocol, position = data[position], position + length
    packet = Packet(True, data[8:24], data[24:40], protocol)
    return _with_ports(packet, data[position:]) if whole else packet._replace(later_fragment=True)


def _with_ports(packet: Packet, body: bytes) -> Packet:
    if packet.protocol in (TCP, UDP, SCTP) and len(body) >= 4:
        return packet._replace(source_port=int.from_bytes(body[:2]), destination_port=int.from_bytes(body[2:4]))
    if packet.protocol in (ICMP, ICMPV6) and len(body) >= _ERROR_HEADER:
        packet = packet._replace(source_port=body[0], destination_port=body[1])
        if (packet.protocol, body[0]) in _ERRORS:
            return packet._replace(quoted=body[_ERROR_HEADER:])
        return packet._replace(identifier=int.from_bytes(body[4:6]))
    return packet


def quoted_packet(packet: Packet) -> Packet | None:
    """The packet that an ICMP error is about."""
    return _packet(packet.quoted, packet.ipv6) if packet.quoted else None
