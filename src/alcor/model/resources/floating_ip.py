"""The floating IP: an address of an external network that leads to a port behind a router."""

from alcor.model.dns import domain_name
from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.qos import qos_policy_id
from alcor.model.resources.standard import standard_attributes, tags
from alcor.model.rules import ADMIN_OR_PROJECT_MANAGER, ADMIN_OR_PROJECT_MEMBER
from alcor.model.values import host_name, ip_address, optional, uuid

FLOATING_IP = Resource(
    "floatingip",
    "floatingips",
    (
        *(each for each in standard_attributes() if each.name != "name"),
        Attribute(
            "floating_network_id",
            uuid,
            Unset.REQUIRED,
            update=False,
            column="floating_network_id",
            parse_filter=str,
        ),
        Attribute(
            "floating_ip_address",
            optional(ip_address),
            None,
            update=False,
            column="floating_ip_address",
            parse_filter=ip_address,
            set_by=ADMIN_OR_PROJECT_MANAGER,
        ),
        Attribute("router_id", optional(uuid), column="router_id", parse_filter=str, set_by=ADMIN_OR_PROJECT_MEMBER),
        Attribute("port_id", optional(uuid), column="port_id", parse_filter=str),
        Attribute("fixed_ip_address", optional(ip_address), column="fixed_ip_address", parse_filter=ip_address),
        Attribute("status", column="status", parse_filter=str),
        Attribute("dns_name", host_name, "", update=False),
        Attribute("dns_domain", domain_name, "", update=False),
        Attribute("port_details", kept=Kept.COMPUTED),
        Attribute("port_forwardings", kept=Kept.COMPUTED),
        qos_policy_id(),
        Attribute("qos_network_policy_id", kept=Kept.COMPUTED),
        tags(create=True),
        Attribute("subnet_id", optional(uuid), None, update=False, kept=Kept.COMPUTED),
    ),
    extensions=(
        Extension("fip-port-details", "Floating IP Port Details Extension", "Add port_details attribute to Floating IP resource"),  # noqa: E501
        Extension("floatingip-autodelete-internal", "Autodelete floating IPs of internal networks", "Floating IPs that lead nowhere go when their network is external no more"),  # noqa: E501
        Extension("qos-fip", "Floating IP QoS", "The floating IP Quality of Service extension"),
        Extension("qos-fip-network-policy", "QoS floating IP network policy ID", "Adds a the QoS network ID to the floating IP definition"),  # noqa: E501
        Extension("router-interface-fip", "Floating IP for router interfaces", "Floating IPs of networks in which a router has an interface, and no gateway"),  # noqa: E501
        Extension("floating-ip-router-writable", "Floating IP Router (writable)", "Provides a writable router_id attribute for a floating IP resource."),  # noqa: E501
    ),
)  # fmt: skip
"""``subnet_id`` is input: the subnet that the address is to be of."""
