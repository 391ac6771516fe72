"""The kernel's neighbour and address tables, by route netlink (rtnetlink(7)). IPv4 only: VTEPs are."""

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

_NEW_ADDRESS, _DELETE_ADDRESS, _GET_ADDRESS = 20, 21, 22
_NEW_NEIGHBOUR, _DELETE_NEIGHBOUR, _GET_NEIGHBOUR = 28, 29, 30
NEIGHBOURS = 1 << 2  # RTNLGRP_NEIGH
ADDRESSES = 1 << 4  # RTNLGRP_IPV4_IFADDR
_REQUEST, _DUMP = 0x1, 0x300
_ATTRIBUTE_DESTINATION, _ATTRIBUTE_LINK_ADDRESS = 1, 2
_ATTRIBUTE_LOCAL_ADDRESS = 2
_VALID = 0x02 | 0x04 | 0x08 | 0x10 | 0x80  # reachable, stale, delay, probe, permanent


class Neighbour(NamedTuple):
    """A MAC address the kernel believes."""

    interface: int
    ipv4: int
    mac: int


class Address(NamedTuple):
    """An address of this host, there or gone."""

    interface: int
    ipv4: int
    present: bool


def subscribe(group: int) -> socket.socket:
    """A non-blocking socket on which the kernel tells every change to NEIGHBOURS or to ADDRESSES.

    One socket for each: the kernel answers one request for a whole table at a time on a socket.
    """
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    netlink.bind((0, group))
    netlink.setblocking(False)
    return netlink


def request_neighbours(netlink: socket.socket) -> None:
    """Have the kernel tell every neighbour it knows now."""
    _request(netlink, _GET_NEIGHBOUR, struct.pack("=BxxxiHBB", socket.AF_INET, 0, 0, 0, 0))


def request_addresses(netlink: socket.socket) -> None:
    """Have the kernel tell every address it has now."""
    _request(netlink, _GET_ADDRESS, struct.pack("=BBBBi", socket.AF_INET, 0, 0, 0, 0))


def _request(netlink: socket.socket, kind: int, body: bytes) -> None:
    netlink.send(struct.pack("=IHHII", 16 + len(body), kind, _REQUEST | _DUMP, 1, 0) + body)


def decode(data: bytes) -> Iterator[Neighbour | Address]:
    """What the kernel says. Anything else, or cut short, is passed over."""
    position = 0
    while position + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, position)
        if length < 16 or position + length > len(data):
            return
        body = data[position + 16 : position + length]
        if kind == _NEW_NEIGHBOUR and len(body) >= 12:
            family, interface, state = struct.unpack_from("=BxxxiH", body)
            attributes = _attributes(body[12:])
            destination = attributes.get(_ATTRIBUTE_DESTINATION, b"")
            mac = attributes.get(_ATTRIBUTE_LINK_ADDRESS, b"")
            if family == socket.AF_INET and state & _VALID and len(destination) == 4 and len(mac) == 6:
                yield Neighbour(interface, int.from_bytes(destination, "big"), int.from_bytes(mac, "big"))
        elif kind in (_NEW_ADDRESS, _DELETE_ADDRESS) and len(body) >= 8:
            family, interface = struct.unpack_from("=Bxxxi", body)
            local = _attributes(body[8:]).get(_ATTRIBUTE_LOCAL_ADDRESS, b"")
            if family == socket.AF_INET and len(local) == 4:
                yield Address(interface, int.from_bytes(local, "big"), kind == _NEW_ADDRESS)
        position += (length + 3) // 4 * 4


def _attributes(data: bytes) -> dict[int, bytes]:
    attributes = {}
    position = 0
    while position + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, position)
        if length < 4 or position + length > len(data):
            break
        attributes[kind & 0x3FFF] = data[position + 4 : position + length]
        position += (length + 3) // 4 * 4
    return attributes
