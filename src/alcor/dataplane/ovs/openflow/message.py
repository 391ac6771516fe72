"""OpenFlow messages: the header, the types in use and the requests without a body worth a file of its own.

OpenFlow 1.4.1, section 7.1.
"""

import struct

VERSION = 0x05  # OpenFlow 1.4
HEADER = struct.Struct(">BBHI")

HELLO = 0
ERROR = 1
ECHO_REQUEST = 2
ECHO_REPLY = 3
FEATURES_REQUEST = 5
FEATURES_REPLY = 6
SET_CONFIG = 9
PACKET_IN = 10
PACKET_OUT = 13
FLOW_MOD = 14
MULTIPART_REQUEST = 18
MULTIPART_REPLY = 19
BARRIER_REQUEST = 20
BARRIER_REPLY = 21
METER_MOD = 29
BUNDLE_CONTROL = 33
BUNDLE_ADD = 34

MULTIPART_FLOW = 1
MULTIPART_METER_CONFIG = 10
MULTIPART_METER_FEATURES = 11
MULTIPART_MORE = 1

PORT_CONTROLLER = 0xFFFFFFFD
PORT_ANY = 0xFFFFFFFF
GROUP_ANY = 0xFFFFFFFF
TABLE_ALL = 0xFF
NO_BUFFER = 0xFFFFFFFF
MAXIMUM_LENGTH = 0xFFFF

_BUNDLE = struct.Struct(">IHH")
_BUNDLE_ADD_PREFIX = struct.Struct(">BBHIIHHBBHI")
_ATOMIC_AND_ORDERED = 3

BUNDLE_OPEN = 0
BUNDLE_CLOSE = 2
BUNDLE_COMMIT = 4
BUNDLE_DISCARD = 6


class Malformed(ValueError):
    """Bytes that are not what the protocol says they should be."""


def message(kind: int, xid: int, body: bytes = b"") -> bytes:
    """A whole message. Raises ValueError when the body does not fit into one."""
    length = 8 + len(body)
    if length > MAXIMUM_LENGTH:
        raise ValueError(f"an OpenFlow message of {length} bytes does not exist; the longest has {MAXIMUM_LENGTH}")
    return HEADER.pack(VERSION, kind, length, xid) + body


def hello(xid: int) -> bytes:
    """Offer version 1.4 and nothing else: a bitmap element with the one bit set."""
    return message(HELLO, xid, struct.pack(">HHI", 1, 8, 1 << VERSION))


def set_config(xid: int) -> bytes:
    """Ask for whole packets in packet-ins; on a management connection this is also what turns packet-ins on."""
    return message(SET_CONFIG, xid, struct.pack(">HH", 0, 0xFFFF))


def multipart_request(xid: int, kind: int, body: bytes = b"") -> bytes:
    """A request whose answer may come in several parts."""
    return message(MULTIPART_REQUEST, xid, struct.pack(">HHI", kind, 0, 0) + body)


def multipart_reply(body: bytes) -> tuple[int, bool, bytes]:
    """The kind of a part, whether more parts follow, and its content. Raises Malformed."""
    if len(body) < 8:
        raise Malformed("a multipart reply is shorter than its header")
    kind, flags = struct.unpack_from(">HH", body)
    return kind, bool(flags & MULTIPART_MORE), body[8:]


def bundle_control(xid: int, bundle_id: int, kind: int) -> bytes:
    """Open, close, commit or discard a bundle whose messages take effect in order and as one."""
    return message(BUNDLE_CONTROL, xid, _BUNDLE.pack(bundle_id, kind, _ATOMIC_AND_ORDERED))


def bundle_add(xid: int, bundle_id: int, kind: int, body: bytes) -> bytes:
    """A message wrapped to become part of a bundle; both carry the same transaction id, as section 7.3.9.6 asks."""
    length = 8 + len(body)
    return (
        _BUNDLE_ADD_PREFIX.pack(
            VERSION, BUNDLE_ADD, length + 16, xid, bundle_id, 0, _ATOMIC_AND_ORDERED, VERSION, kind, length, xid
        )
        + body
    )
