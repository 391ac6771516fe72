"""Flows: the modification that installs or removes one, and what the switch reports of those there are or were.

OpenFlow 1.4.1, sections 7.3.4.2, 7.3.5.2 and 7.4.2.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from alcor.dataplane.ovs.openflow.fields import FieldValue, decode_match
from alcor.dataplane.ovs.openflow.message import GROUP_ANY, NO_BUFFER, PORT_ANY, TABLE_ALL, Malformed

_FLOW_MOD = struct.Struct(">QQBBHHHIIIHH")
_FLOW_REMOVED = struct.Struct(">QHBBIIHHQQ")
_STATISTICS = struct.Struct(">HBxIIHHHHH2xQQQ")

_ADD = 0
_MODIFY_STRICT = 2
_DELETE = 3
_DELETE_STRICT = 4

_REPORT_REMOVAL = 1 << 0

_NO_FIELDS = bytes((0, 1, 0, 4, 0, 0, 0, 0))
_ALL_BITS = 0xFFFFFFFFFFFFFFFF


def add_flow(cookie: int, table: int, priority: int, match_and_instructions: bytes, idle_seconds: int = 0) -> bytes:
    """The body of a flow-mod that installs a flow, in place of one with the same table, priority and match.

    Unless ``idle_seconds`` is 0, the flow goes when it met no packet for so long, and the switch says so.
    """
    flags = _REPORT_REMOVAL if idle_seconds else 0
    header = _FLOW_MOD.pack(cookie, 0, table, _ADD, idle_seconds, 0, priority, NO_BUFFER, PORT_ANY, GROUP_ANY, flags, 0)
    return header + match_and_instructions


def modify_flow(table: int, priority: int, match_and_instructions: bytes) -> bytes:
    """The body of a flow-mod that has the flow with this table, priority and match do this, if it is there.

    Its cookie, time-outs and counters stay as they are (OpenFlow 1.4, section 6.4: Flow Table Modification Messages).
    """
    header = _FLOW_MOD.pack(0, 0, table, _MODIFY_STRICT, 0, 0, priority, NO_BUFFER, PORT_ANY, GROUP_ANY, 0, 0)
    return header + match_and_instructions


def delete_flow(table: int, priority: int, match: bytes, cookie: int = 0, cookie_mask: int = 0) -> bytes:
    """The body of a flow-mod that removes the flow with this table, priority and match, if its cookie is right.

    The cookie is right when it agrees with ``cookie`` in the bits of the mask.
    """
    header = _FLOW_MOD.pack(
        cookie, cookie_mask, table, _DELETE_STRICT, 0, 0, priority, NO_BUFFER, PORT_ANY, GROUP_ANY, 0, 0
    )
    return header + match


def delete_flows_with_cookie(cookie: int) -> bytes:
    """The body of a flow-mod that removes every flow carrying exactly this cookie, which the switch finds by index."""
    return (
        _FLOW_MOD.pack(cookie, _ALL_BITS, TABLE_ALL, _DELETE, 0, 0, 0, NO_BUFFER, PORT_ANY, GROUP_ANY, 0, 0)
        + _NO_FIELDS
    )


def statistics_request() -> bytes:
    """The body of a multipart request for every flow of every table."""
    return struct.pack(">B3xII4xQQ", TABLE_ALL, PORT_ANY, GROUP_ANY, 0, 0) + _NO_FIELDS


class FlowStatistics(NamedTuple):
    """A flow as the switch reports it."""

    table: int
    priority: int
    cookie: int
    packets: int
    octets: int
    seconds: int
    match: bytes  # with its header and padding, as delete_flow takes it
    instructions: bytes


def decode_statistics(body: bytes) -> Iterator[FlowStatistics]:
    """The flows in one part of the answer. Raises Malformed."""
    position = 0
    while position < len(body):
        if len(body) - position < 56:
            raise Malformed("flow statistics are cut short")
        (length, table, seconds, _, priority, _, _, _, _, cookie, packets, octets) = _STATISTICS.unpack_from(
            body, position
        )
        end = position + length
        match_length = int.from_bytes(body[position + 50 : position + 52], "big")
        match_end = position + 48 + (match_length + 7) // 8 * 8
        if length < 56 or end > len(body) or match_length < 4 or match_end > end:
            raise Malformed(f"flow statistics have a length of {length} and a match of {match_length}")
        yield FlowStatistics(
            table, priority, cookie, packets, octets, seconds, body[position + 48 : match_end], body[match_end:end]
        )
        position = end


class RemovedFlow(NamedTuple):
    """A flow that is gone, as the switch reports it."""

    cookie: int
    table: int
    priority: int
    fields: tuple[FieldValue, ...]


def decode_flow_removed(body: bytes) -> RemovedFlow:
    """Raises Malformed."""
    if len(body) < _FLOW_REMOVED.size:
        raise Malformed("the news of a removed flow is cut short")
    cookie, priority, _, table, *_ = _FLOW_REMOVED.unpack_from(body)
    fields, _ = decode_match(body, _FLOW_REMOVED.size)
    return RemovedFlow(cookie, table, priority, tuple(fields))
