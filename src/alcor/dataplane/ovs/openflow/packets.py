"""Packets handed up by the switch and given down to it. OpenFlow 1.4.1, sections 7.4.1 and 7.3.7."""

import struct
from typing import NamedTuple

from alcor.dataplane.ovs.openflow.actions import Output, write_action
from alcor.dataplane.ovs.openflow.fields import decode_match
from alcor.dataplane.ovs.openflow.message import NO_BUFFER, PORT_CONTROLLER, PORT_TABLE, Malformed
from alcor.dataplane.ovs.openflow.template import TemplateWriter

_PACKET_IN = struct.Struct(">IHBBQ")


class PacketIn(NamedTuple):
    """A packet a flow sent to the agent. The frame was written by a workload and is not to be trusted."""

    in_port: int
    table: int
    cookie: int
    frame: bytes


def decode_packet_in(body: bytes) -> PacketIn:
    """Raises Malformed."""
    if len(body) < 24:
        raise Malformed("a packet-in is cut short")
    _, total_length, _, table, cookie = _PACKET_IN.unpack_from(body)
    fields, end = decode_match(body, 16)
    in_port = next((field.value for field in fields if field.name == "in_port"), None)
    frame = body[end + 2 :]
    if in_port is None or len(frame) != total_length:
        raise Malformed(f"a packet-in says {total_length} bytes, holds {len(frame)}, from port {in_port}")
    return PacketIn(in_port, table, cookie, frame)


def packet_out(port: int, frame: bytes) -> bytes:
    """The body of a packet-out that sends a frame out of a port."""
    return _packet_out(PORT_CONTROLLER, port, frame)


def packet_through_tables(in_port: int, frame: bytes) -> bytes:
    """The body of a packet-out that treats a frame as if it had come in by a port."""
    return _packet_out(in_port, PORT_TABLE, frame)


def _packet_out(in_port: int, out_port: int, frame: bytes) -> bytes:
    writer = TemplateWriter()
    write_action(writer, Output(out_port))
    actions = writer.finish().image
    return struct.pack(">IIH6x", NO_BUFFER, in_port, len(actions)) + actions + frame
