"""The rules of security groups: of IP, only what a group lets pass leaves a workload or reaches it.

The same three tables stand on the way out of a workload and on the way in to it. They ask the groups of its port, by
tables that work like functions: whoever resubmits a packet to them goes on afterwards, and finds the answer in reg7.
In such a table one flow decides, so flows that may overlap all do the same.

On the way reg6 holds the port number of the workload whose groups count, which is also the zone of its connections;
reg7 the question and the answer; xxreg2 (reg8–11) the group that is asked; xxreg3 (reg12–15) the group that its rule
must name as remote, or 0. Once a rule has matched, xxreg2 holds the address of the other end instead: who is a member
needs to be told once then, whatever the question.

Which rule counts is decided for each packet anew, by the packet with which its connection began (its *original*
tuple). So a connection lives as long as a rule that lets it begin, and a rule that comes or goes changes nothing else.
"""

from collections.abc import Iterator
from typing import NamedTuple

from alcor.dataplane.ovs.openflow.actions import (
    Commit,
    GoTo,
    Instruction,
    Meter,
    Move,
    OutputTo,
    Resubmit,
    SetBits,
    SetField,
    ToAgent,
    Track,
    Untrack,
)
from alcor.dataplane.ovs.tables import (
    EGRESS,
    EGRESS_CONNECTION,
    EGRESS_VERDICT,
    GROUP,
    GROUP_RULES,
    GROUPS_OF_PORT,
    INGRESS,
    INGRESS_CONNECTION,
    INGRESS_VERDICT,
    LEAVING,
    LOCAL,
    MEMBERS,
    PUNT,
    UNDECIDED,
    Match,
    Rule,
    Table,
)

INGRESS_RULES = 1 << 0
"""The rules of ingress are asked, not those of egress."""
OF_CONNECTION = 1 << 1
"""They are asked of the packet's connection, and the stateful groups answer; else of the packet itself, and the
stateless groups answer."""
OF_LONER = 1 << 2
"""They are asked of a packet itself that never belongs to a connection, and the stateful groups answer."""
QUESTION_MASK = INGRESS_RULES | OF_CONNECTION | OF_LONER
WAY_IN = 1 << 3
"""The packet is on its way in to the workload."""
ALLOWED = 1 << 4
ASKED = 1 << 5
"""A rule would let it pass if the other end were in a group whose members nobody here knows in full."""
STATE_BITS = 6
EPOCH_BITS = 16
"""The bits above are nothing to any rule. The driver writes into them which change of flows a packet that it gives back
has waited for: what the switch has cached of packets before does not fit it then."""

_QUESTION_BITS = 3
_ALLOWED_BIT, _ASKED_BIT = 4, 5

_IPV4 = Match("eth_type", 0x0800)
_TCP = 6
_IPV6 = Match("eth_type", 0x86DD)
_ARP = Match("eth_type", 0x0806)
_NEW, _RELATED, _REPLY, _INVALID, _TRACKED = 0x01, 0x04, 0x08, 0x10, 0x20
_IS_ALLOWED = Match("reg7", ALLOWED, ALLOWED)
_ALLOW = SetBits("reg7", _ALLOWED_BIT, 1, 1)
_ASK = Resubmit(GROUPS_OF_PORT.number)
_OTHER_END_IPV4, _OTHER_END_IPV6 = "reg11", "xxreg2"
_IPV4_BITS, _IPV6_BITS = 32, 128

ESSENTIAL_ICMPV6 = {
    130: "multicast_listener_query",
    131: "multicast_listener_report",
    132: "multicast_listener_done",
    135: "neighbour_solicitation",
    136: "neighbour_advertisement",
    143: "multicast_listener_report_v2",
}


LONERS = {134: "router_advertisement", 137: "redirect"}
"""Messages of ICMPv6 that no connection begins with."""


class _Way(NamedTuple):
    """What differs between the way out of a workload and the way in."""

    name: str
    tables: tuple[Table, Table, Table]
    bits: int  # of reg7: the rules that are asked of a packet that begins a connection, and where the packet is
    other_end: tuple[str, str]  # the fields with the address of the other end
    passed: GoTo | OutputTo


_OUT = _Way("egress", (EGRESS, EGRESS_CONNECTION, EGRESS_VERDICT), 0, ("ipv4_dst", "ipv6_dst"), GoTo(LEAVING.number))
_IN = _Way(
    "ingress",
    (INGRESS, INGRESS_CONNECTION, INGRESS_VERDICT),
    INGRESS_RULES | WAY_IN,
    ("ipv4_src", "ipv6_src"),
    OutputTo("reg6"),
)


def _begin(way: _Way) -> tuple[Instruction, ...]:
    return (SetField("reg6", "port"), SetBits("reg7", 0, STATE_BITS, way.bits), Untrack(), _ASK)


GUARD_EGRESS = Rule(
    "guard_egress",
    PUNT,
    50,
    (Match("in_port", "port"),),
    (*_begin(_OUT), GoTo(EGRESS.number)),
    "from a port with port security: ask its stateless security groups first",
)
GUARD_INGRESS = Rule(
    "guard_ingress",
    LOCAL,
    110,
    (Match("metadata", "vni"), Match("eth_dst", "mac")),
    (*_begin(_IN), GoTo(INGRESS.number)),
    "to the workload that has the MAC address in this VPC, if its security groups let it",
)


def _rules_of(way: _Way) -> Iterator[Rule]:
    yield from _first_rules(way)
    yield from _connection_rules(way)
    yield from _verdict_rules(way)


def _first_rules(way: _Way) -> Iterator[Rule]:
    table, connection, verdict = way.tables
    passed = (way.passed,)
    yield Rule(f"{way.name}_arp", table, 300, (_ARP,), passed, "essential: nothing works without")
    for priority, (kind, name) in enumerate(ESSENTIAL_ICMPV6.items(), 200):
        matches = (_IPV6, Match("ip_proto", 58), Match("icmpv6_type", kind))
        yield Rule(f"{way.name}_{name}", table, priority, matches, passed, "essential: IPv6 does not work without")
    yield Rule(
        f"{way.name}_stateless", table, 100, (_IS_ALLOWED,), passed, "a rule of a stateless security group lets it pass"
    )
    alone = SetBits("reg7", 0, _QUESTION_BITS, way.bits & INGRESS_RULES | OF_LONER)
    for priority, (kind, name) in enumerate(LONERS.items(), 60):
        matches = (_IPV6, Match("ip_proto", 58), Match("icmpv6_type", kind))
        steps = (alone, _ASK, GoTo(verdict.number))
        yield Rule(f"{way.name}_{name}", table, priority, matches, steps, "it belongs to no connection: by itself")
    for priority, version, name in ((50, _IPV4, "ipv4"), (40, _IPV6, "ipv6")):
        track = (Track("reg6", connection.number),)
        yield Rule(f"{way.name}_{name}", table, priority, (version,), track, "find its connection among its port's")
    yield Rule(f"{way.name}_not_ip", table, 0, (), (), "neither IP nor ARP: no rule can let it pass")


def _connection_rules(way: _Way) -> Iterator[Rule]:
    _, table, verdict = way.tables

    def asks(question: int) -> tuple[Instruction, ...]:
        return (SetBits("reg7", 0, _QUESTION_BITS, question), _ASK, GoTo(verdict.number))

    own = way.bits & INGRESS_RULES
    state = _TRACKED | _INVALID
    yield Rule(
        f"{way.name}_invalid",
        table,
        200,
        (Match("ct_state", state, state),),
        (),
        "it belongs to no connection and can begin none, or the workload has too many",
    )
    yield Rule(
        f"{way.name}_begun_here",
        table,
        100,
        (Match("ct_state", _TRACKED, state | _REPLY),),
        asks(own | OF_CONNECTION),
        f"its connection was begun in this direction: the rules of {way.name} count",
    )
    yield Rule(
        f"{way.name}_answer",
        table,
        90,
        (Match("ct_state", _TRACKED | _REPLY, state | _REPLY),),
        asks((own ^ INGRESS_RULES) | OF_CONNECTION),
        "its connection was begun in the other direction: the rules of that one count",
    )
    yield Rule(f"{way.name}_unknown", table, 0, (), (), "not tracked: cannot be")


def _verdict_rules(way: _Way) -> Iterator[Rule]:
    *_, table = way.tables
    new = Match("ct_state", _TRACKED | _NEW, _TRACKED | _NEW | _INVALID)
    for priority, version, name in ((210, _IPV4, "ipv4"), (200, _IPV6, "ipv6")):
        yield Rule(
            f"{way.name}_begins_{name}",
            table,
            priority,
            (version, _IS_ALLOWED, new),
            (Commit("reg6"), way.passed),
            "it begins a connection: remember it, so that it may be answered",
        )
    yield Rule(f"{way.name}_allowed", table, 190, (_IS_ALLOWED,), (way.passed,), "it goes on")
    versions = ((_IPV4, "ipv4", _OTHER_END_IPV4, _IPV4_BITS), (_IPV6, "ipv6", _OTHER_END_IPV6, _IPV6_BITS))
    for priority, (version, name, register, bits), address in zip((110, 100), versions, way.other_end, strict=True):
        yield Rule(
            f"{way.name}_undecided_{name}",
            table,
            priority,
            (version, Match("reg7", ASKED, ASKED), Match("ct_state", 0, _RELATED)),
            (Move(address, register, bits), GoTo(UNDECIDED.number)),
            "it depends on who the other end is",
        )
    answer = Match("ct_state", _TRACKED | _REPLY, _TRACKED | _REPLY | _RELATED | _INVALID)
    for priority, version, name in ((80, _IPV4, "ipv4"), (70, _IPV6, "ipv6")):
        yield Rule(
            f"{way.name}_ended_{name}",
            table,
            priority,
            (version, answer, Match("ct_nw_proto", _TCP)),
            (),
            "a TCP connection ends with the rule that let it begin, whoever may begin others",
        )
    for priority, version, name in ((60, _IPV4, "ipv4"), (50, _IPV6, "ipv6")):
        yield Rule(
            f"{way.name}_turned_{name}",
            table,
            priority,
            (version, answer),
            (Commit("reg6", force=True),),
            "denied as an answer; the next packet like it is judged as one that begins a connection",
        )
    yield Rule(f"{way.name}_denied", table, 0, (), (), "no rule lets it pass")


_OF_STRANGER = "nobody in any group that it was asked for"
STRANGER_IPV4 = Rule(
    "stranger_ipv4",
    UNDECIDED,
    200,
    (_IPV4, Match("metadata", "vni"), Match(_OTHER_END_IPV4, "address")),
    (),
    _OF_STRANGER,
    idles=True,
)
STRANGER_IPV6 = Rule(
    "stranger_ipv6",
    UNDECIDED,
    190,
    (_IPV6, Match("metadata", "vni"), Match(_OTHER_END_IPV6, "address")),
    (),
    _OF_STRANGER,
    idles=True,
)
ASK_AGENT = Rule(
    "ask_agent",
    UNDECIDED,
    100,
    (Match("reg6", "port"),),
    (Meter("undecided_meter"), ToAgent()),
    "the packet waits at the agent, at a bounded rate of its own: strangers must not use up what ARP and DHCP need",
)
OF_NO_PORT = Rule("of_no_port", UNDECIDED, 0, (), (), "of no port of this host")

ASK_GROUPS = Rule(
    "ask_groups",
    GROUPS_OF_PORT,
    100,
    (Match("reg6", "port"),),
    (SetField("xxreg2", "group"), Resubmit(GROUP.number)),
    "once for each security group of the port",
)
NO_GROUPS = Rule("no_groups", GROUPS_OF_PORT, 0, (), (), "a port that has none")

_QUESTION = Match("reg7", "question", QUESTION_MASK)
_OF_GROUP = Match("xxreg2", "group")
ASK_RULES = Rule(
    "ask_rules",
    GROUP,
    100,
    (_OF_GROUP, _QUESTION),
    (SetField("xxreg3", "remote"), Resubmit(GROUP_RULES.number)),
    "once for the rules without a remote group, and once for each remote group that rules name",
)
NO_RULES = Rule("no_rules", GROUP, 0, (), (), "a security group without such rules")

LETS_ANYBODY = Rule(
    "lets_anybody",
    GROUP_RULES,
    100,
    (_OF_GROUP, _QUESTION, Match("xxreg3", 0)),
    (_ALLOW,),
    "a rule without a remote group, with the protocol, ports and prefix that it says",
)


def _of_remote(name: str, priority: int, version: Match, asked: bool) -> Rule:
    field, register, bits = (
        ("ct_nw_src", _OTHER_END_IPV4, _IPV4_BITS) if version is _IPV4 else ("ct_ipv6_src", "xxreg2", _IPV6_BITS)
    )
    note = (SetBits("reg7", _ASKED_BIT, 1, 1),) if asked else ()
    actions = (*note, Move(field, register, bits), Resubmit(MEMBERS.number), SetField("xxreg2", "group"))
    group = "security group" if asked else "address group"
    why = f"a rule whose remote is a {group}, with what else it says; the other end is where its direction has it"
    return Rule(name, GROUP_RULES, priority, (version, _OF_GROUP, _QUESTION, Match("xxreg3", "remote")), actions, why)


LETS_GROUP = {
    False: _of_remote("lets_group_ipv4", 90, _IPV4, asked=True),
    True: _of_remote("lets_group_ipv6", 80, _IPV6, asked=True),
}
LETS_ADDRESS_GROUP = {
    False: _of_remote("lets_address_group_ipv4", 70, _IPV4, asked=False),
    True: _of_remote("lets_address_group_ipv6", 60, _IPV6, asked=False),
}
"""By whether they are of IPv6."""
LETS_NOBODY = Rule("lets_nobody", GROUP_RULES, 0, (), (), "no such rule")


def _member(name: str, priority: int, version: Match, bound: bool) -> Rule:
    other_end = _OTHER_END_IPV4 if version is _IPV4 else _OTHER_END_IPV6
    vpc = (Match("metadata", "vni"),) if bound else ()
    matches = (version, *vpc, Match("xxreg3", "remote"), Match(other_end, "address", "address_mask"))
    where = "of a security group, in the VPC of the workload" if bound else "of an address group, in any VPC"
    return Rule(name, MEMBERS, priority, matches, (_ALLOW,), f"a member {where}")


MEMBER = {
    False: _member("member_ipv4", 100, _IPV4, bound=True),
    True: _member("member_ipv6", 90, _IPV6, bound=True),
}
MEMBER_ANYWHERE = {
    False: _member("member_anywhere_ipv4", 80, _IPV4, bound=False),
    True: _member("member_anywhere_ipv6", 70, _IPV6, bound=False),
}
"""By whether they are of IPv6."""
NO_MEMBER = Rule("no_member", MEMBERS, 0, (), (), "not known to be a member")

SECURITY_RULES = (
    GUARD_EGRESS,
    GUARD_INGRESS,
    *_rules_of(_OUT),
    *_rules_of(_IN),
    STRANGER_IPV4,
    STRANGER_IPV6,
    ASK_AGENT,
    OF_NO_PORT,
    ASK_GROUPS,
    NO_GROUPS,
    ASK_RULES,
    NO_RULES,
    LETS_ANYBODY,
    *LETS_GROUP.values(),
    *LETS_ADDRESS_GROUP.values(),
    LETS_NOBODY,
    *MEMBER.values(),
    *MEMBER_ANYWHERE.values(),
    NO_MEMBER,
)
