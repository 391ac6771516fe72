"""The rules about IPv6 between a workload and its own subnet: what it may send, and what the agent answers."""

from alcor.dataplane.ipv6 import (
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    PROTOCOL_ICMPV6,
    PROTOCOL_UDP,
    REDIRECT,
    ROUTER_ADVERTISEMENT,
    ROUTER_SOLICITATION,
)
from alcor.dataplane.ovs.openflow.actions import GoTo, Meter, ToAgent
from alcor.dataplane.ovs.tables import NEIGHBOUR_GUARD, PUNT, SOURCE_GUARD, Match, Rule

_IPV6 = Match("eth_type", 0x86DD)
_ICMPV6 = Match("ip_proto", PROTOCOL_ICMPV6)
_UDP = Match("ip_proto", PROTOCOL_UDP)
_FROM_PORT = Match("in_port", "port")
_FROM_MAC = Match("eth_src", "mac")
_ADVERTISES = Match("icmpv6_type", NEIGHBOUR_ADVERTISEMENT)
_OWN_TARGET = Match("nd_target", "ipv6", "ipv6_mask")
_MULTICAST = 0xFF << 120
_DHCP_CLIENT, _DHCP_SERVER = 546, 547
_PASS_GUARD = (GoTo(NEIGHBOUR_GUARD.number),)

FORGED_ROUTER_ADVERTISEMENT = Rule(
    "forged_router_advertisement",
    SOURCE_GUARD,
    149,
    (_IPV6, _ICMPV6, Match("icmpv6_type", ROUTER_ADVERTISEMENT)),
    (),
    "only the network's routers advertise themselves (RFC 6105)",
)
FORGED_REDIRECT = Rule(
    "forged_redirect",
    SOURCE_GUARD,
    148,
    (_IPV6, _ICMPV6, Match("icmpv6_type", REDIRECT)),
    (),
    "nor does a workload send others' packets elsewhere",
)
FORGED_DHCPV6_SERVER = Rule(
    "forged_dhcpv6_server",
    SOURCE_GUARD,
    147,
    (_IPV6, _UDP, Match("udp_src", _DHCP_SERVER), Match("udp_dst", _DHCP_CLIENT)),
    (),
    "a workload is no DHCP server (RFC 7610)",
)
GUARD_IPV6 = Rule(
    "guard_ipv6",
    SOURCE_GUARD,
    130,
    (_IPV6, _FROM_PORT, _FROM_MAC, Match("ipv6_src", "ipv6", "ipv6_mask")),
    _PASS_GUARD,
    "IPv6 from the port's addresses, its link-local address or its allowed address pairs",
)
GUARD_IPV6_UNSPECIFIED = Rule(
    "guard_ipv6_unspecified",
    SOURCE_GUARD,
    120,
    (_IPV6, _FROM_PORT, _FROM_MAC, _ICMPV6, Match("ipv6_src", 0), Match("ipv6_dst", _MULTICAST, _MULTICAST)),
    _PASS_GUARD,
    "duplicate address detection and multicast listener reports (RFC 4862, RFC 3810)",
)

_ADVERTISEMENT = (_IPV6, _FROM_PORT, _FROM_MAC, _ICMPV6, _ADVERTISES, Match("icmpv6_code", 0), _OWN_TARGET)
OWN_NEIGHBOUR = Rule(
    "own_neighbour",
    NEIGHBOUR_GUARD,
    100,
    (*_ADVERTISEMENT, Match("nd_tll", "mac")),
    (GoTo(PUNT.number),),
    "a neighbour advertisement for an address of the port, at the MAC address that sends it",
)
OWN_NEIGHBOUR_WITHOUT_MAC = Rule(
    "own_neighbour_without_mac",
    NEIGHBOUR_GUARD,
    90,
    (*_ADVERTISEMENT, Match("nd_tll", 0)),
    (GoTo(PUNT.number),),
    "the same without a MAC address in it",
)
FORGED_NEIGHBOUR_ADVERTISEMENT = Rule(
    "forged_neighbour_advertisement",
    NEIGHBOUR_GUARD,
    50,
    (_IPV6, _ICMPV6, _ADVERTISES),
    (),
    "a neighbour advertisement for somebody else's address",
)
NO_NEIGHBOUR_ADVERTISEMENT = Rule(
    "no_neighbour_advertisement", NEIGHBOUR_GUARD, 0, (), (GoTo(PUNT.number),), "everything else has been guarded"
)

PUNT_NEIGHBOUR_SOLICITATION = Rule(
    "punt_neighbour_solicitation",
    PUNT,
    100,
    (_IPV6, _FROM_PORT, _ICMPV6, Match("icmpv6_type", NEIGHBOUR_SOLICITATION)),
    (Meter("meter"), ToAgent()),
    "neighbour solicitations, as ARP requests",
)
PUNT_ROUTER_SOLICITATION = Rule(
    "punt_router_solicitation",
    PUNT,
    90,
    (_IPV6, _FROM_PORT, _ICMPV6, Match("icmpv6_type", ROUTER_SOLICITATION)),
    (Meter("meter"), ToAgent()),
    "the agent tells of the routers",
)
PUNT_DHCPV6 = Rule(
    "punt_dhcpv6",
    PUNT,
    80,
    (_IPV6, _FROM_PORT, _UDP, Match("udp_src", _DHCP_CLIENT), Match("udp_dst", _DHCP_SERVER)),
    (Meter("meter"), ToAgent()),
    "DHCPv6 clients' packets",
)

IPV6_RULES = (
    FORGED_ROUTER_ADVERTISEMENT,
    FORGED_REDIRECT,
    FORGED_DHCPV6_SERVER,
    GUARD_IPV6,
    GUARD_IPV6_UNSPECIFIED,
    OWN_NEIGHBOUR,
    OWN_NEIGHBOUR_WITHOUT_MAC,
    FORGED_NEIGHBOUR_ADVERTISEMENT,
    NO_NEIGHBOUR_ADVERTISEMENT,
    PUNT_NEIGHBOUR_SOLICITATION,
    PUNT_ROUTER_SOLICITATION,
    PUNT_DHCPV6,
)
