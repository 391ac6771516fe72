"""QoS policies, and their rules: how much of a link's bandwidth what has the policy may use, or is promised."""

from collections.abc import Mapping
from typing import Any

import msgspec

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import standard_attributes, tags
from alcor.model.rules import (
    ADMIN_OR_PARENT_OWNER_MANAGER,
    ADMIN_OR_PARENT_OWNER_READER,
    ADMIN_OR_PROJECT_MANAGER,
    ADMIN_OR_PROJECT_READER,
)
from alcor.model.values import boolean, integer, one_of, optional, uuid, whole_number

DIRECTIONS = ("egress", "ingress")
DIRECTIONS_AND_ANY = (*DIRECTIONS, "any")
DSCP_MARKS = (0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 44, 46, 48, 56)
LARGEST_RATE = 2**31 - 1

_rate = integer(0, LARGEST_RATE)


def _dscp_mark(value: Any) -> int:
    mark: int = one_of(*DSCP_MARKS)(whole_number(value))
    return mark


class RuleType(msgspec.Struct, frozen=True):
    """A type of rules: the attributes with numbers, each with the column that has it, and the directions if any.

    ``promises`` says that the rate is one that what has the policy gets at least.
    """

    name: str
    numbers: Mapping[str, str]
    directions: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()
    alias_extensions: tuple[Extension, ...] = ()
    promises: bool = False


RULE_TYPES = (
    RuleType(
        "bandwidth_limit",
        {"max_kbps": "rate", "max_burst_kbps": "burst"},
        DIRECTIONS,
        (
            Extension("qos-bw-limit-direction", "Direction for QoS bandwidth limit rule", "Allow to configure QoS bandwidth limit rule with specific direction: ingress or egress"),  # noqa: E501
        ),
        (
            Extension("qos-rules-alias", "Quality of Service rules alias API", "API to enable GET, PUT and DELETE operations on QoS policy rules without specifying policy ID"),  # noqa: E501
        ),
    ),
    RuleType("dscp_marking", {"dscp_mark": "dscp_mark"}),
    RuleType(
        "minimum_bandwidth",
        {"min_kbps": "rate"},
        DIRECTIONS,
        (
            Extension("qos-bw-minimum-ingress", "Ingress direction for QoS minimum bandwidth rule", "Allow to configure QoS minumum bandwidth rule with ingress direction."),  # noqa: E501
        ),
        promises=True,
    ),
    RuleType(
        "minimum_packet_rate",
        {"min_kpps": "rate"},
        DIRECTIONS_AND_ANY,
        (Extension("qos-pps-minimum", "QoS minimum packet rate rule", "Allow to configure QoS minimum packet rate rule."),),  # noqa: E501
        (
            Extension("qos-pps-minimum-rule-alias", "QoS minimum packet rate rule alias", "API to enable GET, PUT and DELETE operations on QoS minimum packet rate rule without specifying policy ID"),  # noqa: E501
        ),
        promises=True,
    ),
    RuleType(
        "packet_rate_limit",
        {"max_kpps": "rate", "max_burst_kpps": "burst"},
        DIRECTIONS,
        (Extension("qos-pps", "QoS Rule Type Packet per Second Extension", "Add QoS Rule Type Packet per Second"),),
    ),
)  # fmt: skip

POLICY = Resource(
    "policy",
    "policies",
    (
        *standard_attributes(),
        Attribute("shared", boolean, False, kept=Kept.COMPUTED, parse_filter=boolean),
        Attribute("is_default", boolean, False, column="is_default", parse_filter=boolean),
        Attribute("rules", kept=Kept.COMPUTED),
        tags(create=True),
    ),
    rules=dict.fromkeys(("create", "update", "delete"), ADMIN_OR_PROJECT_MANAGER)
    | {"get": f"{ADMIN_OR_PROJECT_READER} or rule:shared_qos_policy"},
    extensions=(
        Extension("qos", "Quality of Service", "The Quality of Service extension."),
        Extension("qos-default", "QoS default policy", "Expose the QoS default policy per project"),
        Extension("qos-rule-type-details", "Details of QoS rule types", "Expose details about QoS rule types supported by loaded backend drivers"),  # noqa: E501
        Extension("qos-rule-type-filter", "Allow to filter the list of QoS rule types", "Allows to filter the QoS rule type list adding two new flags. \"all_rules\" prints all implemented QoS rule types.\"all_supported\" prints all supported QoS rule types by the loaded mechanism drivers"),  # noqa: E501
    ),
)  # fmt: skip


def rule_attributes(kind: RuleType) -> tuple[Attribute, ...]:
    """The attributes of rules of a type that requests may set."""
    attributes = []
    for name, column in kind.numbers.items():
        convert = _dscp_mark if column == "dscp_mark" else _rate
        default: Any = 0 if column == "burst" else Unset.REQUIRED
        attributes.append(Attribute(name, convert, default, column=column, parse_filter=whole_number))
    if kind.directions:
        convert = one_of(*kind.directions)
        attributes.append(Attribute("direction", convert, "egress", column="direction", parse_filter=str))
    return tuple(attributes)


def _rule(kind: RuleType, prefix: str, extensions: tuple[Extension, ...]) -> Resource:
    return Resource(
        f"{prefix}{kind.name}_rule",
        f"{prefix}{kind.name}_rules",
        (
            Attribute("id", column="id", parse_filter=str),
            *rule_attributes(kind),
            Attribute("qos_policy_id", str, update=False, column="qos_policy_id"),
        ),
        rules=dict.fromkeys(("create", "update", "delete"), ADMIN_OR_PARENT_OWNER_MANAGER)
        | {"get": ADMIN_OR_PARENT_OWNER_READER},
        policy_name=f"{prefix or 'policy_'}{kind.name}_rule",
        extensions=extensions,
    )


RULES = {kind.name: _rule(kind, "", kind.extensions) for kind in RULE_TYPES}
"""The rules of each type, as parts of their policy."""

ALIASES = {kind.name: _rule(kind, "alias_", kind.alias_extensions) for kind in RULE_TYPES}
"""The same rules, by their id alone."""


def qos_policy_id() -> Attribute:
    """The QoS policy of what can have one."""
    return Attribute("qos_policy_id", optional(uuid), None)
