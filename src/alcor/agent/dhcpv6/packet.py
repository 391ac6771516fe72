"""DHCPv6 messages in Ethernet frames (RFC 8415). Parsing never raises and is bounded by the frame."""

import struct
from collections.abc import Iterable

import msgspec

from alcor.dataplane import ipv6

CLIENT_PORT, SERVER_PORT = 546, 547
ALL_SERVERS = bytes.fromhex("ff02") + bytes(11) + bytes.fromhex("010002")

CLIENT_ID, SERVER_ID, IA_NA, IA_TA, IA_ADDRESS, REQUESTED_OPTIONS, PREFERENCE = 1, 2, 3, 4, 5, 6, 7
STATUS, RAPID_COMMIT, DNS_SERVERS, SEARCH_LIST, IA_PD, REFRESH_TIME = 13, 14, 23, 24, 25, 32

Options = tuple[tuple[int, bytes], ...]
"""Code and value; a code may come several times."""


class Dhcpv6Message(msgspec.Struct, frozen=True):
    """A message between client and server."""

    kind: int
    transaction: int
    options: Options

    def first(self, code: int) -> bytes | None:
        """The value of the first option with a code."""
        return first(self.options, code)


class Sender(msgspec.Struct, frozen=True):
    """Who sent a message, and to whom."""

    mac: int
    address: bytes
    destination: bytes


class IdentityAssociation(msgspec.Struct, frozen=True):
    """A client's name for addresses that it has or wants (IA_NA, RFC 8415 section 21.4), and those it names."""

    code: int
    number: bytes
    addresses: tuple[bytes, ...]


def first(options: Options, code: int) -> bytes | None:
    """The value of the first option with a code."""
    return next((value for each, value in options if each == code), None)


def parse(frame: bytes) -> tuple[Sender, Dhcpv6Message] | None:
    """The message to a server in a frame, or None when there is none or it is malformed.

    The UDP checksum is not looked at: a workload whose interface offloads checksums sends unfinished ones.
    """
    header = ipv6.ipv6(frame)
    if header is None or ipv6.udp_ports(frame, header) != (CLIENT_PORT, SERVER_PORT):
        return None
    length = int.from_bytes(frame[header.start + 4 : header.start + 6])
    if not 12 <= length <= header.end - header.start:
        return None
    data = frame[header.start + 8 : header.start + length]
    options = parse_options(data[4:])
    if options is None:
        return None
    sender = Sender(int.from_bytes(frame[6:12]), header.source, header.destination)
    return sender, Dhcpv6Message(data[0], int.from_bytes(data[1:4]), options)


def parse_options(data: bytes) -> Options | None:
    """The options one after the other, or None when one runs over the end."""
    options = []
    position = 0
    while position < len(data):
        if position + 4 > len(data):
            return None
        code, length = struct.unpack_from("!HH", data, position)
        position += 4
        if position + length > len(data):
            return None
        options.append((code, data[position : position + length]))
        position += length
    return tuple(options)


def identity_association(code: int, value: bytes) -> IdentityAssociation | None:
    """The identity association in an option of this code, or None when it is malformed."""
    fixed = 4 if code == IA_TA else 12
    options = parse_options(value[fixed:]) if len(value) >= fixed else None
    if options is None:
        return None
    named = [each for option, each in options if option == IA_ADDRESS]
    if any(len(each) < 24 for each in named):
        return None
    return IdentityAssociation(code, value[:4], tuple(each[:16] for each in named))


def serialise(macs: tuple[int, int], addresses: tuple[bytes, bytes], message: Dhcpv6Message) -> bytes:
    """The frame that carries a server's message, from the first of both to the second."""
    data = bytes((message.kind,)) + message.transaction.to_bytes(3) + encode_options(message.options)
    return ipv6.udp_frame(macs, addresses, (SERVER_PORT, CLIENT_PORT), data)


def encode_options(options: Iterable[tuple[int, bytes]]) -> bytes:
    """Options on the wire."""
    return b"".join(struct.pack("!HH", code, len(value)) + value for code, value in options)
