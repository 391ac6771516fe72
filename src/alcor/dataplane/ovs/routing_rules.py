"""The rules of routing: a packet for a router's MAC address goes on in another subnet.

Only the last of these tables changes the packet. What goes to the agent instead is as the workload sent it: it can be
given back to the whole pipeline, and quoted in an ICMP error. Rules say what becomes of IPv4; those of IPv6 are made of
them. On the way registers say what is known of it:

- xxreg0 (reg0–reg3): the id of the router it is at;
- xreg2 (reg4, reg5): the MAC address from which that one sends it;
- xreg3 (reg6, reg7): the MAC address of the router by which it came;
- reg8 (of IPv6 reg8–reg11): the address of its next hop, in the VPC that the metadata names;
- reg13: whether it is too big to go on there;
- reg12: a bit set for each router that it has come to;
- reg14, reg15: of a route with several ways, which route it is and by which of its ways the packet goes.
"""

from alcor.dataplane.driver import MOST_ROUTERS
from alcor.dataplane.ovs.address_families import ipv6_twin, is_about_ipv4
from alcor.dataplane.ovs.openflow.actions import (
    Back,
    CheckSize,
    DecrementTtl,
    GoTo,
    Meter,
    Move,
    Resubmit,
    SetField,
    Spread,
    ToAgent,
    WriteMetadata,
)
from alcor.dataplane.ovs.tables import (
    GATEWAY,
    LOCAL,
    NEXT_HOP,
    PATH,
    ROUTE,
    SPREAD,
    TIME_TO_LIVE,
    TUNNEL,
    UNROUTED,
    Match,
    Rule,
)

_IPV4 = Match("eth_type", 0x0800)
_IN_VPC = Match("metadata", "vni")
_OF_ROUTER = Match("xxreg0", "router")
_TO_ROUTER = Match("ipv4_dst", "address")
_TO_PREFIX = Match("ipv4_dst", "network", "mask")
_BY_INTERFACE = (Match("metadata", "arriving_vni"), Match("xreg3", "arriving_mac"))
_TO_ADDRESS = Match("reg8", "address")
_SIZE = CheckSize("largest", "reg13")
_MAC_BITS = 48
_IPV4_BITS = 32
_COUNTED_BITS = 31
_LATER_FRAGMENT = 3  # of a packet in fragments, and not the first: ovs-fields(7)

TO_ROUTER = Rule(
    "to_router",
    GATEWAY,
    100,
    (_IPV4, _IN_VPC, Match("eth_dst", "mac")),
    (SetField("xxreg0", "router"), Move("eth_dst", "xreg3", _MAC_BITS), SetField("reg12", 1), GoTo(ROUTE.number)),
    "to the MAC address of a router's interface in this VPC",
)
TO_NO_ROUTER = Rule("to_no_router", GATEWAY, 0, (), (GoTo(LOCAL.number),), "it stays in its subnet")

TOO_MANY_ROUTERS = Rule(
    "too_many_routers",
    ROUTE,
    3010,
    (_IPV4, Match("reg12", 1 << MOST_ROUTERS, 1 << MOST_ROUTERS)),
    (GoTo(UNROUTED.number),),
    "routers send it to each other: the agent says what becomes of it",
)
_MIRRORED = (
    Move("eth_src", "xreg2", _MAC_BITS),
    Move("eth_dst", "eth_src", _MAC_BITS),
    Move("xreg2", "eth_dst", _MAC_BITS),
    Move("ipv4_src", "ipv4_dst", _IPV4_BITS),
    SetField("ipv4_src", "address"),
    SetField("ip_ttl", 64),
)
ECHO = Rule(
    "echo",
    ROUTE,
    3000,
    (_IPV4, _OF_ROUTER, _TO_ROUTER, Match("ip_proto", 1), Match("icmpv4_type", 8), Match("icmpv4_code", 0)),
    (*_MIRRORED, SetField("icmpv4_type", 0), Back()),
    "a router's address answers ping, whether or not the agent runs",
)
ECHO_FRAGMENT = Rule(
    "echo_fragment",
    ROUTE,
    2995,
    (_IPV4, _OF_ROUTER, _TO_ROUTER, Match("ip_proto", 1), Match("ip_frag", _LATER_FRAGMENT, _LATER_FRAGMENT)),
    (*_MIRRORED, Back()),
    "what follows on the first fragment of a ping is the same in its answer",
)
ROUTERS_OWN = Rule(
    "routers_own",
    ROUTE,
    2990,
    (_IPV4, _OF_ROUTER, _TO_ROUTER),
    (GoTo(UNROUTED.number),),
    "nobody listens at a router's address: the agent says so",
)
EXPIRED = tuple(
    Rule(
        f"expired_at_{number}",
        ROUTE,
        2980 - number,
        (_IPV4, Match("ip_ttl", number), Match("reg12", (1 << number) - 1)),
        (GoTo(UNROUTED.number),),
        f"its time to live ends at router {number} of its way: the agent says so",
    )
    for number in range(1, MOST_ROUTERS + 1)
)
EXPIRED_BEFORE = Rule("expired_before", ROUTE, 2970, (_IPV4, Match("ip_ttl", 0)), (), "it should not have been sent")
TO_SUBNET = Rule(
    "to_subnet",
    ROUTE,
    104,
    (_IPV4, _OF_ROUTER, _TO_PREFIX),
    (
        _SIZE,
        Move("ipv4_dst", "reg8", _IPV4_BITS),
        SetField("xreg2", "mac"),
        WriteMetadata("vni"),
        GoTo(NEXT_HOP.number),
    ),
    "to a subnet that the router is in, from its interface there, in that one's VPC",
    by_prefix=True,
)
_TO_HOP = (_SIZE, SetField("reg8", "next_hop"), SetField("xreg2", "mac"), WriteMetadata("vni"), GoTo(NEXT_HOP.number))
TO_ROUTE_OF_INTERFACE = Rule(
    "to_route_of_interface",
    ROUTE,
    103,
    (_IPV4, *_BY_INTERFACE, _OF_ROUTER, _TO_PREFIX),
    _TO_HOP,
    "by a route for what comes from one subnet",
    by_prefix=True,
)
NOWHERE_OF_INTERFACE = Rule(
    "nowhere_of_interface",
    ROUTE,
    102,
    (_IPV4, *_BY_INTERFACE, _OF_ROUTER, _TO_PREFIX),
    (GoTo(UNROUTED.number),),
    "such a route leads nowhere: the agent says so",
    by_prefix=True,
)
TO_ROUTE = Rule(
    "to_route", ROUTE, 101, (_IPV4, _OF_ROUTER, _TO_PREFIX), _TO_HOP, "by a route of the router", by_prefix=True
)
_TO_WAYS = (SetField("reg14", "ways"), GoTo(SPREAD.number))
TO_WAYS_OF_INTERFACE = Rule(
    "to_ways_of_interface",
    ROUTE,
    99,
    (_IPV4, *_BY_INTERFACE, _OF_ROUTER, _TO_PREFIX),
    _TO_WAYS,
    "by one of several ways, for what comes from one subnet",
    by_prefix=True,
)
TO_WAYS = Rule(
    "to_ways",
    ROUTE,
    98,
    (_IPV4, _OF_ROUTER, _TO_PREFIX),
    _TO_WAYS,
    "by one of several ways of the router",
    by_prefix=True,
)
_OF_WAYS = Match("reg14", "ways")
SPREAD_FRAGMENT = Rule(
    "spread_fragment",
    SPREAD,
    100,
    (_IPV4, _OF_ROUTER, _OF_WAYS, Match("ip_frag", 1, 1)),
    (SetField("reg15", 0), Spread("last", "reg15", with_ports=False), GoTo(PATH.number)),
    "all fragments of a packet go by one way: later ones do not say its ports",
)
SPREAD_PACKET = Rule(
    "spread_packet",
    SPREAD,
    50,
    (_IPV4, _OF_ROUTER, _OF_WAYS),
    (SetField("reg15", 0), Spread("last", "reg15", with_ports=True), GoTo(PATH.number)),
    "all packets of a connection go by one way",
)
NOT_SPREAD = Rule("not_spread", SPREAD, 0, (), (GoTo(UNROUTED.number),), "of no route: the agent says so")
BY_WAY = Rule(
    "by_way", PATH, 100, (_IPV4, _OF_ROUTER, _OF_WAYS, Match("reg15", "number")), _TO_HOP, "by one of several ways"
)
NOWHERE = Rule(
    "nowhere",
    ROUTE,
    100,
    (_IPV4, _OF_ROUTER, _TO_PREFIX),
    (GoTo(UNROUTED.number),),
    "such a route leads nowhere: the agent says so",
    by_prefix=True,
)
NO_PATH = Rule("no_path", PATH, 0, (), (GoTo(UNROUTED.number),), "by no way: the agent says so")
NO_ROUTE = Rule("no_route", ROUTE, 0, (), (GoTo(UNROUTED.number),), "the router has no way there: the agent says so")

TOO_BIG = Rule(
    "too_big",
    NEXT_HOP,
    120,
    (_IPV4, Match("reg13", 1, 1)),
    (GoTo(UNROUTED.number),),
    "it has more bytes than packets of that VPC may have: the agent says so, or takes it to pieces",
)
TO_NEXT_ROUTER = Rule(
    "to_next_router",
    NEXT_HOP,
    110,
    (_IPV4, _IN_VPC, _TO_ADDRESS),
    (
        SetField("xxreg0", "router"),
        SetField("xreg3", "mac"),
        Move("reg12", "reg12", _COUNTED_BITS, destination_offset=1),
        Resubmit(ROUTE.number),
    ),
    "the next hop is another router: it goes on from there",
)
TO_NEXT_HOP_HERE = Rule(
    "to_next_hop_here",
    NEXT_HOP,
    100,
    (_IPV4, _IN_VPC, _TO_ADDRESS),
    (
        Move("xreg2", "eth_src", _MAC_BITS),
        SetField("eth_dst", "mac"),
        Resubmit(TIME_TO_LIVE.number),
        GoTo(LOCAL.number),
    ),
    "to a workload of this host that somebody here speaks to through a router",
    idles=True,
)
TO_NEXT_HOP = Rule(
    "to_next_hop",
    NEXT_HOP,
    90,
    (_IPV4, _IN_VPC, _TO_ADDRESS),
    (
        Move("xreg2", "eth_src", _MAC_BITS),
        SetField("eth_dst", "mac"),
        Resubmit(TIME_TO_LIVE.number),
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

ONE_LESS = Rule(
    "one_less",
    TIME_TO_LIVE,
    100,
    (_IPV4, Match("reg12", 1, 1)),
    (DecrementTtl(), Move("reg12", "reg12", _COUNTED_BITS, source_offset=1), Resubmit(TIME_TO_LIVE.number)),
    "once for each router, none of which is where its time ends",
)
COUNTED = Rule("counted", TIME_TO_LIVE, 0, (), (SetField("reg12", 0),), "on with the rule that sent it here")

_RULES = (
    TO_ROUTER,
    TO_NO_ROUTER,
    TOO_MANY_ROUTERS,
    ECHO,
    ECHO_FRAGMENT,
    ROUTERS_OWN,
    *EXPIRED,
    EXPIRED_BEFORE,
    TO_SUBNET,
    TO_ROUTE_OF_INTERFACE,
    NOWHERE_OF_INTERFACE,
    TO_ROUTE,
    TO_WAYS_OF_INTERFACE,
    TO_WAYS,
    NOWHERE,
    NO_ROUTE,
    SPREAD_FRAGMENT,
    SPREAD_PACKET,
    NOT_SPREAD,
    BY_WAY,
    NO_PATH,
    TOO_BIG,
    TO_NEXT_ROUTER,
    TO_NEXT_HOP_HERE,
    TO_NEXT_HOP,
    UNRESOLVED,
    TO_AGENT,
    FROM_NO_PORT,
    ONE_LESS,
    COUNTED,
)

IPV6_TWINS = {rule: ipv6_twin(rule) for rule in _RULES if is_about_ipv4(rule) and rule is not ECHO_FRAGMENT}
"""Of the rules about IPv4, but for one: later fragments of IPv6 do not say what they are of."""

LINK_LOCAL_SOURCE = Rule(
    "link_local_source",
    ROUTE,
    3480,
    (Match("eth_type", 0x86DD), Match("ipv6_src", 0xFE80 << 112, 0xFFC0 << 112)),
    (GoTo(UNROUTED.number),),
    "such an address means nothing in other subnets: the agent says so",
)

ROUTING_RULES = (*_RULES, *IPV6_TWINS.values(), LINK_LOCAL_SOURCE)
