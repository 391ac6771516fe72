"""The pipeline: every table and every rule of the integration bridge, as data.

A packet carries its VPC's VNI in the metadata from the first table on; there is no local VLAN. Rules name parameters
(``"port"``, ``"vni"``, …) where their values differ from one port or peer to the next. A rule's table and priority
are its own alone, so a flow found in a switch tells which rule it came from. ``docs/pipeline.md`` is generated from
here.

Rules of routing stand in routing_rules, those of IPv6 in a subnet in ipv6_rules, those of security groups in
security_rules, those of network ACLs in acl_rules, those of what the host does for its workloads in service_rules,
those of broadcast and multicast in flood_rules. Tables from 90 on are no stages of the way: they are asked, and answer.
"""

from alcor.dataplane.ovs.acl_rules import ACL_RULES, ENTERS
from alcor.dataplane.ovs.flood_rules import FLOOD_RULES, copy_twin
from alcor.dataplane.ovs.ipv6_rules import IPV6_RULES
from alcor.dataplane.ovs.openflow.actions import GoTo, Meter, Move, Output, SetField, ToAgent, WriteMetadata
from alcor.dataplane.ovs.routing_rules import ROUTING_RULES
from alcor.dataplane.ovs.security_rules import GUARD_INGRESS, SECURITY_RULES
from alcor.dataplane.ovs.service_rules import SERVICE_RULES
from alcor.dataplane.ovs.tables import CLASSIFY, LEAVING, LOCAL, MISS, PUNT, REMOTE, SOURCE_GUARD, TUNNEL, Match, Rule

_ARP = Match("eth_type", 0x0806)
_IPV4 = Match("eth_type", 0x0800)
_IPV6 = Match("eth_type", 0x86DD)
_IS_FRAGMENT = Match("ip_frag", 1, 1)
_FROM_PORT = Match("in_port", "port")
_FROM_MAC = Match("eth_src", "mac")
_TAGGED = 0x1000
_VNI_BITS = 24
_BROADCAST_IPV4 = 0xFFFFFFFF
_PASS_GUARD = (GoTo(PUNT.number),)

TAGGED = Rule(
    "tagged",
    CLASSIFY,
    300,
    (Match("vlan_vid", _TAGGED, _TAGGED),),
    (),
    "VPCs carry no VLAN tags: a tag could hide a packet from the rules behind",
)
FROM_TUNNEL = Rule(
    "from_tunnel",
    CLASSIFY,
    200,
    (Match("in_port", "tunnel_port"),),
    (Move("tun_id", "metadata", _VNI_BITS), GoTo(LOCAL.number)),
    "a packet from another host was guarded there; its VPC is the tunnel's VNI",
)
FROM_WORKLOAD = Rule(
    "from_workload",
    CLASSIFY,
    100,
    (_FROM_PORT,),
    (WriteMetadata("vni"), GoTo(SOURCE_GUARD.number)),
    "a port that is administratively up",
)
FRAGMENT_FROM_WORKLOAD = Rule(
    "fragment_from_workload",
    CLASSIFY,
    120,
    (_IPV4, _FROM_PORT, _IS_FRAGMENT),
    (Meter("fragment_meter"), *FROM_WORKLOAD.actions),
    "a fragment, at a bounded rate for each workload: those of all wait in one place for the rest of their packet",
)
FRAGMENT_FROM_WORKLOAD_IPV6 = Rule(
    "fragment_from_workload_ipv6",
    CLASSIFY,
    110,
    (_IPV6, _FROM_PORT, _IS_FRAGMENT),
    FRAGMENT_FROM_WORKLOAD.actions,
    "the same of IPv6",
)
NO_PORT = Rule("no_port", CLASSIFY, 0, (), (), "an interface without a port, or with one that is down")

UNGUARDED = Rule("unguarded", SOURCE_GUARD, 200, (_FROM_PORT,), _PASS_GUARD, "port security is off")
GUARD_ARP = Rule(
    "guard_arp",
    SOURCE_GUARD,
    170,
    (_ARP, _FROM_PORT, _FROM_MAC, Match("arp_sha", "mac"), Match("arp_spa", "ipv4", "ipv4_mask")),
    _PASS_GUARD,
    "ARP in which sender and Ethernet source are the port's",
)
GUARD_ARP_PROBE = Rule(
    "guard_arp_probe",
    SOURCE_GUARD,
    160,
    (_ARP, _FROM_PORT, _FROM_MAC, Match("arp_op", 1), Match("arp_sha", "mac"), Match("arp_spa", 0)),
    _PASS_GUARD,
    "an ARP probe for an address not yet taken (RFC 5227)",
)
GUARD_IPV4 = Rule(
    "guard_ipv4",
    SOURCE_GUARD,
    150,
    (_IPV4, _FROM_PORT, _FROM_MAC, Match("ipv4_src", "ipv4", "ipv4_mask")),
    _PASS_GUARD,
    "IPv4 from the port's addresses or its allowed address pairs",
)
FORGED_DHCP_SERVER = Rule(
    "forged_dhcp_server",
    SOURCE_GUARD,
    155,
    (_IPV4, Match("ip_proto", 17), Match("udp_src", 67), Match("udp_dst", 68)),
    (),
    "a workload is no DHCP server",
)
GUARD_DHCP = Rule(
    "guard_dhcp",
    SOURCE_GUARD,
    140,
    (
        _IPV4,
        _FROM_PORT,
        _FROM_MAC,
        Match("ip_proto", 17),
        Match("ipv4_src", 0),
        Match("ipv4_dst", _BROADCAST_IPV4),
        Match("udp_src", 68),
        Match("udp_dst", 67),
    ),
    _PASS_GUARD,
    "a DHCP client that has no address yet",
)
SPOOFED = Rule("spoofed", SOURCE_GUARD, 0, (), (), "from an address that is not the port's")

PUNT_ARP = Rule(
    "punt_arp",
    PUNT,
    120,
    (_ARP, _FROM_PORT, Match("arp_op", 1)),
    (Meter("meter"), ToAgent()),
    "ARP requests, at a bounded rate for each workload",
)
PUNT_DHCP = Rule(
    "punt_dhcp",
    PUNT,
    110,
    (_IPV4, _FROM_PORT, Match("ip_proto", 17), Match("udp_src", 68), Match("udp_dst", 67)),
    (Meter("meter"), ToAgent()),
    "DHCP clients' packets, at the same bounded rate",
)
FORWARD = Rule("forward", PUNT, 0, (), (GoTo(LEAVING.number),), "everything else is forwarded")

DELIVER = Rule(
    "deliver",
    LOCAL,
    100,
    (Match("metadata", "vni"), Match("eth_dst", "mac")),
    (Output("port"),),
    "to the workload that has the MAC address in this VPC; its port security is off",
)
COPY_TWINS = {rule: copy_twin(rule) for rule in (DELIVER, GUARD_INGRESS, ENTERS)}
"""The rules that deliver to a port, and what they are for copies."""
TUNNEL_TO_NOBODY = Rule(
    "tunnel_to_nobody",
    LOCAL,
    50,
    (Match("in_port", "tunnel_port"),),
    (),
    "from another host for a MAC address that is not here: never back into a tunnel",
)
NOT_LOCAL = Rule("not_local", LOCAL, 0, (), (GoTo(REMOTE.number),), "perhaps on another host")

TO_HOST = Rule(
    "to_host",
    REMOTE,
    100,
    (Match("metadata", "vni"), Match("eth_dst", "mac")),
    (SetField("tun_dst", "vtep"), GoTo(TUNNEL.number)),
    "a MAC address of this VPC on another host",
)
TO_LEARNED = Rule(
    "to_learned",
    REMOTE,
    90,
    (Match("metadata", "vni"), Match("eth_dst", "mac")),
    (SetField("tun_dst", "vtep"), GoTo(TUNNEL.number)),
    "such a MAC address that the agent asked for when it was needed",
    idles=True,
)
ON_DEMAND = Rule(
    "on_demand",
    REMOTE,
    50,
    (Match("metadata", "vni"),),
    (GoTo(MISS.number),),
    "a MAC address not known here, in a VPC on demand: perhaps another host has it",
)
UNKNOWN = Rule("unknown", REMOTE, 0, (), (), "a MAC address nobody in this VPC has: not flooded")

MISSED = Rule(
    "missed",
    MISS,
    100,
    (_FROM_PORT,),
    (Meter("meter"), ToAgent()),
    "the packet waits at the agent, at the bounded rate of ARP requests and DHCP",
)
NOBODYS = Rule("nobodys", MISS, 0, (), (), "from no port of this host")

ENCAPSULATE = Rule(
    "encapsulate",
    TUNNEL,
    0,
    (),
    (Move("metadata", "tun_id", _VNI_BITS), Output("tunnel_port")),
    "the VNI names the VPC to the other host; the VTEP's address is already set",
)

RULES = (
    TAGGED,
    FROM_TUNNEL,
    FROM_WORKLOAD,
    FRAGMENT_FROM_WORKLOAD,
    FRAGMENT_FROM_WORKLOAD_IPV6,
    NO_PORT,
    UNGUARDED,
    GUARD_ARP,
    GUARD_ARP_PROBE,
    GUARD_IPV4,
    FORGED_DHCP_SERVER,
    GUARD_DHCP,
    SPOOFED,
    PUNT_ARP,
    PUNT_DHCP,
    FORWARD,
    *SERVICE_RULES,
    *IPV6_RULES,
    *ROUTING_RULES,
    *SECURITY_RULES,
    *ACL_RULES,
    DELIVER,
    *FLOOD_RULES,
    *COPY_TWINS.values(),
    TUNNEL_TO_NOBODY,
    NOT_LOCAL,
    TO_HOST,
    TO_LEARNED,
    ON_DEMAND,
    UNKNOWN,
    MISSED,
    NOBODYS,
    ENCAPSULATE,
)
