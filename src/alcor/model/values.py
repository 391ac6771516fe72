"""Checking what a request says: from a JSON value to the value that is kept.

Each function takes the value as it came and returns it in its kept form, or raises ValueError with the reason, which
the API puts behind the attribute's name.
"""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from alcor.model.addresses import mac_number, mac_text
from alcor.model.identifiers import canonical_id

Convert = Callable[[Any], Any]

_TRUE = (True, 1, "true", "1", "yes", "on", "t", "y")
_FALSE = (False, 0, "false", "0", "no", "off", "f", "n")
_HOST_NAME = re.compile(r"(?!-)[a-zA-Z0-9-]{1,63}(?<!-)(\.(?!-)[a-zA-Z0-9-]{1,63}(?<!-))*\.?")
_LONGEST_HOST_NAME = 255
_MULTICAST_BIT = 1 << 40


def boolean(value: Any) -> bool:
    """True or false, also as the words and numbers that Neutron takes for them."""
    folded = value.lower() if isinstance(value, str) else value
    if isinstance(folded, bool | int | str):
        if folded in _TRUE:
            return True
        if folded in _FALSE:
            return False
    raise ValueError(f"{value!r} is not true or false")


def text(longest: int) -> Convert:
    """A string of at most so many characters."""

    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is not a string")
        if len(value) > longest:
            raise ValueError(f"'{value[:32]}…' exceeds maximum length of {longest}")
        if "\0" in value:
            raise ValueError("a string cannot hold the character NUL")
        return value

    return convert


def integer(least: int, most: int) -> Convert:
    """A whole number between two bounds, also written as a string."""

    def convert(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError(f"{value!r} is not an integer")
        try:
            number = int(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is not an integer") from error
        if not least <= number <= most:
            raise ValueError(f"{number} is not between {least} and {most}")
        return number

    return convert


def one_of(*choices: Any) -> Convert:
    """One of these values."""

    def convert(value: Any) -> Any:
        for choice in choices:
            if value == choice and type(value) is type(choice):
                return choice
        raise ValueError(f"{value!r} is not in {list(choices)}")

    return convert


def optional(convert: Convert) -> Convert:
    """Null, or what the other conversion takes."""
    return lambda value: None if value is None else convert(value)


def uuid(value: Any) -> str:
    """A UUID, in canonical form."""
    try:
        return canonical_id(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{value!r} is not a valid UUID") from error


def mac_address(value: Any) -> str:
    """A unicast MAC address, lower case with colons."""
    try:
        number = mac_number(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{value!r} is not a valid MAC address") from error
    if number == 0 or number & _MULTICAST_BIT:
        raise ValueError(f"{value!r} is not the MAC address of one interface")
    return mac_text(number)


def ip_address(value: Any) -> str:
    """An IPv4 or IPv6 address, in canonical form."""
    try:
        return str(_address(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is not a valid IP address") from error


def ipv4_address(value: Any) -> str:
    """An IPv4 address."""
    try:
        return str(ipaddress.IPv4Address(value if isinstance(value, str) else ""))
    except ValueError as error:
        raise ValueError(f"{value!r} is not a valid IPv4 address") from error


def _address(value: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(value if isinstance(value, str) else "")
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise ValueError("an address of a zone")
    return address


def cidr(value: Any) -> str:
    """A range of addresses as address/prefix, in canonical form; without a prefix length it is one address."""
    try:
        return str(ipaddress.ip_network(value if isinstance(value, str) else "", strict=False))
    except ValueError as error:
        raise ValueError(f"{value!r} is not a valid CIDR") from error


def host_name(value: Any) -> str:
    """A relative or full domain name (RFC 1123), or an empty string."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a string")
    if value and (len(value) > _LONGEST_HOST_NAME or not _HOST_NAME.fullmatch(value)):
        raise ValueError(f"{value[:64]!r} is not a valid domain name (letters, digits, hyphens, dots)")
    return value.lower()


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object; null is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a dictionary")
    return value


def list_of(convert: Convert, most: int, unique: bool = True) -> Convert:
    """A list of values, null for an empty one; no value twice unless said otherwise."""

    def convert_list(value: Any) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise ValueError(f"{value!r} is not a list")
        if len(value) > most:
            raise ValueError(f"a list of {len(value)} is longer than {most}")
        result = [convert(item) for item in value]
        if unique:
            for index, item in enumerate(result):
                if item in result[:index]:
                    raise ValueError(f"duplicate item {item!r}")
        return result

    return convert_list


def record(required: dict[str, Convert], others: dict[str, Convert] | None = None) -> Convert:
    """A JSON object with these members and no others."""
    known = required | (others or {})

    def convert(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"{value!r} is not a dictionary")
        for name in value:
            if name not in known:
                raise ValueError(f"unexpected member {name!r}; known are {', '.join(known)}")
        for name in required:
            if name not in value:
                raise ValueError(f"member {name!r} is missing in {value!r}")
        return {name: known[name](item) for name, item in value.items()}

    return convert
