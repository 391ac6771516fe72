"""The rules of broadcast and multicast inside a VPC: a copy for each workload here, and one for each other host.

Copies are made by the sender's host only. One that comes by a tunnel goes to workloads here, and never on.
"""

from alcor.dataplane.ovs.openflow.actions import GoTo, Meter, Move, Resubmit, SetField
from alcor.dataplane.ovs.tables import CLASSIFY, COPIES_HERE, COPIES_THERE, COPY, FLOOD, GATEWAY, TUNNEL, Match, Rule

_GROUP_BIT = 0x010000000000
_TO_GROUP = Match("eth_dst", _GROUP_BIT, _GROUP_BIT)
_IPV4 = Match("eth_type", 0x0800)
_ICMPV6 = (Match("eth_type", 0x86DD), Match("ip_proto", 58))
_IN_VPC = Match("metadata", "vni")
_VNI_BITS = 24
_IGMP = 2
_NOT_FLOODED = {
    130: "multicast_listener_query",
    131: "multicast_listener_report",
    132: "multicast_listener_done",
    134: "router_advertisement",
    143: "multicast_listener_report_v2",
}

GROUP_FROM_TUNNEL = Rule(
    "group_from_tunnel",
    CLASSIFY,
    210,
    (Match("in_port", "tunnel_port"), _TO_GROUP),
    (Move("tun_id", "metadata", _VNI_BITS), GoTo(FLOOD.number)),
    "broadcast and multicast from another host: this one's copy",
)
GROUP_ADDRESSED = Rule(
    "group_addressed", GATEWAY, 50, (_TO_GROUP,), (GoTo(FLOOD.number),), "broadcast and multicast of a workload"
)
FLOOD_FROM_TUNNEL = Rule(
    "flood_from_tunnel",
    FLOOD,
    100,
    (Match("in_port", "tunnel_port"),),
    (GoTo(COPIES_HERE.number),),
    "another host sent each host its copy: it goes to no other",
)
FLOOD_FROM_WORKLOAD = Rule(
    "flood_from_workload",
    FLOOD,
    90,
    (Match("in_port", "port"),),
    (Meter("flood_meter"), Resubmit(COPIES_HERE.number), GoTo(COPIES_THERE.number)),
    "at a bounded rate, since each becomes many",
)
FLOOD_FROM_NOBODY = Rule("flood_from_nobody", FLOOD, 0, (), (), "from no port of this host")

TO_COPIES_HERE = Rule(
    "to_copies_here",
    COPIES_HERE,
    100,
    (_IN_VPC,),
    (SetField("reg6", "port"), Resubmit(COPY.number)),
    "once for each port of the VPC on this host",
)
NOT_FLOODED = Rule("not_flooded", COPIES_HERE, 0, (), (), "in a VPC that is too large for it, or on demand")
TO_COPIES_THERE = Rule(
    "to_copies_there",
    COPIES_THERE,
    100,
    (_IN_VPC,),
    (SetField("tun_dst", "vtep"), Resubmit(TUNNEL.number)),
    "once for each other host that has ports of the VPC",
)
NOBODY_THERE = Rule("nobody_there", COPIES_THERE, 0, (), (), "no other host has any")

NOT_TO_SENDER = Rule(
    "not_to_sender",
    COPY,
    200,
    (Match("in_port", "port"), Match("reg6", "port")),
    (),
    "whoever sent it hears nothing of it",
)
NO_COPY = Rule("no_copy", COPY, 0, (), (), "a port that is no more, or is another VPC's now")

_DROPS = (
    Rule("flood_no_igmp", FLOOD, 210, (_IPV4, Match("ip_proto", _IGMP)), (), "nobody needs to join a group"),
    *(
        Rule(f"flood_no_{name}", FLOOD, priority, (*_ICMPV6, Match("icmpv6_type", kind)), (), "nor is this flooded")
        for priority, (kind, name) in enumerate(_NOT_FLOODED.items(), 200)
    ),
)


def copy_twin(rule: Rule) -> Rule:
    """A rule that delivers to a port, made for copies: they do not have its MAC address, but its number in reg6."""
    return rule._replace(name=f"{rule.name}_copy", table=COPY, matches=(_IN_VPC, Match("reg6", "port")))


FLOOD_RULES = (
    GROUP_FROM_TUNNEL,
    GROUP_ADDRESSED,
    FLOOD_FROM_TUNNEL,
    FLOOD_FROM_WORKLOAD,
    FLOOD_FROM_NOBODY,
    *_DROPS,
    TO_COPIES_HERE,
    NOT_FLOODED,
    TO_COPIES_THERE,
    NOBODY_THERE,
    NOT_TO_SENDER,
    NO_COPY,
)
