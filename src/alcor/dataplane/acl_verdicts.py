"""What network ACLs say of a packet: does it cross the border of a subnet, and which rule decides?"""

from collections.abc import Mapping, Sequence

from alcor.dataplane.driver import Endpoint
from alcor.dataplane.network_acls import NetworkAcl, NetworkAclRule, SubnetAcl
from alcor.dataplane.packet import ESSENTIAL_ICMPV6, ICMP, ICMPV6, SCTP, TCP, UDP, Packet, packet_in
from alcor.dataplane.prefixes import holds
from alcor.model.identifiers import Id

_LAST_PORT = 0xFFFF


def may_cross(acls: Mapping[Id, NetworkAcl], endpoint: Endpoint, frame: bytes, ingress: bool) -> bool:
    """May a frame enter the subnet of a workload (``ingress``), or leave it? True when it does neither."""
    packet = packet_in(frame)
    if packet is None or not endpoint.network_acls or _is_essential(packet):
        return True
    own, other = (packet.destination, packet.source) if ingress else (packet.source, packet.destination)
    acl = judging_acl(endpoint.network_acls, own, other)
    return acl is None or (acl in acls and lets_pass(acls[acl], packet, ingress))


def judging_acl(subnets: Sequence[SubnetAcl], own: bytes, other: bytes) -> Id | None:
    """The ACL that judges what goes between an address of a port in these subnets and another; None when none does."""
    version = 6 if len(own) == 16 else 4
    of_version = [each for each in subnets if each.version == version]
    subnet = next((each for each in of_version if each.covers(own)), (of_version or subnets)[0])
    return None if subnet.covers(other) else subnet.acl


def lets_pass(acl: NetworkAcl, packet: Packet, ingress: bool) -> bool:
    """Whether the rule of the lowest number that is about a packet allows it."""
    first = deciding_rule(acl, packet, ingress)
    return first is not None and first.allow


def deciding_rule(acl: NetworkAcl, packet: Packet, ingress: bool) -> NetworkAclRule | None:
    """The rule of the lowest number that is about a packet, if any is."""
    about = (rule for rule in acl.rules if rule.ingress == ingress and _is_about(rule, packet))
    return min(about, key=lambda rule: rule.number, default=None)


def _is_essential(packet: Packet) -> bool:
    return packet.protocol == ICMPV6 and packet.source_port in ESSENTIAL_ICMPV6


def _is_about(rule: NetworkAclRule, packet: Packet) -> bool:
    if (rule.version == 6) != packet.ipv6 or rule.protocol not in (None, packet.protocol):
        return False
    if not holds({rule.prefix}, packet.other_end(rule.ingress)):
        return False
    if not rule.names_ports() and not rule.names_types():
        return True
    has_ports = rule.protocol in (TCP, UDP, SCTP) and not rule.names_types()
    has_types = rule.protocol == (ICMPV6 if packet.ipv6 else ICMP) and not rule.names_ports()
    if packet.later_fragment:
        return rule.allow and (has_ports or has_types)
    if has_types:
        kinds = (rule.icmp_type, packet.source_port), (rule.icmp_code, packet.destination_port)
        return all(said in (None, value) for said, value in kinds)
    port = packet.destination_port if has_ports else None
    last = _LAST_PORT if rule.port_range_max is None else rule.port_range_max
    return port is not None and (rule.port_range_min or 0) <= port <= last
