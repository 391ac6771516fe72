"""A pool of floating IPs: an IPv4 subnet of an external network, as those see it who take addresses from it."""

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource
from alcor.model.rules import ADMIN_OR_PROJECT_READER

FLOATING_IP_POOL = Resource(
    "floatingip_pool",
    "floatingip_pools",
    (
        Attribute("id", column="id", hidden=True),
        Attribute("subnet_id", column="id", parse_filter=str),
        Attribute("subnet_name", column="name", parse_filter=str),
        Attribute("network_id", column="network_id", parse_filter=str),
        Attribute("cidr", column="cidr", parse_filter=str),
        Attribute("project_id", kept=Kept.COMPUTED),
        Attribute("tenant_id", kept=Kept.COMPUTED),
    ),
    rules={"get": ADMIN_OR_PROJECT_READER},
    extensions=(Extension("floatingip-pools", "Floating IP Pools Extension", "Provides a floating IP pools API."),),
)
"""``project_id`` is the caller's."""
