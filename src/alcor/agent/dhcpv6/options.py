"""DHCPv6 options by name and kind, and how their values are written (RFC 3319, 3646, 3898, 4075, 5970).

Names are those Neutron's ``extra_dhcp_opts`` uses with ``ip_version`` 6. A name may also be the option's number. A
number without a kind here takes IPv6 addresses, bytes (``de:ad:be:ef:00``) or else text, whichever it looks like.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable

import msgspec

from alcor.agent.dhcp.options import domain_labels

_LONGEST = 0xFFFF
_OWN = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 18, 19, 20, 25, 26}
_BYTES = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2})*")


class ExtraOptions(msgspec.Struct, frozen=True):
    """A port's extra options as they go into a reply."""

    options: dict[int, bytes]
    ignored: tuple[str, ...]  # what could not be used, and why


def extra_options(requested: Iterable[tuple[str, str, int]]) -> ExtraOptions:
    """Encode the IPv6 options among (name, value, IP version). What makes no sense is named, not raised."""
    options: dict[int, bytes] = {}
    ignored = []
    for name, value, version in requested:
        if version != 6:
            continue
        try:
            code, encode = _find(name)
            encoded = encode(value)
            if len(encoded) > _LONGEST:
                raise ValueError("the value is too long")
            options[code] = encoded
        except ValueError as error:
            ignored.append(f"{name}={value}: {error}")
    return ExtraOptions(options, tuple(ignored))


def addresses(values: Iterable[str]) -> bytes:
    """IPv6 addresses one after the other; those of IPv4 are left out."""
    return b"".join(ipaddress.IPv6Address(value).packed for value in values if ":" in value)


def _list(value: str) -> bytes:
    return b"".join(ipaddress.IPv6Address(part.strip().strip("[]")).packed for part in value.split(","))


def _text(value: str) -> bytes:
    if not value:
        raise ValueError("the value is empty")
    return value.encode()


def _seconds(value: str) -> bytes:
    try:
        return int(value, 0).to_bytes(4)
    except OverflowError as error:
        raise ValueError("does not fit 4 bytes") from error


def _whatever(value: str) -> bytes:
    try:
        return _list(value)
    except ValueError:
        return bytes.fromhex(value.replace(":", "")) if _BYTES.fullmatch(value) else _text(value)


_KINDS: dict[Callable[[str], bytes], dict[str, int]] = {
    _list: {"sip-server": 22, "dns-server": 23, "nis-server": 27, "nis+-server": 28, "sntp-server": 31},
    domain_labels: {"sip-server-domain": 21, "domain-search": 24, "nis-domain": 29, "nis+-domain": 30},
    _seconds: {"information-refresh-time": 32},
    _text: {"bootfile-url": 59},
}

_BY_NAME = {name: (code, encode) for encode, codes in _KINDS.items() for name, code in codes.items()}
_BY_CODE = {code: encode for encode, codes in _KINDS.items() for code in codes.values()}


def _find(name: str) -> tuple[int, Callable[[str], bytes]]:
    name = name.removeprefix("option6:")
    if name.isdecimal():
        code = int(name)
        if code in _OWN or code > _LONGEST:
            raise ValueError("this option cannot be set")
        return code, _BY_CODE.get(code, _whatever)
    if name not in _BY_NAME:
        raise ValueError("no such option; write its number instead")
    return _BY_NAME[name]
