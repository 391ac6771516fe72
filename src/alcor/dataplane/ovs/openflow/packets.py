"""Packets handed up by the switch and given down to it. OpenFlow 1.4.1, sections 7.4.1 and 7.3.7."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from alcor.dataplane.ovs.openflow.actions import Action, Output, Resubmit, write_action
from alcor.dataplane.ovs.openflow.fields import decode_match
from alcor.dataplane.ovs.openflow.message import NO_BUFFER, PORT_CONTROLLER, Malformed
from alcor.dataplane.ovs.openflow.template import TemplateWriter

_PACKET_IN = struct.Struct(">IHBBQ")


class PacketIn(NamedTuple):
    """A packet a flow sent to the agent. The frame was written by a workload and is not to be trusted."""

    in_port: int
    table: int
    cookie: int
    frame: bytes
    registers: Mapping[str, int]  # what else the switch says goes with it, by field


def decode_packet_in(body: bytes) -> PacketIn:
    """Raises Malformed."""
    if len(body) < 24:
        raise Malformed("a packet-in is cut short")
    _, total_length, _, table, cookie = _PACKET_IN.unpack_from(body)
    fields, end = decode_match(body, 16)
    registers = {field.name: field.value for field in fields}
    in_port = registers.get("in_port")
    frame = body[end + 2 :]
    if in_port is None or len(frame) != total_length:
        raise Malformed(f"a packet-in says {total_length} bytes, holds {len(frame)}, from port {in_port}")
    return PacketIn(in_port, table, cookie, frame, registers)


def packet_out(port: int, frame: bytes) -> bytes:
    """The body of a packet-out that sends a frame out of a port."""
    return _packet_out(PORT_CONTROLLER, frame, (Output(port),))


def packet_through_tables(in_port: int, frame: bytes, before: Sequence[Action], table: int = 0) -> bytes:
    """The body of a packet-out that treats a frame as if it had come in by a port, or on from there to a table.

    The actions ``before`` are done first.
    """
    return _packet_out(in_port, frame, (*before, Resubmit(table)))


def _packet_out(in_port: int, frame: bytes, steps: Iterable[Action]) -> bytes:
    writer = TemplateWriter()
    for step in steps:
        write_action(writer, step)
    actions = writer.finish().image
    return struct.pack(">IIH6x", NO_BUFFER, in_port, len(actions)) + actions + frame
