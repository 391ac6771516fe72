"""How many addresses a network has, and how many of them are in use (Neutron's network-ip-availability)."""

from alcor.model.resource import Attribute, Kept, Resource
from alcor.model.rules import ADMIN_OR_SERVICE

NETWORK_IP_AVAILABILITY = Resource(
    "network_ip_availability",
    "network_ip_availabilities",
    (
        Attribute("network_id", column="id", parse_filter=str),
        Attribute("network_name", column="name", parse_filter=str),
        Attribute("project_id", column="project_id", parse_filter=str),
        Attribute("tenant_id", column="project_id", parse_filter=str, alias_of="project_id"),
        Attribute("total_ips", kept=Kept.COMPUTED),
        Attribute("used_ips", kept=Kept.COMPUTED),
        Attribute("subnet_ip_availability", kept=Kept.COMPUTED),
    ),
    rules={"get": ADMIN_OR_SERVICE},
)
