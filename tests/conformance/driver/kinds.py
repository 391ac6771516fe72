"""What a rule may say of protocol, ports and types, which packets it is about then, and which not."""

from typing import NamedTuple

from tests.conformance.driver.probes import GRE, ICMP, ICMPV6, SCTP, TCP, UDP, Probe, icmp, other, sctp, tcp, udp

ALL_IPV4 = (udp(1), tcp(65535), icmp(8), other(GRE), sctp(9))
ALL_IPV6 = (udp(1, ipv6=True), tcp(65535, ipv6=True), icmp(128, ipv6=True), other(GRE, ipv6=True))


class Said(NamedTuple):
    """Ports are a range of the destination's; of ICMP they are type and code. What is None is any."""

    protocol: int | None = None
    low: int | None = None
    high: int | None = None
    ipv6: bool = False


class Kind(NamedTuple):
    """What a rule says, what it is about, and what not."""

    said: Said
    its: tuple[Probe, ...]
    others: tuple[Probe, ...]


KINDS = {
    "a protocol that nobody uses": Kind(Said(254), (), (*ALL_IPV4, *ALL_IPV6)),
    "anything": Kind(Said(), ALL_IPV4, ALL_IPV6),
    "anything of IPv6": Kind(Said(ipv6=True), ALL_IPV6, ALL_IPV4),
    "TCP": Kind(Said(TCP), (tcp(1), tcp(65535)), (udp(1), icmp(8), other(GRE), tcp(1, ipv6=True))),
    "one TCP port": Kind(Said(TCP, 443, 443), (tcp(443),), (tcp(442), tcp(444), udp(443))),
    "UDP ports that are no power of two": Kind(
        Said(UDP, 1001, 1999), (udp(1001), udp(1024), udp(1500), udp(1999)), (udp(1000), udp(2000), tcp(1500))
    ),
    "TCP ports of IPv6": Kind(
        Said(TCP, 80, 90, ipv6=True), (tcp(80, ipv6=True), tcp(90, ipv6=True)), (tcp(79, ipv6=True), tcp(85))
    ),
    "UDP ports of IPv6": Kind(Said(UDP, 53, 53, ipv6=True), (udp(53, ipv6=True),), (udp(54, ipv6=True), udp(53))),
    "all ports": Kind(Said(UDP, 0, 65535), (udp(1), udp(65535)), (tcp(1),)),
    "SCTP ports": Kind(Said(SCTP, 9, 11), (sctp(9), sctp(11)), (sctp(8), sctp(12), udp(9))),
    "ICMP": Kind(Said(ICMP), (icmp(8), icmp(13)), (udp(8), icmp(128, ipv6=True))),
    "an ICMP type": Kind(Said(ICMP, 8), (icmp(8),), (icmp(13), udp(8))),
    "an ICMP type and code": Kind(Said(ICMP, 8, 0), (icmp(8),), (icmp(13),)),
    "another ICMP code": Kind(Said(ICMP, 8, 1), (), (icmp(8),)),
    "an ICMPv6 type": Kind(Said(ICMPV6, 128, ipv6=True), (icmp(128, ipv6=True),), (icmp(8), udp(1, ipv6=True))),
    "another ICMPv6 type": Kind(Said(ICMPV6, 100, ipv6=True), (), (icmp(128, ipv6=True),)),
    "a protocol by number": Kind(Said(GRE), (other(GRE),), (other(50), udp(1), other(GRE, ipv6=True))),
    "a protocol by number of IPv6": Kind(Said(50, ipv6=True), (other(50, ipv6=True),), (other(GRE, ipv6=True),)),
    "ports of a protocol without": Kind(Said(GRE, 1, 2), (), (other(GRE), udp(1))),
}
