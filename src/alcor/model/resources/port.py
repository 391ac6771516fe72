"""The port: one network interface of a workload."""

from typing import Any

from alcor.model.addresses import mac_number, mac_text
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import admin_state, standard_attributes, tags
from alcor.model.values import (
    boolean,
    cidr,
    host_name,
    ip_address,
    list_of,
    mac_address,
    mapping,
    one_of,
    optional,
    record,
    text,
    text_or_null,
    uuid,
)

_MOST_FIXED_IPS = 64
_MOST_ADDRESS_PAIRS = 10
_MOST_DHCP_OPTIONS = 32
_OPTIONS_THAT_MAY_BE_BLANK = ("router", "classless-static-route")


def _fixed_ip(value: Any) -> dict[str, str]:
    fixed_ip: dict[str, str] = record({}, {"subnet_id": uuid, "ip_address": ip_address})(value)
    if not fixed_ip:
        raise ValueError("a fixed IP needs a subnet_id, an ip_address or both")
    return fixed_ip


def _fixed_ips(value: Any) -> list[dict[str, str]]:
    """Several addresses of one subnet are possible, but none twice."""
    fixed_ips: list[dict[str, str]] = list_of(_fixed_ip, _MOST_FIXED_IPS, unique=False)(value)
    addresses = [fixed_ip["ip_address"] for fixed_ip in fixed_ips if "ip_address" in fixed_ip]
    for index, address in enumerate(addresses):
        if address in addresses[:index]:
            raise ValueError(f"Duplicate IP address '{address}'")
    return fixed_ips


def _address_range(value: Any) -> str:
    """An address, or a CIDR."""
    return cidr(value) if isinstance(value, str) and "/" in value else ip_address(value)


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


PORT = Resource(
    "port",
    "ports",
    (
        *standard_attributes(),
        Attribute("network_id", uuid, Unset.REQUIRED, update=False, column="network_id", parse_filter=str),
        Attribute(
            "mac_address",
            mac_address,
            column="mac_address",
            to_column=mac_number,
            to_view=mac_text,
            parse_filter=mac_number,
        ),
        admin_state(),
        Attribute("status", column="status", parse_filter=str),
        Attribute("device_id", text(255), "", column="device_id", parse_filter=str),
        Attribute("device_owner", text(255), "", column="device_owner", parse_filter=str),
        Attribute("fixed_ips", _fixed_ips, kept=Kept.COMPUTED),
        Attribute("binding:host_id", text_or_null(255), "", column="host_id", parse_filter=str),
        Attribute("binding:vnic_type", one_of("normal"), "normal"),
        Attribute("binding:profile", mapping(most_characters=4095), {}),
        Attribute("binding:vif_type", kept=Kept.COMPUTED),
        Attribute("binding:vif_details", kept=Kept.COMPUTED),
        Attribute("port_security_enabled", boolean, implied=True),  # by default as the network says
        Attribute(
            "allowed_address_pairs",
            list_of(record({"ip_address": _address_range}, {"mac_address": mac_address}), _MOST_ADDRESS_PAIRS),
            [],
        ),
        Attribute(
            "extra_dhcp_opts",
            list_of(_dhcp_option, _MOST_DHCP_OPTIONS),
            [],
        ),
        Attribute("dns_name", host_name, ""),
        Attribute("dns_assignment", kept=Kept.COMPUTED),
        tags(create=True),
    ),
)
