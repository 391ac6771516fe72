"""The rules of routing: a packet for a router's MAC address goes on in another subnet.

Only the last of these tables changes the packet. What goes to the agent instead is as the workload sent it: it can be
given back to the whole pipeline, and quoted in an ICMP error. On the way the router's id is in xxreg0, and the MAC
address from which it sends in xreg2.
"""

from alcor.dataplane.ovs.openflow.actions import (
    Back,
    DecrementTtl,
    GoTo,
    Meter,
    Move,
    SetField,
    ToAgent,
    WriteMetadata,
)
from alcor.dataplane.ovs.tables import GATEWAY, LOCAL, NEXT_HOP, ROUTE, TUNNEL, UNROUTED, Match, Rule

_IPV4 = Match("eth_type", 0x0800)
_IN_VPC = Match("metadata", "vni")
_OF_ROUTER = Match("xxreg0", "router")
_TO_ROUTER = Match("ipv4_dst", "ipv4")
_MAC_BITS = 48
_IPV4_BITS = 32

TO_ROUTER = Rule(
    "to_router",
    GATEWAY,
    100,
    (_IPV4, _IN_VPC, Match("eth_dst", "mac")),
    (SetField("xxreg0", "router"), GoTo(ROUTE.number)),
    "to the MAC address of a router's interface in this VPC",
)
TO_NO_ROUTER = Rule("to_no_router", GATEWAY, 0, (), (GoTo(LOCAL.number),), "it stays in its subnet")

ECHO = Rule(
    "echo",
    ROUTE,
    200,
    (_IPV4, _OF_ROUTER, _TO_ROUTER, Match("ip_proto", 1), Match("icmpv4_type", 8), Match("icmpv4_code", 0)),
    (
        Move("eth_src", "xreg2", _MAC_BITS),
        Move("eth_dst", "eth_src", _MAC_BITS),
        Move("xreg2", "eth_dst", _MAC_BITS),
        Move("ipv4_src", "ipv4_dst", _IPV4_BITS),
        SetField("ipv4_src", "ipv4"),
        SetField("ip_ttl", 64),
        SetField("icmpv4_type", 0),
        Back(),
    ),
    "a router's address answers ping, whether or not the agent runs",
)
ROUTERS_OWN = Rule(
    "routers_own", ROUTE, 190, (_IPV4, _OF_ROUTER, _TO_ROUTER), (), "a router's address answers nothing else"
)
EXPIRED = Rule(
    "expired",
    ROUTE,
    180,
    (_IPV4, Match("ip_ttl", 1)),
    (GoTo(UNROUTED.number),),
    "its time to live ends here: the agent says so",
)
EXPIRED_BEFORE = Rule("expired_before", ROUTE, 170, (_IPV4, Match("ip_ttl", 0)), (), "it should not have been sent")
TO_SUBNET = Rule(
    "to_subnet",
    ROUTE,
    100,
    (_IPV4, _OF_ROUTER, Match("ipv4_dst", "network", "mask")),
    (SetField("xreg2", "mac"), WriteMetadata("vni"), GoTo(NEXT_HOP.number)),
    "to a subnet that the router is in, from its interface there, in that one's VPC",
)
NO_ROUTE = Rule("no_route", ROUTE, 0, (), (GoTo(UNROUTED.number),), "the router has no way there: the agent says so")

TO_NEXT_HOP_HERE = Rule(
    "to_next_hop_here",
    NEXT_HOP,
    100,
    (_IPV4, _IN_VPC, Match("ipv4_dst", "ipv4")),
    (Move("xreg2", "eth_src", _MAC_BITS), SetField("eth_dst", "mac"), DecrementTtl(), GoTo(LOCAL.number)),
    "to a workload of this host that somebody here speaks to through a router",
    idles=True,
)
TO_NEXT_HOP = Rule(
    "to_next_hop",
    NEXT_HOP,
    90,
    (_IPV4, _IN_VPC, Match("ipv4_dst", "ipv4")),
    (
        Move("xreg2", "eth_src", _MAC_BITS),
        SetField("eth_dst", "mac"),
        DecrementTtl(),
        SetField("tun_dst", "vtep"),
        GoTo(TUNNEL.number),
    ),
    "to such a workload of another host",
    idles=True,
)
UNRESOLVED = Rule(
    "unresolved", NEXT_HOP, 0, (), (GoTo(UNROUTED.number),), "the agent finds out who has the address, and where"
)

TO_AGENT = Rule(
    "to_agent",
    UNROUTED,
    100,
    (Match("in_port", "port"),),
    (Meter("meter"), ToAgent()),
    "at the bounded rate of ARP requests and DHCP",
)
FROM_NO_PORT = Rule("from_no_port", UNROUTED, 0, (), (), "from no port of this host")

ROUTING_RULES = (
    TO_ROUTER,
    TO_NO_ROUTER,
    ECHO,
    ROUTERS_OWN,
    EXPIRED,
    EXPIRED_BEFORE,
    TO_SUBNET,
    NO_ROUTE,
    TO_NEXT_HOP_HERE,
    TO_NEXT_HOP,
    UNRESOLVED,
    TO_AGENT,
    FROM_NO_PORT,
)
