"""Neutron's resources as Alcor's own API has them: a client chooses ids, and sends whole resources.

The names without effect are fields of the Java Alcor that its clients send and that changed nothing there either, or
that are told in another way here.
"""

from alcor.model.programming import AUTO, SETTINGS
from alcor.model.resource import Attribute, Kept, Resource
from alcor.model.resources.network import NETWORK
from alcor.model.resources.port import PORT
from alcor.model.resources.router import ROUTER
from alcor.model.resources.security_group import SECURITY_GROUP, SECURITY_GROUP_RULE
from alcor.model.resources.standard import chosen_id
from alcor.model.resources.subnet import SUBNET
from alcor.model.values import cidr, integer, list_of, one_of, optional, record, text

_MOST_ROUTES = 64
_LARGEST_PRIORITY = 2**31 - 1
_TEXT = optional(text(255))
_QUERY_FIELDS = ("tags-any", "not-tags", "not-tags-any", "fields", "sort_dir", "sort_key")

_ROUTE = record(
    {"destination": cidr, "target": text(255)},
    {
        "priority": optional(integer(0, _LARGEST_PRIORITY)),
        "associatedType": _TEXT,
        "associatedTableId": _TEXT,
        "id": _TEXT,
        "name": _TEXT,
        "description": _TEXT,
        "project_id": _TEXT,
        "tenant_id": _TEXT,
    },
)


def _attributes(resource: Resource, *others: Attribute) -> tuple[Attribute, ...]:
    return chosen_id(), *(each for each in resource.attributes.values() if each.name != "id"), *others


VPC = Resource(
    "network",
    "networks",
    _attributes(
        NETWORK,
        Attribute("cidr", cidr, None),
        Attribute("routes", list_of(_ROUTE, _MOST_ROUTES), []),
        Attribute("programming", one_of(*SETTINGS), AUTO),
        Attribute("vlan_transparent", default=False, kept=Kept.CONSTANT),
    ),
    lenient=True,
    rules=NETWORK.rules,
    without_effect=(
        "default",  # what Java makes of is_default
        "router",
        *_QUERY_FIELDS,
    ),
)

PROJECT_SUBNET = Resource(
    "subnet",
    "subnets",
    _attributes(SUBNET),
    lenient=True,
    rules=SUBNET.rules,
    without_effect=(
        "availability_zone",
        "gatewayPortId",
        "gateway_port_detail",
        "port_detail",
        "attached_router_id",
        "primary_dns",
        "secondary_dns",
        "dns_list",
        "ipV4_rangeId",
        "ipV6_rangeId",
        "prefixlen",
        "routes",
        "use_default_subnet_pool",
        *_QUERY_FIELDS,
    ),
)

PROJECT_PORT = Resource(
    "port",
    "ports",
    _attributes(PORT),
    lenient=True,
    rules=PORT.rules,
    without_effect=(
        "create_at",
        "update_at",
        "fast_path",
        "mac_learning_enabled",
        "network_ns",
        "resource_request",
        "uplink_status_propagation",
        "veth_name",
    ),
)

PROJECT_SECURITY_GROUP = Resource(
    "security_group",
    "security_groups",
    _attributes(SECURITY_GROUP),
    lenient=True,
    rules=SECURITY_GROUP.rules,
    without_effect=("create_at", "update_at"),
)

PROJECT_SECURITY_GROUP_RULE = Resource(
    "security_group_rule",
    "security_group_rules",
    _attributes(SECURITY_GROUP_RULE),
    lenient=True,
    rules=SECURITY_GROUP_RULE.rules,
    without_effect=("name",),
)

PROJECT_ROUTER = Resource(
    "router",
    "routers",
    _attributes(ROUTER),
    lenient=True,
    rules=ROUTER.rules,
    without_effect=("gateway_ports", "owner", "routetable"),
)
