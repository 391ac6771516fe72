"""Frames from one port to another, each unlike any other, to see what a data plane lets pass."""

import itertools
import struct
from collections.abc import Callable

from alcor.dataplane.driver import Endpoint
from tests.conformance.driver import packets

ICMP, TCP, UDP, GRE, ICMPV6, SCTP = 1, 6, 17, 47, 58, 132
SYN, ACK, SYN_ACK = 0x02, 0x10, 0x12
_serial = itertools.count(1)
Probe = Callable[[Endpoint, Endpoint], bytes]
"""Makes a frame from one port to another, unlike any other."""


def addresses(source: Endpoint, target: Endpoint, ipv6: bool) -> tuple[bytes, bytes]:
    if ipv6:
        return source.ipv6[0], target.ipv6[0]
    return source.ipv4[0].to_bytes(4), target.ipv4[0].to_bytes(4)


def framed(source: Endpoint, target: Endpoint, ipv6: bool, protocol: int, payload: bytes) -> bytes:
    return packets.ip_frame(target.mac, source.mac, *addresses(source, target, ipv6), protocol, payload)


def _unlike_any_other() -> bytes:
    return b"%016d" % next(_serial)


def udp(port: int, source_port: int = 0, ipv6: bool = False) -> Probe:
    """Unless told, each from another port."""

    def probe(source: Endpoint, target: Endpoint) -> bytes:
        own = source_port or 20000 + next(_serial)
        body = packets.udp(*addresses(source, target, ipv6), own, port, _unlike_any_other())
        return framed(source, target, ipv6, UDP, body)

    return probe


def tcp(
    port: int, source_port: int = 0, ipv6: bool = False, flags: int = SYN, numbers: tuple[int, int] = (1000, 0)
) -> Probe:
    def probe(source: Endpoint, target: Endpoint) -> bytes:
        ports = source_port or 20000 + next(_serial), port
        data = b"" if flags & SYN else _unlike_any_other()
        return framed(
            source, target, ipv6, TCP, packets.tcp(*addresses(source, target, ipv6), ports, flags, numbers, data)
        )

    return probe


def icmp(kind: int, code: int = 0, ipv6: bool = False, identifier: int = 0) -> Probe:
    def probe(source: Endpoint, target: Endpoint) -> bytes:
        rest = struct.pack("!HH", identifier or next(_serial), next(_serial)) + _unlike_any_other()
        body = packets.icmp(*addresses(source, target, ipv6), kind, code, rest)
        return framed(source, target, ipv6, ICMPV6 if ipv6 else ICMP, body)

    return probe


def sctp(port: int, source_port: int = 0) -> Probe:
    def probe(source: Endpoint, target: Endpoint) -> bytes:
        body = struct.pack("!HHII", source_port or 20000 + next(_serial), port, 0, 0) + _unlike_any_other()
        return framed(source, target, False, SCTP, body)

    return probe


def other(protocol: int, ipv6: bool = False) -> Probe:
    return lambda source, target: framed(source, target, ipv6, protocol, _unlike_any_other())
