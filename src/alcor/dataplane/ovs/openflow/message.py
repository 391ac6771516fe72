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
FLOW_REMOVED = 11
PACKET_OUT = 13
FLOW_MOD = 14
MULTIPART_REQUEST = 18
MULTIPART_REPLY = 19
BARRIER_REQUEST = 20
BARRIER_REPLY = 21
SET_ASYNC = 28
METER_MOD = 29
BUNDLE_CONTROL = 33
BUNDLE_ADD = 34

MULTIPART_FLOW = 1
MULTIPART_METER_CONFIG = 10
MULTIPART_METER_FEATURES = 11
MULTIPART_MORE = 1

PORT_IN_PORT = 0xFFFFFFF8
PORT_CONTROLLER = 0xFFFFFFFD
PORT_ANY = 0xFFFFFFFF
GROUP_ANY = 0xFFFFFFFF
TABLE_ALL = 0xFF
NO_BUFFER = 0xFFFFFFFF
MAXIMUM_LENGTH = 0xFFFF

_BUNDLE = struct.Struct(">IHH")
_BUNDLE_ADD_PREFIX = struct.Struct(">BBHIIHHBBHI")
_ATOMIC_AND_ORDERED = 3

_FRAGMENTS_AS_THEY_ARE = 3  # Open vSwitch's OFPC_FRAG_NX_MATCH
_ASYNC_PROPERTY = struct.Struct(">HHI")
_ASYNC_PACKET_IN, _ASYNC_PORT_STATUS, _ASYNC_FLOW_REMOVED = 1, 3, 5  # of a connection that may change the switch
_SENT_BY_A_FLOW = 1 << 1 | 1 << 5  # of a packet that came in by a port, of one from a packet-out
_GONE_IDLE = 1 << 0

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


def whole_packets() -> bytes:
    """The body of a configuration that asks for whole packets; on a management connection it turns on all news.

    Flows match the ports, and the ICMP type and code, of a packet's first fragment: by default Open vSwitch hides them,
    as OpenFlow has it.
    """
    return struct.pack(">HH", _FRAGMENTS_AS_THEY_ARE, 0xFFFF)


def news(packets: bool, idle_flows: bool) -> bytes:
    """The body that chooses what the switch says unasked: what flows send to the agent, which flows went idle."""
    masks = {
        _ASYNC_PACKET_IN: _SENT_BY_A_FLOW if packets else 0,
        _ASYNC_PORT_STATUS: 0,
        _ASYNC_FLOW_REMOVED: _GONE_IDLE if idle_flows else 0,
    }
    return b"".join(_ASYNC_PROPERTY.pack(kind, _ASYNC_PROPERTY.size, mask) for kind, mask in masks.items())


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
