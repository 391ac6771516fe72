"""Checks of single values received from a peer: each returns the value or raises MalformedMessage with the reason."""

import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from alcor.model.identifiers import Id
from alcor.model.ipv6_modes import IPV6_MODES

_Message = TypeVar("_Message", bound=Message)

MAC_LIMIT = 1 << 48
VNI_LIMIT = 1 << 24

_SERVER = re.compile(r"unix:[!-~]{1,107}|(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Za-z:.%]{1,64}]):([0-9]{1,5})")


class MalformedMessage(ValueError):
    """A peer sent what the protocol does not allow; the message says what."""


def parse(kind: type[_Message], data: bytes) -> _Message:
    """A protobuf message of this kind from its bytes."""
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise MalformedMessage(f"{len(data)} bytes are no {kind.__name__}") from error


def identifier(value: bytes, what: str) -> Id:
    """A 16-byte id."""
    if len(value) != 16:
        raise MalformedMessage(f"{what}: an id has 16 bytes, not {len(value)}")
    return value


def identifiers(values: Iterable[bytes], what: str) -> set[Id]:
    """A set of 16-byte ids."""
    return {identifier(value, what) for value in values}


def vni(value: int) -> int:
    """A 24-bit VXLAN network identifier (RFC 7348)."""
    if value >= VNI_LIMIT:
        raise MalformedMessage(f"VNI {value} does not fit 24 bits")
    return value


def number(value: int, bits: int, what: str) -> int:
    """A number of so many bits."""
    if value >> bits:
        raise MalformedMessage(f"{what} {value} does not fit {bits} bits")
    return value


def mac(value: int, what: str) -> int:
    """A 48-bit MAC address."""
    if value >= MAC_LIMIT:
        raise MalformedMessage(f"{what}: MAC address {value:#x} does not fit 48 bits")
    return value


def macs(values: Sequence[int], what: str) -> Sequence[int]:
    """48-bit MAC addresses, any number of them."""
    if values:
        mac(max(values), what)
    return values


def same_length(keys: Sequence[object], values: Sequence[object], what: str) -> None:
    """Parallel arrays are equally long."""
    if len(keys) != len(values):
        raise MalformedMessage(f"{what}: parallel arrays have {len(keys)} and {len(values)} elements")


def ipv6_mode(text: str) -> str:
    """How workloads come by IPv6 addresses; empty for not at all."""
    if text and text not in IPV6_MODES:
        raise MalformedMessage(f"{text[:64]!r} is no IPv6 mode")
    return text


def address(text: str, what: str) -> str:
    """An IPv4 or IPv6 address in text."""
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError) as error:
        raise MalformedMessage(f"{what}: {text[:64]!r} is not an IP address") from error
    return text


def cidr(text: str, what: str) -> str:
    """A network in CIDR notation, or a single address."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise MalformedMessage(f"{what}: {text[:64]!r} is not a CIDR") from error
    return text


def server(text: str, what: str) -> str:
    """Where a server listens: HOST:PORT, [IPv6]:PORT or unix:PATH."""
    match = _SERVER.fullmatch(text)
    if match is None or not 0 < int(match[1] or 1) < 1 << 16:
        raise MalformedMessage(f"{what}: {text[:64]!r} is not HOST:PORT or unix:PATH")
    return text


def split_ipv6(packed: bytes, what: str) -> list[bytes]:
    """16-byte IPv6 addresses sent one after the other."""
    if len(packed) % 16:
        raise MalformedMessage(f"{what}: {len(packed)} bytes are no whole number of IPv6 addresses")
    return [packed[start : start + 16] for start in range(0, len(packed), 16)]
