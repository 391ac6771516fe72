"""Instructions and actions: what a flow does to a packet. OpenFlow 1.4.1, sections 7.2.4 and 7.2.5.

Each is a small value that can write itself into a template; ``decode_instructions`` turns what the switch reports
into words.
"""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

from alcor.dataplane.ovs.openflow.fields import FIELDS, FieldValue, decode_field, field_of_header
from alcor.dataplane.ovs.openflow.message import PORT_CONTROLLER, PORT_IN_PORT, Malformed
from alcor.dataplane.ovs.openflow.template import TemplateWriter, Value

_GOTO_TABLE = 1
_WRITE_METADATA = 2
_APPLY_ACTIONS = 4
_METER = 6

_OUTPUT = 0
_DECREMENT_TTL = 24
_SET_FIELD = 25
_EXPERIMENTER = 0xFFFF
_NICIRA = 0x00002320
_REGISTER_MOVE = 6
_REGISTER_LOAD = 7
_CHECK_SIZE = 49
_RESUBMIT_TABLE = 14
_OUTPUT_REGISTER = 15
_MULTIPATH = 10
_HASH_OF_ADDRESSES, _HASH_OF_ADDRESSES_AND_PORTS = 6, 3
_HIGHEST_RANDOM_WEIGHT = 2
_SPREAD_BITS = 16
_TRACK = 35
_TRACK_CLEAR = 43
_SAME_PORT = 0xFFF8
_COMMIT, _FORCE = 1, 2
_NO_RECIRCULATION = 0xFF
_TRACK_WORDS = {_COMMIT: "ct_commit", _COMMIT | _FORCE: "ct_commit_anew"}
_ZONE_BITS = 16


class Output(NamedTuple):
    """Send the packet out of a port. It never leaves by the port it came in."""

    port: Value


class OutputTo(NamedTuple):
    """Send the packet out of the port whose number is in a field, as Output does."""

    field: str


class ToAgent(NamedTuple):
    """Hand the whole packet to the agent (a packet-in)."""


class Back(NamedTuple):
    """Send the packet out of the port it came in by."""


class DecrementTtl(NamedTuple):
    """Make the IPv4 or IPv6 packet's time to live less by one."""


class SetField(NamedTuple):
    """Give a field of the packet a value."""

    field: str
    value: Value


class Move(NamedTuple):
    """Copy ``bits`` bits of one field into another, from and to the lowest or as many bits further up."""

    source: str
    destination: str
    bits: int
    source_offset: int = 0
    destination_offset: int = 0


class SetBits(NamedTuple):
    """Give some bits of a field a value: ``bits`` of them, the lowest of which is number ``first``."""

    field: str
    first: int
    bits: int
    value: Value


class Resubmit(NamedTuple):
    """Have the packet go through a table, and what follows on it, before the next action (ovs-actions(7))."""

    table: int


class Track(NamedTuple):
    """Look for the packet's connection, and go on in a table knowing it (``ct`` of ovs-actions(7)).

    The low 16 bits of the field ``zone`` tell connections apart that are alike.
    """

    zone: str
    table: int


class Commit(NamedTuple):
    """Remember the packet's connection from now on (``ct(commit)``).

    ``force`` makes the packet begin it anew, where it was an answer.
    """

    zone: str
    force: bool = False


class Untrack(NamedTuple):
    """Forget what is known of the packet's connection (``ct_clear``)."""


class CheckSize(NamedTuple):
    """Set the lowest bit of a field when the frame has more bytes than these, clear it otherwise (ovs-actions(7))."""

    largest: Value
    field: str


class Spread(NamedTuple):
    """Give a field one of the numbers from 0 to ``last``, by a hash of the packet (``multipath`` of ovs-actions(7)).

    Both ends' addresses and ports count, or their addresses alone; packets back have the number of those there.
    """

    last: Value
    field: str
    with_ports: bool


class Meter(NamedTuple):
    """Drop the packet when the meter's rate is exceeded."""

    meter: Value


class WriteMetadata(NamedTuple):
    """Set all 64 bits of the metadata that travels with the packet from table to table."""

    value: Value


class GoTo(NamedTuple):
    """Go on in a later table."""

    table: int


_Extension = OutputTo | SetBits | Move | Resubmit | Track | Commit | Untrack | CheckSize | Spread
Action = Output | ToAgent | Back | SetField | DecrementTtl | _Extension
Instruction = Meter | WriteMetadata | GoTo | Action


def write_instructions(writer: TemplateWriter, steps: Sequence[Instruction]) -> None:
    """Append the instructions in the order a switch carries them out: meter, actions, metadata, next table."""
    for step in steps:
        if isinstance(step, Meter):
            writer.write(struct.pack(">HH", _METER, 8))
            writer.write_value(step.meter, 4)
    actions = [step for step in steps if isinstance(step, Action)]
    if actions:
        start = len(writer)
        writer.write(struct.pack(">HH4x", _APPLY_ACTIONS, 0))
        for action in actions:
            write_action(writer, action)
        writer.set_length(start + 2, len(writer) - start)
    for step in steps:
        if isinstance(step, WriteMetadata):
            writer.write(struct.pack(">HH4x", _WRITE_METADATA, 24))
            writer.write_value(step.value, 8)
            writer.write(b"\xff" * 8)
    for step in steps:
        if isinstance(step, GoTo):
            writer.write(struct.pack(">HHB3x", _GOTO_TABLE, 8, step.table))


def write_action(writer: TemplateWriter, action: Action) -> None:
    """Append one action."""
    if isinstance(action, Output | ToAgent | Back):
        writer.write(struct.pack(">HH", _OUTPUT, 16))
        writer.write_value(_port(action), 4)
        writer.write(struct.pack(">H6x", 0xFFFF))
    elif isinstance(action, DecrementTtl):
        writer.write(struct.pack(">HH4x", _DECREMENT_TTL, 8))
    elif isinstance(action, SetField):
        start = len(writer)
        field = FIELDS[action.field]
        writer.write(struct.pack(">HH", _SET_FIELD, 0) + field.header())
        writer.write_value(action.value, field.width)
        writer.pad()
        writer.set_length(start + 2, len(writer) - start)
    else:
        _write_extension(writer, action)


def _write_extension(writer: TemplateWriter, action: _Extension) -> None:
    """Append an action of Open vSwitch's own (ovs-actions(7))."""
    if isinstance(action, SetBits):
        writer.write(_extension(24, _REGISTER_LOAD) + struct.pack(">H", action.first << 6 | action.bits - 1))
        writer.write(FIELDS[action.field].header())
        writer.write_value(action.value, 8)
    elif isinstance(action, Move):
        offsets = action.source_offset, action.destination_offset
        writer.write(_extension(24, _REGISTER_MOVE) + struct.pack(">HHH", action.bits, *offsets))
        writer.write(FIELDS[action.source].header() + FIELDS[action.destination].header())
    elif isinstance(action, OutputTo):
        field = FIELDS[action.field]
        writer.write(_extension(24, _OUTPUT_REGISTER) + struct.pack(">H", field.width * 8 - 1))
        writer.write(field.header() + struct.pack(">H6x", 0xFFFF))
    elif isinstance(action, Resubmit):
        writer.write(_extension(16, _RESUBMIT_TABLE) + struct.pack(">HB3x", _SAME_PORT, action.table))
    elif isinstance(action, Untrack):
        writer.write(_extension(16, _TRACK_CLEAR) + bytes(6))
    elif isinstance(action, CheckSize):
        writer.write(_extension(24, _CHECK_SIZE))
        writer.write_value(action.largest, 2)
        writer.write(struct.pack(">H", 0) + FIELDS[action.field].header() + bytes(6))
    elif isinstance(action, Spread):
        hashed = _HASH_OF_ADDRESSES_AND_PORTS if action.with_ports else _HASH_OF_ADDRESSES
        writer.write(_extension(32, _MULTIPATH) + struct.pack(">HH2xH", hashed, 0, _HIGHEST_RANDOM_WEIGHT))
        writer.write_value(action.last, 2)
        writer.write(struct.pack(">I2xH", 0, _SPREAD_BITS - 1) + FIELDS[action.field].header())
    else:
        flags, table = 0, _NO_RECIRCULATION
        if isinstance(action, Commit):
            flags = _COMMIT | _FORCE * action.force
        else:
            table = action.table
        writer.write(_extension(24, _TRACK) + struct.pack(">H", flags) + FIELDS[action.zone].header())
        writer.write(struct.pack(">HB5x", _ZONE_BITS - 1, table))


def _extension(length: int, subtype: int) -> bytes:
    return struct.pack(">HHIH", _EXPERIMENTER, length, _NICIRA, subtype)


def _port(action: Output | ToAgent | Back) -> Value:
    if isinstance(action, Output):
        return action.port
    return PORT_CONTROLLER if isinstance(action, ToAgent) else PORT_IN_PORT


def decode_instructions(data: bytes, form: Callable[[FieldValue], str]) -> list[str]:
    """The instructions in words, field values written by ``form``. Raises Malformed."""
    words: list[str] = []
    for kind, body in _elements(data):
        if kind == _GOTO_TABLE and len(body) == 4:
            words.append(f"goto_table:{body[0]}")
        elif kind == _WRITE_METADATA and len(body) == 20:
            words.append(f"write_metadata:{int.from_bytes(body[4:12], 'big')}")
        elif kind == _METER and len(body) == 4:
            words.append(f"meter:{int.from_bytes(body, 'big')}")
        elif kind == _APPLY_ACTIONS and len(body) >= 4:
            words += [_action_words(action, content, form) for action, content in _elements(body[4:])]
        else:
            words.append(f"instruction_{kind}:{body.hex()}")
    return words


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    elements = []
    position = 0
    while position < len(data):
        if len(data) - position < 4:
            raise Malformed("an instruction or action is cut short")
        kind, length = struct.unpack_from(">HH", data, position)
        if length < 8 or length % 8 or position + length > len(data):
            raise Malformed(f"an instruction or action has a length of {length}")
        elements.append((kind, data[position + 4 : position + length]))
        position += length
    return elements


def _action_words(kind: int, body: bytes, form: Callable[[FieldValue], str]) -> str:
    if kind == _OUTPUT and len(body) == 12:
        port = int.from_bytes(body[:4], "big")
        if port == PORT_IN_PORT:
            return "back"
        return "to_agent" if port == PORT_CONTROLLER else f"output:{form(FieldValue('in_port', port))}"
    if kind == _DECREMENT_TTL:
        return "decrement_ttl"
    if kind == _SET_FIELD:
        value, _ = decode_field(body, 0, len(body))
        return f"set_field:{form(value)}->{value.name}"
    if kind == _EXPERIMENTER and len(body) >= 12 and body[:4] == _NICIRA.to_bytes(4, "big"):
        words = _extension_words(int.from_bytes(body[4:6], "big"), body[6:], form)
        if words is not None:
            return words
    return f"action_{kind}:{body.hex()}"


def _extension_words(subtype: int, body: bytes, form: Callable[[FieldValue], str]) -> str | None:
    if subtype == _REGISTER_MOVE and len(body) == 14:
        bits, source_offset, offset, source, destination = struct.unpack(">HHHII", body)
        to = f"[{offset}..{offset + bits - 1}]" if offset else ""
        words = f"move:{_field_name(source)}[{source_offset}..{source_offset + bits - 1}]->{_field_name(destination)}"
        return words + to
    if subtype == _CHECK_SIZE and len(body) == 14:
        largest, _, header = struct.unpack_from(">HHI", body)
        return f"check_pkt_larger:{largest}->{_field_name(header)}[0]"
    if subtype == _REGISTER_LOAD and len(body) == 14:
        place, destination, value = struct.unpack(">HIQ", body)
        first = place >> 6
        return f"load:{value:#x}->{_field_name(destination)}[{first}..{first + (place & 0x3F)}]"
    if subtype == _MULTIPATH and len(body) == 22:
        hashed, _, _, last, _, _, header = struct.unpack(">HH2xHHI2xHI", body)
        ends = "addresses_and_ports" if hashed == _HASH_OF_ADDRESSES_AND_PORTS else "addresses"
        return f"multipath:{ends}->{_field_name(header)} of {last + 1}"
    if subtype == _OUTPUT_REGISTER and len(body) == 14:
        return f"output_to:{_field_name(int.from_bytes(body[2:6], 'big'))}"
    if subtype == _RESUBMIT_TABLE:
        return f"resubmit_table:{body[2]}"
    if subtype == _TRACK_CLEAR:
        return "ct_clear"
    if subtype == _TRACK and len(body) == 14:
        flags, zone, _, table = struct.unpack(">HIHB5x", body)
        if table == _NO_RECIRCULATION:
            return f"{_TRACK_WORDS.get(flags, 'ct')}:{_field_name(zone)}"
        return f"ct_table:{table}"
    return None


def _field_name(header: int) -> str:
    return field.name if (field := field_of_header(header)) else f"{header:08x}"
