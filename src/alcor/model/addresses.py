"""MAC and IP addresses as the fixed-width values the store, the wire and the data plane use.

A MAC address is a 48-bit integer. An IPv4 address is a 32-bit integer on the wire and in the data plane; in the
store and in records an IP address of either version is its packed bytes (4 or 16), which sort as the addresses do.
"""

import ipaddress
import re
import socket

Address = int | bytes
"""An IPv4 address as a number, an IPv6 address as its bytes."""

MAC_BROADCAST = 0xFFFFFFFFFFFF
_MAC = re.compile(r"[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}")


def mac_text(mac: int) -> str:
    """``fa:16:3e:00:00:01`` for 0xfa163e000001."""
    return mac.to_bytes(6).hex(":")


def mac_number(text: str) -> int:
    """The 48-bit integer of a MAC address written with colons or hyphens. Raises ValueError otherwise."""
    if not _MAC.fullmatch(text):
        raise ValueError(f"{text!r} is not a MAC address")
    return int(text.replace(text[2], ""), 16)


def ip_bytes(text: str) -> bytes:
    """The 4 or 16 bytes of an IP address. Raises ValueError otherwise."""
    try:
        return socket.inet_aton(text) if text.count(".") == 3 and ":" not in text else _ipv6_bytes(text)
    except OSError as error:
        raise ValueError(f"{text!r} is not an IP address") from error


def _ipv6_bytes(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, text)


WIDTHS = {4: 4, 6: 16}
"""Octets of an address, by IP version."""


def ip_text(packed: bytes) -> str:
    """The canonical text of a packed IP address."""
    if len(packed) == 4:
        return "%d.%d.%d.%d" % tuple(packed)
    return str(ipaddress.IPv6Address(packed))


def ipv4_number(text: str) -> int:
    """The 32-bit integer of an IPv4 address. Raises ValueError otherwise."""
    return int(ipaddress.IPv4Address(text))


def ipv4_text(number: int) -> str:
    """The dotted text of a 32-bit integer."""
    return "%d.%d.%d.%d" % (number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255)


def address_of(text: str) -> Address:
    """An IP address in the form its version has. Raises ValueError otherwise."""
    packed = ip_bytes(text)
    return int.from_bytes(packed) if len(packed) == 4 else packed


def address_text(address: Address) -> str:
    """The canonical text of an IP address."""
    return ipv4_text(address) if isinstance(address, int) else ip_text(address)


def address_number(address: Address) -> int:
    """The address as an integer, of 32 or of 128 bits."""
    return address if isinstance(address, int) else int.from_bytes(address)


def version_of(address: Address) -> int:
    """4 or 6."""
    return 4 if isinstance(address, int) else 6


def link_local(mac: int) -> bytes:
    """The IPv6 link-local address of a MAC address, RFC 4291 appendix A."""
    octets = (mac ^ 1 << 41).to_bytes(6, "big")
    return b"\xfe\x80" + bytes(6) + octets[:3] + b"\xff\xfe" + octets[3:]


def is_link_local(address: bytes) -> bool:
    """Whether the address means something in its own subnet only (RFC 4291, section 2.5.6)."""
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80


def mac_of_link_local(address: bytes) -> int | None:
    """The MAC address from which a link-local address was made, or None when it was made otherwise."""
    if address[:8] != b"\xfe\x80" + bytes(6) or address[11:13] != b"\xff\xfe":
        return None
    return int.from_bytes(address[8:11] + address[13:]) ^ 1 << 41
