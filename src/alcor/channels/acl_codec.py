"""Network ACLs of goal states, between their plain form and protobuf.

As strict as channels.codec.
"""

from alcor.channels import checks
from alcor.channels.checks import MalformedMessage
from alcor.model.goal_state import NetworkAcl
from alcor.model.records import NetworkAclRule
from alcor.southbound.v1 import southbound_pb2 as pb

_WIDTHS = {"protocol": 8, "port_range_min": 16, "port_range_max": 16, "icmp_type": 8, "icmp_code": 8}  # in bits


def put_network_acl(acl: NetworkAcl, part: pb.GoalState) -> None:
    """Add a network ACL to a part of a goal state."""
    message = part.network_acls.add(id=acl.id)
    for rule in acl.rules:
        message.rules.add(
            number=rule.number,
            ingress=rule.ingress,
            allow=rule.allow,
            ipv6=rule.ipv6,
            prefix=rule.prefix,
            protocol=rule.protocol,
            port_range_min=rule.port_range_min,
            port_range_max=rule.port_range_max,
            icmp_type=rule.icmp_type,
            icmp_code=rule.icmp_code,
        )


def network_acl(message: pb.NetworkAcl) -> NetworkAcl:
    """A network ACL, its id checked already. Raises MalformedMessage."""
    return NetworkAcl(id=message.id, rules=tuple(map(_rule, message.rules)))


def _rule(message: pb.NetworkAclRule) -> NetworkAclRule:
    return NetworkAclRule(
        number=checks.number(message.number, 16, "network ACL rule: number"),
        ingress=message.ingress,
        allow=message.allow,
        ipv6=message.ipv6,
        prefix=_prefix(message),
        **{field: _number(message, field, bits) for field, bits in _WIDTHS.items()},
    )


def _number(message: pb.NetworkAclRule, field: str, bits: int) -> int | None:
    if not message.HasField(field):
        return None
    return checks.number(getattr(message, field), bits, f"network ACL rule: {field}")


def _prefix(message: pb.NetworkAclRule) -> str:
    prefix = checks.cidr(message.prefix, "network ACL rule")
    if (":" in prefix) is not message.ipv6:
        raise MalformedMessage(f"network ACL rule: {prefix} is of another IP version")
    return prefix
