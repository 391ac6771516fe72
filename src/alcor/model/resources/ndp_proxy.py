"""NDP proxies: a router answers outside for an IPv6 address of a port behind it (Neutron's l3-ndp-proxy)."""

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Resource, Unset
from alcor.model.resources.standard import standard_attributes
from alcor.model.values import ip_address, optional, text, uuid

NDP_PROXY = Resource(
    "ndp_proxy",
    "ndp_proxies",
    (
        *(each for each in standard_attributes() if each.name != "description"),
        Attribute("description", text(1024), "", column="description", parse_filter=str),
        Attribute("router_id", uuid, Unset.REQUIRED, update=False, column="router_id", parse_filter=str),
        Attribute("port_id", uuid, Unset.REQUIRED, update=False, column="port_id", parse_filter=str),
        Attribute("ip_address", optional(ip_address), None, update=False, column="ip_address", parse_filter=ip_address),
    ),
    extensions=(
        Extension("l3-ndp-proxy", "L3 NDP Proxy", "Router support for L3 NDP proxy."),
        Extension("l3-ext-ndp-proxy", "L3 NDP proxy extension", "Routers say whether they proxy NDP"),
    ),
)
