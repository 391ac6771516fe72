"""Checking what a request says: from a JSON value to the value that is kept.

Each function takes the value as it came and returns it in its kept form, or raises ValueError with the reason, which
the API puts behind the attribute's name. Each says what it takes as a JSON schema, too (``schema_of``): whatever that
lets through may still be refused for a reason that a schema cannot say, and what it refuses is refused here.
"""

import ipaddress
import json
import re
import reprlib
import unicodedata
from collections.abc import Callable
from typing import Any, TypeVar

from alcor.model.addresses import mac_number, mac_text
from alcor.model.identifiers import canonical_id

Convert = Callable[[Any], Any]

Described = TypeVar("Described", bound=Convert)

Schema = dict[str, Any]
"""A JSON schema (2020-12), as OpenAPI 3.1 has them."""

_TRUE = (True, 1, "true", "1", "yes", "on", "t", "y")
_FALSE = (False, 0, "false", "0", "no", "off", "f", "n")
_HOST_NAME = re.compile(r"(?!-)[a-zA-Z0-9-]{1,63}(?<!-)(\.(?!-)[a-zA-Z0-9-]{1,63}(?<!-))*\.?")
_LONGEST_HOST_NAME = 255
_MULTICAST_BIT = 1 << 40
_LARGEST_STORED = 2**63 - 1  # what a database's integer holds


def takes(schema: Schema) -> Callable[[Described], Described]:
    """Says which values a function takes."""

    def describe(convert: Described) -> Described:
        convert.schema = schema  # type: ignore[attr-defined]
        return convert

    return describe


def schema_of(convert: Convert) -> Schema:
    """The values that a function takes; any where it does not say."""
    schema: Schema = getattr(convert, "schema", {})
    return schema


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]} if schema else {}


def shown(value: Any) -> str:
    """A value as messages show it: in quotes, shortened, however deep or long it is."""
    return f"'{reprlib.repr(value) if isinstance(value, dict | list) else str(value)[:64]}'"


def shown_names(names: list[str]) -> str:
    """Names as messages show them: in brackets, each in quotes, shortened."""
    return reprlib.repr(names)


_EITHER = "|".join(  # in any case
    "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in str(each))
    for each in ("true", "false", "1", "0", "yes", "no", "on", "off", "t", "f", "y", "n")
)


@takes({"anyOf": [{"type": "boolean"}, {"enum": [0, 1]}, {"type": "string", "pattern": f"^({_EITHER})$"}]})
def boolean(value: Any) -> bool:
    """True or false, also as the words and numbers that Neutron takes for them."""
    folded = value.lower() if isinstance(value, str) else value
    if isinstance(folded, bool | int | str):
        if folded in _TRUE:
            return True
        if folded in _FALSE:
            return False
    raise ValueError(f"{shown(value)} cannot be converted to boolean")


def text(longest: int) -> Convert:
    """A string of at most so many characters."""

    @takes({"type": "string", "maxLength": longest})
    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{shown(value)} is not a valid string")
        if len(value) > longest:
            raise ValueError(f"{shown(value)} exceeds maximum length of {longest}")
        if "\0" in value:
            raise ValueError("a string cannot hold the character NUL")
        return value

    return convert


def name(longest: int) -> Convert:
    """A string of at most so many printable characters, without space at its ends."""
    convert = text(longest)

    @takes(schema_of(convert))
    def convert_name(value: Any) -> str:
        checked: str = convert(value)
        if checked != checked.strip() or not (checked.isprintable() or all(map(_is_printable, checked))):
            raise ValueError(f"{shown(value)} is not a valid string")
        return checked

    return convert_name


def _is_printable(character: str) -> bool:
    category = unicodedata.category(character)
    return category == "Zs" or category[0] not in "CZ"


def integer(least: int, most: int) -> Convert:
    """A whole number between two bounds, also written as a string."""

    number_schema = {"type": "integer", "minimum": least, "maximum": most}

    @takes({"anyOf": [number_schema, {"type": "string", "pattern": r"^\s*[+-]?[0-9_]+\s*$"}]})
    def convert(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(f"{shown(value)} is not an integer")
        try:
            number = int(value)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{shown(value)} is not an integer") from error
        if isinstance(value, float) and number != value:
            raise ValueError(f"{shown(value)} is not an integer")
        if not least <= number <= most:
            raise ValueError(f"{shown(value)} is not between {least} and {most}")
        return number

    return convert


whole_number = integer(-_LARGEST_STORED - 1, _LARGEST_STORED)
"""Any whole number that a database holds."""


def one_of(*choices: Any) -> Convert:
    """One of these values."""

    @takes({"enum": list(choices)} if choices else {"not": {}})
    def convert(value: Any) -> Any:
        for choice in choices:
            if value == choice and type(value) is type(choice):
                return choice
        raise ValueError(f"{shown(value)} is not in {list(choices)}")

    return convert


def text_or_null(longest: int) -> Convert:
    """A string of at most so many characters; null is an empty one."""
    return or_empty(text(longest))


def or_empty(convert: Convert) -> Convert:
    """The string that the other conversion takes; null is an empty one."""
    return takes(_or_null(schema_of(convert)))(lambda value: convert("" if value is None else value))


def optional(convert: Convert) -> Convert:
    """Null, or what the other conversion takes."""
    return takes(_or_null(schema_of(convert)))(lambda value: None if value is None else convert(value))


@takes({"type": "string"})
def uuid(value: Any) -> str:
    """A UUID, in canonical form."""
    try:
        return canonical_id(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{shown(value)} is not a valid UUID") from error


@takes({"type": "string"})
def mac_address(value: Any) -> str:
    """A unicast MAC address, lower case with colons."""
    try:
        number = mac_number(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{shown(value)} is not a valid MAC address") from error
    if number == 0 or number & _MULTICAST_BIT:
        raise ValueError(f"{shown(value)} is not the MAC address of one interface")
    return mac_text(number)


@takes({"type": "string"})
def ip_address(value: Any) -> str:
    """An IPv4 or IPv6 address, in canonical form."""
    try:
        return str(_address(value))
    except ValueError as error:
        raise ValueError(f"{shown(value)} is not a valid IP address") from error


@takes({"type": "string"})
def ipv4_address(value: Any) -> str:
    """An IPv4 address."""
    try:
        return str(ipaddress.IPv4Address(value if isinstance(value, str) else ""))
    except ValueError as error:
        raise ValueError(f"{shown(value)} is not a valid IPv4 address") from error


def _address(value: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(value if isinstance(value, str) else "")
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise ValueError("an address of a zone")
    return address


@takes({"type": "string"})
def cidr(value: Any) -> str:
    """A range of addresses as address/prefix, in canonical form: bits past the prefix become zero."""
    if not isinstance(value, str) or "/" not in value or "%" in value:
        raise ValueError(f"{shown(value)} is not a valid IP subnet: write address/prefix")
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError as error:
        raise ValueError(f"{shown(value)} is not a valid IP subnet") from error


@takes({"type": "string"})
def address_or_cidr(value: Any) -> str:
    """An address, or a range of addresses as address/prefix, in canonical form."""
    return cidr(value) if isinstance(value, str) and "/" in value else ip_address(value)


@takes({"type": "string", "maxLength": _LONGEST_HOST_NAME})
def host_name(value: Any) -> str:
    """A relative or full domain name (RFC 1123), or an empty string."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a valid string")
    if value and (len(value) > _LONGEST_HOST_NAME or not _HOST_NAME.fullmatch(value)):
        raise ValueError(f"{shown(value)} is not a valid domain name (letters, digits, hyphens, dots)")
    return value.lower()


def mapping(most_characters: int, most_levels: int = 16) -> Convert:
    """A JSON object of at most so many characters, nested at most so deep; null is an empty one."""

    @takes({"type": ["object", "null"]})
    def convert(value: Any) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise ValueError(f"{shown(value)} is not a dictionary")
        _check_levels(value, most_levels)
        if len(json.dumps(value)) > most_characters:
            raise ValueError(f"{shown(value)} has more than {most_characters} characters")
        return value

    return convert


def _check_levels(value: Any, most: int) -> None:
    if not isinstance(value, dict | list):
        return
    if not most:
        raise ValueError("it is nested too deep")
    for inner in value.values() if isinstance(value, dict) else value:
        _check_levels(inner, most - 1)


def list_of(convert: Convert, most: int, unique: bool = True) -> Convert:
    """A list of values, null for an empty one; no value twice unless said otherwise."""

    schema = {"type": ["array", "null"], "maxItems": most, "items": schema_of(convert)}

    @takes(schema)
    def convert_list(value: Any) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise ValueError(f"{shown(value)} is not a list")
        if len(value) > most:
            raise ValueError(f"a list of {len(value)} is longer than {most}")
        result = [convert(item) for item in value]
        if unique:
            for index, item in enumerate(result):
                if item in result[:index]:
                    raise ValueError(f"duplicate item {shown(item)}")
        return result

    return convert_list


def record(required: dict[str, Convert], others: dict[str, Convert] | None = None) -> Convert:
    """A JSON object with these members and no others."""
    known = required | (others or {})
    schema = {
        "type": "object",
        "properties": {name: schema_of(each) for name, each in known.items()},
        "required": list(required),
        "additionalProperties": False,
    }

    @takes(schema)
    def convert(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"{shown(value)} is not a dictionary")
        for name in value:
            if name not in known:
                raise ValueError(f"unexpected member {shown(name)}; known are {', '.join(known)}")
        for name in required:
            if name not in value:
                raise ValueError(f"member {name!r} is missing in {shown(value)}")
        return {name: known[name](item) for name, item in value.items()}

    return convert
