"""Port forwarding: ports of a floating IP's address lead to ports of an address inside."""

import re
from typing import Any

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Resource, Unset
from alcor.model.rules import OF_THE_PARENTS_OWNER
from alcor.model.values import integer, ip_address, one_of, optional, takes, text, uuid, whole_number

LARGEST_PORT = 65535

_RANGE = re.compile(r"([0-9]{1,5})(?::([0-9]{1,5}))?")
_port = integer(1, LARGEST_PORT)


@takes({"type": "string", "pattern": f"^{_RANGE.pattern}$"})
def port_range(value: Any) -> str:
    """A range of ports as first:last, or one port; in the first form."""
    match = _RANGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("it is not a range of ports, such as 1024:1031")
    first, last = (_port(each) for each in (match[1], match[2] or match[1]))
    if first > last:
        raise ValueError("it ends before it begins")
    return f"{first}:{last}"


def ports_of(written: str) -> tuple[int, int]:
    """The first and the last port of a range."""
    first, last = written.split(":")
    return int(first), int(last)


@takes({"type": "string"})
def _protocol(value: Any) -> str:
    protocol: str = one_of("tcp", "udp", "icmp", "icmp6", "sctp", "dccp")(
        value.lower() if isinstance(value, str) else value
    )
    return protocol


PORT_FORWARDING = Resource(
    "port_forwarding",
    "port_forwardings",
    (
        Attribute("id", column="id", parse_filter=str),
        Attribute("protocol", _protocol, Unset.REQUIRED, column="protocol", parse_filter=str),
        Attribute("internal_port_id", uuid, Unset.REQUIRED, column="internal_port_id", parse_filter=str),
        Attribute("internal_ip_address", ip_address, column="internal_ip_address", parse_filter=ip_address),
        Attribute("internal_port", optional(_port), None, column="internal_port", parse_filter=whole_number),
        Attribute(
            "internal_port_range", optional(port_range), None, column="internal_port_range", parse_filter=port_range
        ),
        Attribute("external_port", optional(_port), None, column="external_port", parse_filter=whole_number),
        Attribute(
            "external_port_range", optional(port_range), None, column="external_port_range", parse_filter=port_range
        ),
        Attribute("description", text(1024), "", column="description", parse_filter=str),
        Attribute("floatingip_id", uuid, update=False, column="floatingip_id", hidden=True),
    ),
    rules=OF_THE_PARENTS_OWNER,
    policy_name="floatingip_port_forwarding",
    extensions=(
        Extension("floating-ip-port-forwarding", "Floating IP Port Forwarding", "Allow port forwarding from floating IP port to an internal port"),  # noqa: E501
        Extension("floating-ip-port-forwarding-description", "Floating IP Port Forwarding new attribute description", "Add a description field to Port Forwarding rules"),  # noqa: E501
        Extension("floating-ip-port-forwarding-detail", "Floating IP port forwarding detail", "Lists of floating IPs show id and internal_port_id of port forwardings, too"),  # noqa: E501
        Extension("floating-ip-port-forwarding-port-ranges", "Floating IP Port Forwarding support port ranges", "Add support to port ranges"),  # noqa: E501
        Extension("expose-port-forwarding-in-fip", "Expose Floating IP port forwardings", "Expose port forwarding fields in floating IP response"),  # noqa: E501
    ),
)  # fmt: skip
"""A port and its range say the same: one port, or many. ``floatingip_id`` is the path's."""
