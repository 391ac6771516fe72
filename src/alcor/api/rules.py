"""All rules that operators may override: what stands in the definitions of everything that the APIs serve."""

from alcor.api.identity.policy import default_rules
from alcor.api.neutron.availability_zones import RULES as ZONE_RULES
from alcor.api.neutron.qos_rule_types import RULES as RULE_TYPE_RULES
from alcor.api.neutron.quotas import QUOTA_RULES
from alcor.api.neutron.routes import MANAGERS
from alcor.api.neutron.service_types import RULES as SERVICE_TYPE_RULES
from alcor.model.resources.auto_allocated_topology import AUTO_ALLOCATED_TOPOLOGY
from alcor.model.resources.ip_availability import NETWORK_IP_AVAILABILITY
from alcor.model.resources.port_binding import PORT_BINDING
from alcor.model.resources.vpc_router import ROUTE_TABLE, VPC_ROUTER
from alcor.services.floating_ips.elastic_ip import ELASTIC_IPS
from alcor.services.floating_ips.elastic_ip_range import ELASTIC_IP_RANGES
from alcor.services.gateways.gateway import GATEWAYS
from alcor.services.gateways.gateway_attachment import ATTACHMENTS
from alcor.services.gateways.gateway_route_table import ROUTE_TABLES
from alcor.services.hosts.node import NODES
from alcor.services.manager import Manager
from alcor.services.security.network_acl import NETWORK_ACLS
from alcor.services.security.network_acl_rule import NETWORK_ACL_RULES


def all_rules() -> dict[str, str]:
    """The rules of both APIs, by name; Alcor's own API has Neutron's rules for the resources that both have."""
    alcors: tuple[Manager, ...] = (NODES, NETWORK_ACLS, NETWORK_ACL_RULES, GATEWAYS, ATTACHMENTS, ROUTE_TABLES)
    alcors += (ELASTIC_IPS, ELASTIC_IP_RANGES)
    resources = [
        *(manager.resource for manager in (*MANAGERS, *alcors)),
        NETWORK_IP_AVAILABILITY,
        PORT_BINDING,
        AUTO_ALLOCATED_TOPOLOGY,
    ]
    resources += [VPC_ROUTER, ROUTE_TABLE]
    return default_rules(resources) | QUOTA_RULES | ZONE_RULES | RULE_TYPE_RULES | SERVICE_TYPE_RULES
