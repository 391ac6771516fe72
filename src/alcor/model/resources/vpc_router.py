"""The router that a VPC has of its own, and the route tables of a VPC and its subnets.

Names and values that are not Neutron's are the Java Alcor's, as its clients send and read them.
"""

from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import chosen_id, standard_attributes
from alcor.model.values import cidr, integer, ip_address, list_of, one_of, optional, record, text, uuid

VPC_TABLE = "vpc"
SUBNET_TABLES = ("public_subnet", "private_subnet", "neutron_subnet")
LOCAL = "local"
"""The target of routes to what is in the VPC itself."""

USUAL_PRIORITIES = {VPC_TABLE: 0} | dict.fromkeys(SUBNET_TABLES, 100)
"""The priority of a route that does not say, by the type of its table."""

_MOST_ROUTES = 1000
_TEXT = optional(text(255))

_route = record(
    {"destination": cidr},
    {
        "target": _TEXT,
        "nexthop": optional(ip_address),
        "priority": optional(integer(0, 2**31 - 1)),
        "id": optional(uuid),
        "name": _TEXT,
        "description": _TEXT,
        # What the table that it is in says: passed over.
        "project_id": _TEXT,
        "tenant_id": _TEXT,
        "routeTableId": _TEXT,
        "associatedType": _TEXT,
        "associatedTableId": _TEXT,
    },
)


def _own(*attributes: Attribute) -> tuple[Attribute, ...]:
    return chosen_id(), *(each for each in standard_attributes() if each.name != "id"), *attributes


VPC_ROUTER = Resource(
    "router",
    "routers",
    _own(
        Attribute("owner", uuid, Unset.REQUIRED, update=False, column="vpc_id", parse_filter=str),
        Attribute("admin_state_up", default=True, kept=Kept.CONSTANT),
        Attribute("status", default="ACTIVE", kept=Kept.CONSTANT),
        Attribute("gateway_ports", default=[], kept=Kept.CONSTANT),
        Attribute("routetables", kept=Kept.COMPUTED),
        Attribute("vpc_default_route_table_id", kept=Kept.COMPUTED),
    ),
    lenient=True,
    policy_name="vpc_router",
)

ROUTE_TABLE = Resource(
    "routetable",
    "routetables",
    _own(
        Attribute("owner", uuid, update=False, column="owner", parse_filter=str),
        Attribute("vpc_id", uuid, update=False, column="vpc_id", parse_filter=str),
        Attribute(
            "route_table_type",
            one_of(VPC_TABLE, *SUBNET_TABLES),
            Unset.REQUIRED,
            column="route_table_type",
            parse_filter=str,
        ),
        Attribute("routes", list_of(_route, _MOST_ROUTES), []),
    ),
    lenient=True,
)
