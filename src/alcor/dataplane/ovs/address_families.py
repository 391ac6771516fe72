"""Rules of routing are written for IPv4; what they say of IPv6 is the same in other fields.

So each has a twin, made by putting the fields of IPv6 in the place of those of IPv4. Next hops are in ``reg8`` or, for
IPv6, in the four registers that are ``xxreg2``.
"""

from typing import Final

from alcor.dataplane.ovs.openflow.actions import Instruction, Move, SetField
from alcor.dataplane.ovs.tables import Match, Rule

_FIELDS: Final = {
    "ipv4_src": "ipv6_src",
    "ipv4_dst": "ipv6_dst",
    "icmpv4_type": "icmpv6_type",
    "icmpv4_code": "icmpv6_code",
    "reg8": "xxreg2",
}
_VALUES: Final = {
    ("eth_type", 0x0800): 0x86DD,
    ("ip_proto", 1): 58,
    ("icmpv4_type", 8): 128,  # echo request
    ("icmpv4_type", 0): 129,  # echo reply
}
_ADDRESS_BITS: Final = {32: 128}
_BESIDE: Final = 7  # in priority: as many as there are rules for prefixes of one length
_ABOVE: Final = 500  # in priority, of rules that do not go by prefixes


def is_about_ipv4(rule: Rule) -> bool:
    """Whether the rule looks at IPv4 packets only."""
    return Match("eth_type", 0x0800) in rule.matches


def ipv6_twin(rule: Rule) -> Rule:
    """The rule that does to IPv6 packets what this one does to those of IPv4."""
    return rule._replace(
        name=f"{rule.name}_ipv6",
        priority=rule.priority + (_BESIDE if rule.by_prefix else _ABOVE),
        matches=tuple(map(_match, rule.matches)),
        actions=tuple(map(_step, rule.actions)),
    )


def _match(match: Match) -> Match:
    value = match.value if isinstance(match.value, str) else _VALUES.get((match.field, match.value), match.value)
    return Match(_FIELDS.get(match.field, match.field), value, match.mask)


def _step(step: Instruction) -> Instruction:
    if isinstance(step, SetField):
        value = step.value if isinstance(step.value, str) else _VALUES.get((step.field, step.value), step.value)
        return SetField(_FIELDS.get(step.field, step.field), value)
    if isinstance(step, Move) and {step.source, step.destination} & _FIELDS.keys():
        source, destination = (_FIELDS.get(field, field) for field in (step.source, step.destination))
        return step._replace(source=source, destination=destination, bits=_ADDRESS_BITS[step.bits])
    return step
