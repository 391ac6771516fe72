"""What a trace of a port is asked: the packet whose way is looked for."""

from typing import Any

from alcor.model.errors import AlcorError
from alcor.model.resource import Attribute, Resource, Unset
from alcor.model.security_rules import protocol
from alcor.model.values import integer, ip_address, optional, takes

_LARGEST_PORT = 65535


@takes({"type": ["string", "integer"]})
def traced_protocol(value: Any) -> str:
    """An IP protocol by its name or number."""
    try:
        found = protocol(value)
    except AlcorError as error:
        raise ValueError(error.message.removesuffix(".")) from error
    if found is None:
        raise ValueError("a packet has one protocol")
    return found


_port = optional(integer(1, _LARGEST_PORT))
_of_icmp = optional(integer(0, 255))

PORT_TRACE = Resource(
    "trace",
    "traces",
    (
        Attribute("to", ip_address, Unset.REQUIRED),
        Attribute("protocol", traced_protocol, "icmp"),
        Attribute("port", _port, None),
        Attribute("from", optional(ip_address), None),
        Attribute("source_port", _port, None),
        Attribute("icmp_type", _of_icmp, None),
        Attribute("icmp_code", _of_icmp, None),
    ),
)
