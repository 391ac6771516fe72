"""DHCP options by name and kind, and how their values are written (RFC 2132, 3397, 3442).

Names are those Neutron's ``extra_dhcp_opts`` uses. A name may also be the option's number. A number without a kind
here takes IPv4 addresses (``10.0.0.1,10.0.0.2``), bytes (``de:ad:be:ef``) or else text, whichever the value looks like.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

MASK, ROUTER, DNS, HOSTNAME, DOMAIN, MTU, BROADCAST = 1, 3, 6, 12, 15, 26, 28
REQUESTED_ADDRESS, LEASE_TIME, MESSAGE_TYPE, SERVER_ID, PARAMETERS, MESSAGE, MAXIMUM_SIZE = 50, 51, 53, 54, 55, 56, 57
RENEWAL_TIME, REBINDING_TIME, CLIENT_ID, BOOT_FILE, RELAY_INFORMATION = 58, 59, 61, 67, 82
CLASSLESS_ROUTES, CLASSLESS_ROUTES_MICROSOFT = 121, 249

NEXT_SERVER_NAME: Final = "server-ip-address"
_OWN = {0, REQUESTED_ADDRESS, 52, MESSAGE_TYPE, SERVER_ID, PARAMETERS, MESSAGE, MAXIMUM_SIZE, CLIENT_ID, 82, 255}
_BYTES = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2})+")
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


class ExtraOptions(msgspec.Struct, frozen=True):
    """A port's extra options as they go into a reply."""

    options: dict[int, bytes]
    next_server: int
    ignored: tuple[str, ...]  # what could not be used, and why


def extra_options(requested: Iterable[tuple[str, str, int]]) -> ExtraOptions:
    """Encode the IPv4 options among (name, value, IP version). What makes no sense is named, not raised."""
    options: dict[int, bytes] = {}
    next_server, ignored = 0, []
    for name, value, version in requested:
        if version != 4:
            continue
        try:
            if name == NEXT_SERVER_NAME:
                next_server = int(ipaddress.IPv4Address(value))
            else:
                code, encode = _find(name)
                options[code] = encode(value)
        except ValueError as error:
            ignored.append(f"{name}={value}: {error}")
    return ExtraOptions(options, next_server, tuple(ignored))


def addresses(values: Iterable[str]) -> bytes:
    """IPv4 addresses one after the other; those of IPv6 are left out."""
    return b"".join(ipaddress.IPv4Address(value).packed for value in values if ":" not in value)


def classless_routes(routes: Iterable[tuple[str, str]], gateway: str) -> bytes:
    """RFC 3442 routes from (destination CIDR, next hop), empty when there are none.

    A client that takes these ignores the router option, so the default route through the gateway is among them
    unless the routes have one of their own. The next hop 0.0.0.0 says that the destination is in the subnet itself.
    """
    by_destination = {
        ipaddress.IPv4Network(destination, strict=False): ipaddress.IPv4Address(next_hop)
        for destination, next_hop in routes
        if ":" not in destination and ":" not in next_hop
    }
    if not by_destination:
        return b""
    if gateway:
        by_destination.setdefault(ipaddress.IPv4Network("0.0.0.0/0"), ipaddress.IPv4Address(gateway))
    encoded = bytearray()
    for network, hop in by_destination.items():
        encoded.append(network.prefixlen)
        encoded += network.network_address.packed[: (network.prefixlen + 7) // 8]
        encoded += hop.packed
    return bytes(encoded)


def domain_labels(text: str) -> bytes:
    """Domain names as RFC 1035 labels, uncompressed, for the domain search option (RFC 3397)."""
    encoded = bytearray()
    for name in text.split(","):
        for label in name.strip().rstrip(".").encode("idna").split(b"."):
            encoded.append(len(label))
            encoded += label
        encoded.append(0)
    return bytes(encoded)


def _text(value: str) -> bytes:
    if not value:
        raise ValueError("the value is empty")
    return value.encode()


def _list(value: str) -> bytes:
    return b"".join(ipaddress.IPv4Address(part.strip()).packed for part in value.split(","))


def _integer(size: int) -> Callable[[str], bytes]:
    def encode(value: str) -> bytes:
        try:
            return int(value, 0).to_bytes(size, "big")
        except OverflowError as error:
            raise ValueError(f"does not fit {size} bytes") from error

    return encode


def _flag(value: str) -> bytes:
    if value.lower() not in _TRUE | _FALSE:
        raise ValueError("write true or false")
    return bytes((value.lower() in _TRUE,))


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value.replace(":", ""))


def _routes(value: str) -> bytes:
    """``destination,next hop,destination,next hop``"""
    parts = [part.strip() for part in value.split(",")]
    return classless_routes(zip(parts[::2], parts[1::2], strict=True), "")


def _whatever(value: str) -> bytes:
    if _BYTES.fullmatch(value):
        return _bytes(value)
    try:
        return _list(value)
    except ValueError:
        return _text(value)


_KINDS: dict[Callable[[str], bytes], dict[str, int]] = {
    _list: {
        "netmask": 1, "router": 3, "dns-server": 6, "log-server": 7, "lpr-server": 9, "swap-server": 16,
        "policy-filter": 21, "broadcast": 28, "router-solicitation": 32, "static-route": 33, "nis-server": 41,
        "ntp-server": 42, "netbios-ns": 44, "netbios-dd": 45, "x-windows-fs": 48, "x-windows-dm": 49,
        "nis+-server": 65, "mobile-ip-home": 68, "smtp-server": 69, "pop3-server": 70, "nntp-server": 71,
        "irc-server": 74, "tftp-server-address": 150,
    },
    _text: {
        "hostname": 12, "domain-name": 15, "root-path": 17, "extension-path": 18, "nis-domain": 40,
        "netbios-scope": 47, "vendor-class": 60, "nis+-domain": 64, "tftp-server": 66, "bootfile-name": 67,
        "posix-timezone": 100, "tzdb-timezone": 101, "captive-portal": 114,
    },
    _integer(1): {"default-ttl": 23, "tcp-ttl": 37, "netbios-nodetype": 46},
    _integer(2): {"boot-file-size": 13, "max-datagram-reassembly": 22, "mtu": 26},
    _integer(4): {
        "time-offset": 2, "arp-timeout": 35, "tcp-keepalive": 38, "lease-time": 51, "T1": 58, "T2": 59,
    },
    _flag: {
        "ip-forward-enable": 19, "non-local-source-routing": 20, "all-subnets-local": 27, "router-discovery": 31,
        "trailer-encapsulation": 34, "ethernet-encap": 36,
    },
    _bytes: {"vendor-encap": 43, "client-arch": 93},
    domain_labels: {"domain-search": 119},
    _routes: {"classless-static-route": 121, "ms-classless-static-route": 249},
}  # fmt: skip

_BY_NAME = {name: (code, encode) for encode, codes in _KINDS.items() for name, code in codes.items()}
_BY_CODE = {code: encode for encode, codes in _KINDS.items() for code in codes.values()}


def _find(name: str) -> tuple[int, Callable[[str], bytes]]:
    name = name.removeprefix("option:")
    if name.isdecimal():
        code = int(name)
        if code in _OWN or code > 255:
            raise ValueError("this option cannot be set")
        return code, _BY_CODE.get(code, _whatever)
    if name not in _BY_NAME:
        raise ValueError("no such option; write its number instead")
    return _BY_NAME[name]
