"""What a security group rule may say: protocols, ports, ICMP types and codes, remote ends (as Neutron has it)."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from alcor.model.errors import AlcorError, bad_request

IPV4, IPV6 = "IPv4", "IPv6"
PARENT = "PARENT"
"""The remote group of a template: the group that is made from it."""

_NUMBERS: Mapping[str, int] = {
    "ah": 51,
    "dccp": 33,
    "egp": 8,
    "esp": 50,
    "gre": 47,
    "hopopt": 0,
    "icmp": 1,
    "igmp": 2,
    "ip": 0,
    "ipip": 4,
    "ipv6-encap": 41,
    "ipv6-frag": 44,
    "ipv6-icmp": 58,
    "icmpv6": 58,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ipv6-route": 43,
    "ospf": 89,
    "pgm": 113,
    "rsvp": 46,
    "sctp": 132,
    "tcp": 6,
    "udp": 17,
    "udplite": 136,
    "vrrp": 112,
}
_ANY = (None, "any")
_SUPPORTED = (*_ANY, *_NUMBERS)
_WITH_PORTS = ("dccp", "sctp", "tcp", "udp", "udplite")
_ICMP, _ICMPV6 = 1, 58
_OF_IPV6 = ("ipv6-encap", "ipv6-frag", "ipv6-icmp", "icmpv6", "ipv6-nonxt", "ipv6-opts", "ipv6-route")
_LARGEST_PORT = 65535
_REMOTES = ("remote_ip_prefix", "remote_group_id", "remote_address_group_id")
SAID_ALIKE = (
    "direction",
    "ethertype",
    "port_range_min",
    "port_range_max",
    "remote_group_id",
    "remote_address_group_id",
    "security_group_id",
)
"""What rules that let the same through say in the same words."""

_EVERYWHERE = ("0.0.0.0/0", "::/0", None)


def protocol(value: Any) -> str | None:
    """An IP protocol by its name, or by its number as text; None for any."""
    if value is None or value == "any":
        return None
    if isinstance(value, str) and value.lower() in _SUPPORTED:
        return value.lower()
    if isinstance(value, int | str) and not isinstance(value, bool) and str(value).isascii() and str(value).isdigit():
        text = str(value)
        if len(text) <= 3 and int(text) <= 255:
            return text
    raise bad_request(
        f"Security group rule protocol {str(value)[:64]} not supported. Only protocol values {_SUPPORTED} and integer "
        "representations [0 to 255] are supported.",
        "SecurityGroupRuleInvalidProtocol",
    )


def ethertype(value: Any) -> str:
    """IPv4 or IPv6, however it is written."""
    for known in (IPV4, IPV6):
        if isinstance(value, str) and value.lower() == known.lower():
            return known
    raise bad_request(
        f"Security group rule for ethertype '{str(value)[:64]}' not supported. Allowed values are {[IPV4, IPV6]}.",
        "SecurityGroupRuleInvalidEtherType",
    )


def port_number(value: Any) -> int | None:
    """A port, or an ICMP type or code; None for all."""
    if value is None:
        return None
    try:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else -1
    except ValueError:
        number = -1
    if 0 <= number <= _LARGEST_PORT:
        return number
    raise bad_request(f"Invalid value for port {str(value)[:64]}", "SecurityGroupInvalidPortValue")


def remote_prefix(value: Any) -> str | None:
    """An address with its prefix, as it was given: bits past the prefix stay."""
    if value is None or value == "":
        return None
    try:
        return str(ipaddress.ip_interface(value if isinstance(value, str) and "%" not in value else ""))
    except ValueError as error:
        raise bad_request(f"Invalid CIDR {str(value)[:64]} given as IP prefix.", "InvalidCIDR") from error


def normalized(prefix: str | None) -> str | None:
    """The range of addresses that a remote prefix stands for."""
    return None if prefix is None else str(ipaddress.ip_interface(prefix).network)


def check_rule(rule: Mapping[str, Any]) -> None:
    """Raises AlcorError (400) when what a rule says does not go together."""
    if sum(1 for name in _REMOTES if rule[name]) > 1:
        raise bad_request(
            "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.",
            "SecurityGroupMultipleRemoteEntites",
        )
    _check_protocol(rule)
    _check_ports(rule)
    prefix = rule["remote_ip_prefix"]
    if prefix and rule["ethertype"] != f"IPv{ipaddress.ip_interface(prefix).version}":
        raise bad_request(
            f"Conflicting value ethertype {rule['ethertype']} for CIDR {prefix}", "SecurityGroupRuleParameterConflict"
        )


def without_whole_range(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule; one for ports 1 to 65535 is one for all."""
    if (rule["port_range_min"], rule["port_range_max"]) == (1, _LARGEST_PORT):
        return {**rule, "port_range_min": None, "port_range_max": None}
    return dict(rule)


def identity(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    """What two rules have in common that let the same through."""
    prefix = rule["remote_ip_prefix"]
    number = protocol_number(rule["protocol"], rule["ethertype"])
    said = tuple(rule.get(name) for name in SAID_ALIKE)
    return *said, number, None if is_everywhere(prefix) else prefix


def protocol_number(name: str | None, ethertype: str) -> int | None:
    """The number of a rule's protocol as packets have it; None for any. ICMP of IPv6 has one of its own."""
    number = _number(name)
    return _ICMPV6 if ethertype == IPV6 and number == _ICMP else number


def is_everywhere(prefix: str | None) -> bool:
    """Whether all addresses have the prefix."""
    return prefix in _EVERYWHERE


def repeated(rules: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two of the rules let the same through."""
    return len({identity(rule) for rule in rules}) < len(rules)


def _number(name: str | None) -> int | None:
    if name is None:
        return None
    return _NUMBERS[name] if name in _NUMBERS else int(name)


def _check_protocol(rule: Mapping[str, Any]) -> None:
    of_ipv6 = rule["protocol"] in _OF_IPV6 or rule["protocol"] in {str(_NUMBERS[name]) for name in _OF_IPV6}
    if of_ipv6 and rule["ethertype"] == IPV4:
        raise bad_request(
            f"Invalid ethertype {rule['ethertype']} for protocol {rule['protocol']}.",
            "SecurityGroupEthertypeConflictWithProtocol",
        )


def _check_ports(rule: Mapping[str, Any]) -> None:
    least, most = rule["port_range_min"], rule["port_range_max"]
    if least is None and most is None:
        return
    number = _number(rule["protocol"])
    if number is None:
        raise bad_request(
            "Must also specify protocol if port range is given.", "SecurityGroupProtocolRequiredWithPorts"
        )
    if number in {_NUMBERS[name] for name in _WITH_PORTS}:
        if 0 in (least, most):
            raise bad_request("Invalid value for port 0", "SecurityGroupInvalidPortValue")
        if least is None or most is None or least > most:
            raise bad_request(
                "For TCP/UDP protocols, port_range_min must be <= port_range_max", "SecurityGroupInvalidPortRange"
            )
    elif number in (_ICMP, _ICMPV6):
        _check_icmp(least, most)
    else:
        valid = ", ".join(name.upper() for name in _WITH_PORTS)
        raise bad_request(
            f"Ports cannot be specified for protocol {number}. Ports are only supported for {valid}.",
            "SecurityGroupInvalidProtocolForPort",
        )


def _check_icmp(kind: int | None, code: int | None) -> None:
    for value, field, attribute in ((kind, "type", "port_range_min"), (code, "code", "port_range_max")):
        if value is not None and value > 255:
            raise _icmp_value(field, attribute, value)
    if kind is None:
        raise bad_request(
            f"ICMP code (port-range-max) {code} is provided but ICMP type (port-range-min) is missing.",
            "SecurityGroupMissingIcmpType",
        )


def _icmp_value(field: str, attribute: str, value: int) -> AlcorError:
    return bad_request(
        f"Invalid value for ICMP {field} ({attribute}) {value}. It must be 0 to 255.", "SecurityGroupInvalidIcmpValue"
    )
