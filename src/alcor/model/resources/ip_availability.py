"""How many addresses a network has, and how many of them are in use (Neutron's network-ip-availability)."""

from alcor.model.extension import Extension
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
        Attribute("ip_availability_details", kept=Kept.COMPUTED),
    ),
    extensions=(
        Extension("network-ip-availability", "Network IP Availability", "Provides IP availability data for each network and subnet."),  # noqa: E501
        Extension("network-ip-availability-details", "Network IP Availability Details Extension", "Counts addresses of subnets' ranges and of their pools apart"),  # noqa: E501
    ),
    rules={"get": ADMIN_OR_SERVICE},
)  # fmt: skip
