"""Ports of a goal state as a data plane is told of them."""

from alcor.dataplane.driver import Endpoint
from alcor.dataplane.network_acls import SubnetAcl
from alcor.model.addresses import ip_bytes
from alcor.model.goal_state import Port


def endpoint_of(port: Port, network_acls: tuple[SubnetAcl, ...] = ()) -> Endpoint:
    """A port as packets see it, and the network ACLs of its subnets."""
    addresses = [ip_bytes(address) for _, address in port.fixed_ips]
    return Endpoint(
        port_id=port.id,
        vni=port.vni,
        mac=port.mac,
        ipv4=tuple(int.from_bytes(packed, "big") for packed in addresses if len(packed) == 4),
        ipv6=tuple(packed for packed in addresses if len(packed) == 16),
        port_security=port.port_security,
        allowed_address_pairs=port.allowed_address_pairs,
        admin_state_up=port.admin_state_up,
        security_groups=port.security_groups if port.port_security else (),
        network_acls=network_acls,
    )
