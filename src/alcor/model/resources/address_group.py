"""The address group: ranges of addresses that rules of security groups name together."""

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Resource
from alcor.model.resources.standard import standard_attributes
from alcor.model.rules import ADMIN_OR_PROJECT_MEMBER, ADMIN_OR_PROJECT_READER
from alcor.model.values import cidr, list_of

MOST_ADDRESSES = 1000
addresses = list_of(cidr, MOST_ADDRESSES, unique=False)
"""Ranges of addresses, as address/prefix."""

ADDRESS_GROUP = Resource(
    "address_group",
    "address_groups",
    (
        *standard_attributes(),
        Attribute("addresses", addresses, [], update=False),
    ),
    rules={
        "get": f"{ADMIN_OR_PROJECT_READER} or rule:shared_address_groups",
        "add_addresses": ADMIN_OR_PROJECT_MEMBER,
        "remove_addresses": ADMIN_OR_PROJECT_MEMBER,
    },
    extensions=(Extension("address-group", "Address group", "Support address group"),),
)
