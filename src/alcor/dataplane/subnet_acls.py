"""Network ACLs from the goal state's form to the data plane's, and which of them hold for a port. Pure."""

import ipaddress
from collections.abc import Mapping

from alcor.dataplane.network_acls import NetworkAcl, NetworkAclRule, SubnetAcl
from alcor.dataplane.security_groups import prefix_of
from alcor.model import goal_state, records
from alcor.model.goal_state import Port, Subnet
from alcor.model.identifiers import Id


def data_plane_acl(acl: goal_state.NetworkAcl) -> NetworkAcl:
    """A network ACL as the data plane is told of it."""
    return NetworkAcl(acl.id, tuple(map(_rule, acl.rules)))


def _rule(rule: records.NetworkAclRule) -> NetworkAclRule:
    return NetworkAclRule(
        number=rule.number,
        ingress=rule.ingress,
        allow=rule.allow,
        version=6 if rule.ipv6 else 4,
        prefix=prefix_of(rule.prefix),
        protocol=rule.protocol,
        port_range_min=rule.port_range_min,
        port_range_max=rule.port_range_max,
        icmp_type=rule.icmp_type,
        icmp_code=rule.icmp_code,
    )


def subnet_acls(port: Port, subnets: Mapping[Id, Subnet]) -> tuple[SubnetAcl, ...]:
    """The subnets of a port's addresses, with the ACL of each; nothing when none has one."""
    own = [subnets[subnet_id] for subnet_id in dict.fromkeys(id_ for id_, _ in port.fixed_ips) if subnet_id in subnets]
    return tuple(map(_subnet_acl, own)) if any(subnet.network_acl for subnet in own) else ()


def _subnet_acl(subnet: Subnet) -> SubnetAcl:
    network = ipaddress.ip_network(subnet.cidr, strict=False)
    return SubnetAcl(network.version, int(network.network_address), int(network.netmask), subnet.network_acl or None)
