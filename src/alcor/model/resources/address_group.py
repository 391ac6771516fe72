"""The address group: ranges of addresses that rules of security groups name together."""

import ipaddress
from typing import Any

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource
from alcor.model.resources.standard import standard_attributes
from alcor.model.rules import ADMIN_OR_PROJECT_MEMBER, ADMIN_OR_PROJECT_READER
from alcor.model.values import address_or_cidr, cidr, list_of, takes

MOST_ADDRESSES = 1000


@takes({"type": "string"})
def _range(value: Any) -> str:
    """A range of addresses; an address is a range of itself alone."""
    return str(ipaddress.ip_network(address_or_cidr(value)))


changed_addresses = list_of(_range, MOST_ADDRESSES, unique=False)
"""What is to be added or removed; single addresses may be among them."""

ADDRESS_GROUP = Resource(
    "address_group",
    "address_groups",
    (
        *standard_attributes(),
        Attribute("addresses", list_of(cidr, MOST_ADDRESSES, unique=False), [], update=False),
        Attribute("shared", kept=Kept.COMPUTED),
    ),
    rules={
        "get": f"{ADMIN_OR_PROJECT_READER} or rule:shared_address_groups",
        "add_addresses": ADMIN_OR_PROJECT_MEMBER,
        "remove_addresses": ADMIN_OR_PROJECT_MEMBER,
    },
    extensions=(
        Extension("address-group", "Address group", "Support address group"),
        Extension("rbac-address-group", "Add address_group type to RBAC", "Add address_group type to network RBAC"),
    ),
)
