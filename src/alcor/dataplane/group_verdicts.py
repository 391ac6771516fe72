"""Which packets a rule of a security group speaks of."""

from alcor.dataplane.packet import ICMP, ICMPV6, SCTP, TCP, UDP, Packet
from alcor.dataplane.security_groups import SecurityRule


def is_about(rule: SecurityRule, packet: Packet) -> bool:
    """Whether a rule speaks of packets like this one, whoever the other end is."""
    if rule.ipv6 != packet.ipv6 or rule.protocol not in (None, packet.protocol):
        return False
    low, high = rule.port_range_min, rule.port_range_max
    if rule.protocol is None or low is high is None or packet.later_fragment:
        return True
    if packet.protocol in (ICMP, ICMPV6):
        return low in (None, packet.source_port) and high in (None, packet.destination_port)
    port = packet.destination_port if packet.protocol in (TCP, UDP, SCTP) else None
    return port is not None and (low or 0) <= port <= (0xFFFF if high is None else high)
