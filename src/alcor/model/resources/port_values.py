"""What attributes of ports may say: fixed IPs, address pairs, DHCP options, hints, kinds of interface."""

import ipaddress
from typing import Any

from alcor.model.errors import bad_request
from alcor.model.values import (
    address_or_cidr,
    ip_address,
    list_of,
    mac_address,
    one_of,
    optional,
    record,
    shown,
    takes,
    text,
    uuid,
)

_MOST_SECURITY_GROUPS = 64
_MOST_FIXED_IPS = 64
_MOST_ADDRESS_PAIRS = 10
_MOST_DHCP_OPTIONS = 32
_OPTIONS_THAT_MAY_BE_BLANK = ("router", "classless-static-route")


def _fixed_ip(value: Any) -> dict[str, str]:
    fixed_ip: dict[str, str] = record({}, {"subnet_id": uuid, "ip_address": ip_address})(value)
    if not fixed_ip:
        raise ValueError("a fixed IP needs a subnet_id, an ip_address or both")
    return fixed_ip


def fixed_ips(value: Any) -> list[dict[str, str]]:
    """Several addresses of one subnet are possible, but none twice."""
    addressed: list[dict[str, str]] = list_of(_fixed_ip, _MOST_FIXED_IPS, unique=False)(value)
    addresses = [fixed_ip["ip_address"] for fixed_ip in addressed if "ip_address" in fixed_ip]
    for index, address in enumerate(addresses):
        if address in addresses[:index]:
            raise ValueError(f"Duplicate IP address '{address}'")
    return addressed


@takes({"type": ["array", "null"], "items": {"type": "object"}, "maxItems": _MOST_ADDRESS_PAIRS})
def address_pairs(value: Any) -> list[dict[str, str]]:
    """Addresses that a port may use beside its own; the errors are Neutron's."""
    pairs = [] if value is None else value
    if not isinstance(pairs, list):
        raise ValueError(f"{shown(value)} is not a list")
    if len(pairs) > _MOST_ADDRESS_PAIRS:
        raise bad_request(
            f"The number of allowed address pair exceeds the maximum {_MOST_ADDRESS_PAIRS}.",
            "AllowedAddressPairExhausted",
        )
    converted: list[dict[str, str]] = []
    for pair in pairs:
        checked = _address_pair(pair)
        if checked in converted:
            raise bad_request(
                f"Request contains duplicate address pair: mac_address {checked.get('mac_address')} "
                f"ip_address {checked['ip_address']}.",
                "DuplicateAddressPairInRequest",
            )
        converted.append(checked)
    return converted


def _address_pair(pair: Any) -> dict[str, str]:
    if isinstance(pair, dict) and "ip_address" not in pair:
        raise bad_request("AllowedAddressPair must contain ip_address", "AllowedAddressPairsMissingIP")
    checked: dict[str, str] = record({"ip_address": _address_range}, {"mac_address": mac_address})(pair)
    return checked


def _address_range(value: Any) -> str:
    """An address, or a CIDR, of single hosts."""
    address = address_or_cidr(value)
    if ipaddress.ip_network(address).is_multicast:
        raise ValueError(f"{shown(value)} is a multicast address")
    return address


def _option_name(value: Any) -> str:
    name: str = text(255)(value)
    if not name.strip():
        raise ValueError("an option needs a name")
    return name


def _option_ip_version(value: Any) -> int:
    return int(one_of(4, 6, "4", "6")(value))


def _dhcp_option(value: Any) -> dict[str, Any]:
    option: dict[str, Any] = record(
        {"opt_name": _option_name, "opt_value": optional(text(255))}, {"ip_version": _option_ip_version}
    )(value)
    if option["opt_value"] == "" and option["opt_name"] not in _OPTIONS_THAT_MAY_BE_BLANK:
        raise ValueError(f"option '{option['opt_name']}' needs a value; null removes it")
    return option


dhcp_options = list_of(_dhcp_option, _MOST_DHCP_OPTIONS)
"""Extra DHCP options."""

vnic_type = one_of(
    "normal",
    "direct",
    "macvtap",
    "baremetal",
    "direct-physical",
    "virtio-forwarder",
    "smart-nic",
    "vdpa",
    "accelerator-direct",
    "accelerator-direct-physical",
    "remote-managed",
)
"""The kind of interface that a workload is given."""

numa_affinity_policy = optional(one_of("required", "preferred", "legacy", "socket"))
"""How strictly a workload is placed next to its interface (Nova's business)."""

_OTHER_CONFIG = record({}, {"tx-steering": one_of("thread", "hash")})

hints = optional(record({}, {"openvswitch": record({}, {"other_config": _OTHER_CONFIG})}))
"""What a switch may be told of a port beyond the rest."""


security_groups = list_of(uuid, _MOST_SECURITY_GROUPS)
"""The security groups of a port."""
