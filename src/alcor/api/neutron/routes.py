"""All routes under /v2.0."""

from alcor.api.neutron.auto_allocated_topology import auto_allocated_topology_routes
from alcor.api.neutron.availability_zones import availability_zone_routes
from alcor.api.neutron.collection import Collection, Shape
from alcor.api.neutron.discovery import discovery_routes
from alcor.api.neutron.ip_availability import PATH, ip_availability_routes
from alcor.api.neutron.port_bindings import port_binding_routes
from alcor.api.neutron.port_trace import port_trace_routes
from alcor.api.neutron.qos_rule_types import rule_type_routes
from alcor.api.neutron.quotas import quota_routes
from alcor.api.neutron.service_types import service_type_routes
from alcor.api.neutron.tags import TagsOfCollection
from alcor.api.routes import Route
from alcor.model.resources.auto_allocated_topology import AUTO_ALLOCATED_TOPOLOGY
from alcor.model.resources.ip_availability import NETWORK_IP_AVAILABILITY
from alcor.services.flavor import FLAVORS, SERVICE_PROFILES
from alcor.services.floating_ips.external_network import NETWORKS
from alcor.services.floating_ips.floating_ip import FLOATING_IPS
from alcor.services.floating_ips.floating_ip_pool import FLOATING_IP_POOLS
from alcor.services.floating_ips.local_ip import LOCAL_IP_ASSOCIATIONS, LOCAL_IPS
from alcor.services.floating_ips.port_forwarding import PORT_FORWARDINGS
from alcor.services.hosts.agent import AGENTS
from alcor.services.manager import LIST, Manager
from alcor.services.networks.network_segment import SEGMENTS
from alcor.services.networks.network_segment_range import NETWORK_SEGMENT_RANGES
from alcor.services.ports.port import PORTS
from alcor.services.ports.trunk import TRUNKS
from alcor.services.qos.qos_policy import QOS_POLICIES
from alcor.services.qos.qos_rule import QOS_RULES
from alcor.services.rbac_policy import RBAC_POLICIES
from alcor.services.routers.conntrack_helper import CONNTRACK_HELPERS
from alcor.services.routers.metering import METERING_LABEL_RULES, METERING_LABELS
from alcor.services.routers.ndp_proxy import NDP_PROXIES
from alcor.services.routers.router import ROUTERS
from alcor.services.security.address_group import ADDRESS_GROUPS
from alcor.services.security.default_statefulness import DEFAULT_STATEFULNESSES
from alcor.services.security.log import LOGS
from alcor.services.security.security_group import SECURITY_GROUPS
from alcor.services.security.security_group_rule import DEFAULT_SECURITY_GROUP_RULES, SECURITY_GROUP_RULES
from alcor.services.subnets.address_scope import ADDRESS_SCOPES
from alcor.services.subnets.subnet import SUBNETS
from alcor.services.subnets.subnet_onboarding import SUBNETPOOLS
from alcor.store.store import Store

MANAGERS = (
    NETWORKS,
    ADDRESS_SCOPES,
    SUBNETPOOLS,
    SUBNETS,
    PORTS,
    TRUNKS,
    ROUTERS,
    FLOATING_IPS,
    FLOATING_IP_POOLS,
    PORT_FORWARDINGS,
    NDP_PROXIES,
    LOCAL_IPS,
    LOCAL_IP_ASSOCIATIONS,
    CONNTRACK_HELPERS,
    SECURITY_GROUPS,
    SECURITY_GROUP_RULES,
    DEFAULT_SECURITY_GROUP_RULES,
    DEFAULT_STATEFULNESSES,
    ADDRESS_GROUPS,
    QOS_POLICIES,
    *QOS_RULES,
    RBAC_POLICIES,
    AGENTS,
    FLAVORS,
    SERVICE_PROFILES,
    METERING_LABELS,
    METERING_LABEL_RULES,
    LOGS,
    NETWORK_SEGMENT_RANGES,
    SEGMENTS,
)


def neutron_routes(store: Store, page_limit: int) -> list[Route]:
    """Neutron's API on a store."""
    whole = [manager for manager in MANAGERS if manager.parent is None and LIST in manager.operations]
    resources = {_shape(manager).path: manager.resource for manager in whole} | {PATH: NETWORK_IP_AVAILABILITY}
    parts = [AUTO_ALLOCATED_TOPOLOGY, *(manager.resource for manager in MANAGERS if manager not in whole)]
    routes = [*discovery_routes(resources, parts), *ip_availability_routes(store, page_limit), *quota_routes(store)]
    routes += [*port_binding_routes(store), *port_trace_routes(store, "/v2.0")]
    routes += auto_allocated_topology_routes(store)
    routes += [*rule_type_routes(), *availability_zone_routes(store), *service_type_routes(store)]
    routes += TagsOfCollection(store, QOS_POLICIES, "/v2.0/policies").routes()  # where Neutron has them, too
    for manager in MANAGERS:
        resource = manager.resource
        shape = _shape(manager)
        routes += Collection(store, manager, page_limit, shape).routes()
        if "tags" in resource.attributes:
            routes += TagsOfCollection(store, manager, shape.path).routes()
    return routes


def _shape(manager: Manager) -> Shape:
    resource, parent = manager.resource, manager.parent
    collection = manager.path or resource.collection.replace("_", "-")
    above = f"/v2.0/{parent.path}/{{parent_id}}" if parent is not None else "/v2.0"
    return Shape(f"{above}/{collection}", resource.name, resource.collection)
