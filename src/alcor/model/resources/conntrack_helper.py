"""The conntrack helper of a router: it lets connections through that a protocol opens beside its first one."""

from typing import Any

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Resource, Unset
from alcor.model.rules import OF_THE_PARENTS_OWNER
from alcor.model.values import integer, one_of, text, whole_number

PROTOCOLS_OF = {
    "amanda": ("tcp",),
    "ftp": ("tcp",),
    "h323": ("udp", "tcp"),
    "irc": ("tcp",),
    "netbios-ns": ("udp",),
    "pptp": ("tcp",),
    "sane": ("tcp",),
    "sip": ("udp", "tcp"),
    "snmp": ("udp",),
    "tftp": ("udp",),
}
"""The helpers that Linux has and Neutron allows, and what each understands."""


def _protocol(value: Any) -> str:
    protocol: str = one_of("tcp", "udp", "dccp", "icmp", "ipv6-icmp", "sctp")(
        value.lower() if isinstance(value, str) else value
    )
    return protocol


CONNTRACK_HELPER = Resource(
    "conntrack_helper",
    "conntrack_helpers",
    (
        Attribute("id", column="id", parse_filter=str),
        Attribute("protocol", _protocol, Unset.REQUIRED, column="protocol", parse_filter=str),
        Attribute("port", integer(1, 65535), Unset.REQUIRED, column="port", parse_filter=whole_number),
        Attribute("helper", text(64), Unset.REQUIRED, column="helper", parse_filter=str),
        Attribute("router_id", str, update=False, column="router_id"),
    ),
    rules=OF_THE_PARENTS_OWNER,
    policy_name="router_conntrack_helper",
    extensions=(
        Extension("l3-conntrack-helper", "L3 Conntrack helper", "Allow adding CT target rules for conntrack helper"),
        Extension("expose-l3-conntrack-helper", "Expose CT target rules for conntrack helper", "Expose allow adding CT target rules for conntrack helper"),  # noqa: E501
    ),
)  # fmt: skip
