"""The rules of network ACLs: what leaves a subnet goes by its ACL's egress rules, what enters one by its ingress rules.

Each direction has a table that tells by addresses which packets of a port cross the border of its subnet, and one with
the rules of ACLs, which are the same for all ports. On the way xxreg0 (reg0–3) holds the id of the ACL that counts;
in the subnet of the receiver reg6 holds the port number of the workload that the packet is for.

The first subnet of a port has the packets from addresses in none; so a port that is in one subnet needs no more flows
than say what its first subnet has.
"""

from collections.abc import Iterator
from typing import NamedTuple

from alcor.dataplane.ovs.address_families import ipv6_twin
from alcor.dataplane.ovs.openflow.actions import GoTo, OutputTo, SetField
from alcor.dataplane.ovs.security_rules import ESSENTIAL_ICMPV6, GUARD_INGRESS
from alcor.dataplane.ovs.tables import (
    EGRESS_ACL,
    ENTERED,
    ENTERING,
    GATEWAY,
    INGRESS_ACL,
    LEAVING,
    LOCAL,
    Match,
    Rule,
    Table,
)

_IPV4, _IPV6 = Match("eth_type", 0x0800), Match("eth_type", 0x86DD)
_FIRST_NUMBER = 40000


class Border(NamedTuple):
    """The rules that tell which packets of a port cross the border of its subnets, in one direction."""

    within: Rule
    """Both ends are in a subnet."""
    across: Rule
    """The port's end is in a subnet, the other is not."""
    exempt: Rule
    """Likewise, of a subnet without an ACL."""
    within_first: Rule
    """The port's end is in the first subnet or in none, the other in the first."""
    across_first: Rule
    """The other one is not, either."""


class _Way(NamedTuple):
    """What differs between the way out of a subnet and the way in."""

    name: str
    border: Table
    acl: Table
    port: Match  # whose subnets count
    ends: tuple[str, str]  # the fields with the address of the port's end, and of the other
    passed: GoTo
    verb: str


_OUT = _Way(
    "egress",
    LEAVING,
    EGRESS_ACL,
    Match("in_port", "port"),
    ("ipv4_src", "ipv4_dst"),
    GoTo(GATEWAY.number),
    "leaves",
)
_IN = _Way(
    "ingress",
    ENTERING,
    INGRESS_ACL,
    Match("reg6", "port"),
    ("ipv4_dst", "ipv4_src"),
    GoTo(ENTERED.number),
    "enters",
)

ENTERS = Rule(
    "enters",
    LOCAL,
    120,
    (Match("metadata", "vni"), Match("eth_dst", "mac")),
    (SetField("reg6", "port"), GoTo(ENTERING.number)),
    "to a workload in a subnet that has a network ACL, before its security groups",
)


def _border(way: _Way) -> Border:
    here, there = (Match(field, "network", "mask") for field in way.ends)
    judged = (SetField("xxreg0", "acl"), GoTo(way.acl.number))
    about = (_IPV4, way.port)

    def rule(name: str, priority: int, matches: tuple[Match, ...], passes: bool, why: str) -> Rule:
        steps = (way.passed,) if passes else judged
        return Rule(f"{way.name}_{name}", way.border, priority, (*about, *matches), steps, why)

    return Border(
        rule("within", 200, (here, there), True, "both ends are in the same subnet: no ACL judges it"),
        rule("across", 190, (here,), False, f"it {way.verb} a subnet that has an ACL"),
        rule("exempt", 180, (here,), True, f"it {way.verb} a subnet without an ACL, which is not the port's first"),
        rule("within_first", 170, (there,), True, "the same as within, of the port's first subnet"),
        rule(
            "across_first",
            160,
            (),
            False,
            f"it {way.verb} the port's first subnet, or the port's end is in none of them",
        ),
    )


EGRESS_BORDER, INGRESS_BORDER = _border(_OUT), _border(_IN)
EGRESS_BORDER_IPV6, INGRESS_BORDER_IPV6 = (
    Border(*map(ipv6_twin, border)) for border in (EGRESS_BORDER, INGRESS_BORDER)
)


def _essential(way: _Way) -> Iterator[Rule]:
    for priority, (kind, name) in enumerate(ESSENTIAL_ICMPV6.items(), 1000):
        matches = (_IPV6, Match("ip_proto", 58), Match("icmpv6_type", kind))
        why = "essential: IPv6 does not work without"
        yield Rule(f"{way.name}_acl_{name}", way.border, priority, matches, (way.passed,), why)


def _numbered(way: _Way) -> Rule:
    return Rule(
        f"{way.name}_numbered",
        way.acl,
        _FIRST_NUMBER,
        (Match("xxreg0", "acl"),),
        (way.passed,),
        "a rule of the ACL, with what it says of prefix, protocol and ports; where the rule denies, it is dropped",
        by_number=True,
    )


EGRESS_NUMBERED, INGRESS_NUMBERED = _numbered(_OUT), _numbered(_IN)

ENTERED_GUARDED = Rule(
    "entered_guarded",
    ENTERED,
    100,
    (Match("reg6", "port"),),
    GUARD_INGRESS.actions,
    "to a port with port security: if its security groups let it",
)

ACL_RULES = (
    ENTERS,
    *_essential(_OUT),
    *EGRESS_BORDER,
    *EGRESS_BORDER_IPV6,
    Rule("egress_not_judged", LEAVING, 0, (), (_OUT.passed,), "of a subnet without an ACL, or neither IPv4 nor IPv6"),
    EGRESS_NUMBERED,
    Rule("egress_not_numbered", EGRESS_ACL, 0, (), (), "no rule of the ACL is about it"),
    *_essential(_IN),
    *INGRESS_BORDER,
    *INGRESS_BORDER_IPV6,
    Rule("ingress_not_judged", ENTERING, 0, (), (_IN.passed,), "of a subnet without an ACL, or neither IPv4 nor IPv6"),
    INGRESS_NUMBERED,
    Rule("ingress_not_numbered", INGRESS_ACL, 0, (), (), "no rule of the ACL is about it"),
    ENTERED_GUARDED,
    Rule("entered_unguarded", ENTERED, 0, (), (OutputTo("reg6"),), "to a port whose port security is off"),
)
