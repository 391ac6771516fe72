"""Local IPs: one address of many ports, each of which answers to it on its own host (Neutron's local_ip)."""

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import name_text, standard_attributes
from alcor.model.rules import ADMIN_OR_PARENT_OWNER_MEMBER, ADMIN_OR_PARENT_OWNER_READER
from alcor.model.values import ip_address, one_of, optional, text, uuid

LOCAL_IP = Resource(
    "local_ip",
    "local_ips",
    (
        *(each for each in standard_attributes() if each.name not in ("name", "description")),
        Attribute("name", name_text, "", column="name", parse_filter=str),
        Attribute("description", text(1024), "", column="description", parse_filter=str),
        Attribute("local_port_id", optional(uuid), None, update=False, column="local_port_id", parse_filter=str),
        Attribute("network_id", optional(uuid), None, update=False, column="network_id", parse_filter=str),
        Attribute(
            "local_ip_address",
            optional(ip_address),
            None,
            update=False,
            column="local_ip_address",
            parse_filter=ip_address,
        ),
        Attribute(
            "ip_mode", one_of("translate", "passthrough"), "translate", update=False, column="ip_mode", parse_filter=str
        ),
    ),
    extensions=(Extension("local_ip", "Local IP", "Allow to configure Local IP on ports"),),
)

LOCAL_IP_ASSOCIATION = Resource(
    "port_association",
    "port_associations",
    (
        Attribute("id", column="id", hidden=True),
        Attribute("local_ip_id", uuid, update=False, column="local_ip_id"),
        Attribute("fixed_port_id", uuid, Unset.REQUIRED, update=False, column="fixed_port_id", parse_filter=str),
        Attribute("fixed_ip", optional(ip_address), None, update=False, column="fixed_ip", parse_filter=ip_address),
        Attribute("local_ip_address", kept=Kept.COMPUTED),
        Attribute("host", kept=Kept.COMPUTED),
    ),
    rules={
        "create": ADMIN_OR_PARENT_OWNER_MEMBER,
        "get": ADMIN_OR_PARENT_OWNER_READER,
        "delete": ADMIN_OR_PARENT_OWNER_MEMBER,
    },
    policy_name="local_ip_port_association",
)
"""What makes a port answer to a local IP: known by both, so that its id is the one's, a slash and the other's."""
