"""The subnet: a range of addresses of a network, and what DHCP says there."""

import re
from typing import Any

from alcor.model.errors import bad_request
from alcor.model.extension import Extension
from alcor.model.ipv6_modes import IPV6_MODES
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import LONGEST_NAME, standard_attributes, tags
from alcor.model.rules import ADMIN, ADMIN_OR_NETWORK_OWNER_MEMBER, ADMIN_OR_NETWORK_OWNER_READER, OWN, SERVICE
from alcor.model.values import (
    boolean,
    cidr,
    integer,
    ip_address,
    list_of,
    one_of,
    optional,
    record,
    shown,
    takes,
    text,
    uuid,
)

_MOST_DNS_NAMESERVERS = 5
_MOST_HOST_ROUTES = 20
_MOST_POOLS = 64
_MOST_SERVICE_TYPES = 20
_LONGEST_PREFIX = 128


def ip_version(value: Any) -> int:
    """4 or 6, also written as a string."""
    if value in (4, "4", 6, "6"):
        return int(value)
    raise ValueError(f"{shown(value)} is not in [4, 6]")


_OWNER = r"^[^:]+:"


@takes({"type": "string", "maxLength": LONGEST_NAME, "pattern": _OWNER})
def _service_type(value: Any) -> str:
    """What ports say they are, as their ``device_owner``: a kind of owner, a colon, and which of them.

    Neutron takes some kinds only, but which ones is an accident of its code
    (``validate_subnet_service_types`` of neutron-lib 5.0.1), and clients count on it.
    """
    owner: str = text(LONGEST_NAME)(value)
    if not re.match(_OWNER, owner):
        raise bad_request(
            f"Subnet service type {owner} does not correspond to a valid device owner.", "InvalidSubnetServiceType"
        )
    return owner


SUBNET = Resource(
    "subnet",
    "subnets",
    (
        *standard_attributes(),
        Attribute("network_id", uuid, Unset.REQUIRED, update=False, column="network_id", parse_filter=str),
        Attribute("ip_version", ip_version, update=False, column="ip_version", parse_filter=ip_version),
        Attribute("cidr", optional(cidr), update=False, column="cidr", parse_filter=cidr),
        Attribute("gateway_ip", optional(ip_address), column="gateway_ip", parse_filter=ip_address),
        Attribute("enable_dhcp", boolean, True, column="enable_dhcp", parse_filter=boolean),
        Attribute(
            "allocation_pools",
            list_of(record({"start": ip_address, "end": ip_address}), _MOST_POOLS),
        ),
        Attribute("dns_nameservers", list_of(ip_address, _MOST_DNS_NAMESERVERS), []),
        Attribute(
            "host_routes",
            list_of(record({"destination": cidr, "nexthop": ip_address}), _MOST_HOST_ROUTES),
            [],
        ),
        *(
            Attribute(name, optional(one_of(*IPV6_MODES)), None, update=False, column=name, parse_filter=str)
            for name in ("ipv6_address_mode", "ipv6_ra_mode")
        ),
        Attribute("subnetpool_id", optional(uuid), None, update=False, column="subnetpool_id", parse_filter=str),
        Attribute("use_default_subnetpool", boolean, False, update=False, kept=Kept.COMPUTED, hidden=True),
        Attribute("prefixlen", optional(integer(0, _LONGEST_PREFIX)), update=False, kept=Kept.COMPUTED, hidden=True),
        Attribute("service_types", list_of(_service_type, _MOST_SERVICE_TYPES), []),
        Attribute("dns_publish_fixed_ip", boolean, False),
        Attribute(
            "segment_id",
            optional(uuid),
            None,
            column="segment_id",
            parse_filter=str,
            set_by=ADMIN,
            seen_by=ADMIN,
        ),
        tags(),
        Attribute("shared", kept=Kept.COMPUTED, parse_filter=boolean),
        Attribute("router:external", kept=Kept.COMPUTED, parse_filter=boolean),
    ),
    extensions=(
        Extension("subnet-dns-publish-fixed-ip", "Subnet DNS publish fixed IP", "Subnets say whether a DNS service is to have addresses of theirs"),  # noqa: E501
        Extension("subnet-service-types", "Subnet service types", "Provides ability to set the subnet service_types field"),  # noqa: E501
    ),
    rules={
        "create": ADMIN_OR_NETWORK_OWNER_MEMBER,
        "get": (
            f"(role:reader and {OWN}) or rule:shared or rule:external_network or {ADMIN_OR_NETWORK_OWNER_READER} or "
            f"{SERVICE}"
        ),
        "update": f"(role:member and {OWN}) or {ADMIN_OR_NETWORK_OWNER_MEMBER}",
        "delete": f"(role:member and {OWN}) or {ADMIN_OR_NETWORK_OWNER_MEMBER}",
    },
)  # fmt: skip
