"""The names that ports have in their VPC, as the API shows them (dns_assignment). Pure.

A port is called by its dns_name, or after its address: host-10-0-0-5. What is called after an address needs nobody who
knows it.
"""

import ipaddress
import re

from alcor.model.addresses import ip_bytes, ip_text
from alcor.model.goal_state import Vpc

DEFAULT_DOMAIN = "openstacklocal"
"""Of a network without a domain: Neutron's, which cannot be a domain of the Internet."""

_OF_ADDRESS = "host-"
_OF_IPV4 = re.compile(r"\d+-\d+-\d+-\d+")
_LONGEST_ADDRESS = 45


def domain_of(vpc: Vpc | None) -> str:
    """The domain of a VPC's ports, without a dot at the end."""
    return (vpc.dns_domain.strip(".").lower() if vpc else "") or DEFAULT_DOMAIN


def address_in(label: str) -> bytes | None:
    """The address that a name is made of, if it is."""
    text = label.removeprefix(_OF_ADDRESS)
    if text == label or len(text) > _LONGEST_ADDRESS:
        return None
    try:
        return ip_bytes(text.replace("-", "." if _OF_IPV4.fullmatch(text) else ":"))
    except ValueError:
        return None


def name_of(address: bytes) -> str:
    """What whoever has an address is called that has no other name."""
    return _OF_ADDRESS + re.sub(r"[.:]", "-", ip_text(address))


def contains(cidr: str, address: bytes) -> bool:
    """Whether an address is in a subnet."""
    network = ipaddress.ip_network(cidr, strict=False)
    return len(network.network_address.packed) == len(address) and ipaddress.ip_address(address) in network
