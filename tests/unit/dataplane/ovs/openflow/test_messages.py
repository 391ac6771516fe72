"""OpenFlow messages are what the specification says, and no bytes from a switch do harm."""

import contextlib
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane.ovs.openflow import message, meters
from alcor.dataplane.ovs.openflow.actions import (
    Commit,
    GoTo,
    Instruction,
    Meter,
    Move,
    Output,
    OutputTo,
    Resubmit,
    SetBits,
    SetField,
    ToAgent,
    Track,
    Untrack,
    WriteMetadata,
    decode_instructions,
    write_instructions,
)
from alcor.dataplane.ovs.openflow.errors import SwitchError, decode_error
from alcor.dataplane.ovs.openflow.fields import FIELDS, FieldValue, decode_match
from alcor.dataplane.ovs.openflow.flows import (
    FlowStatistics,
    RemovedFlow,
    add_flow,
    decode_flow_removed,
    decode_statistics,
    delete_flow,
    delete_flows_with_cookie,
    modify_flow,
)
from alcor.dataplane.ovs.openflow.message import Malformed
from alcor.dataplane.ovs.openflow.packets import PacketIn, decode_packet_in, packet_out, packet_through_tables
from alcor.dataplane.ovs.openflow.template import TemplateWriter
from tests.unit.dataplane.ovs.openflow import reports

ANY_MATCH = bytes((0, 1, 0, 4, 0, 0, 0, 0))


@st.composite
def field_values(draw: st.DrawFn) -> FieldValue:
    field = draw(st.sampled_from(list(FIELDS.values())))
    numbers = st.integers(0, (1 << field.width * 8) - 1)
    return FieldValue(field.name, draw(numbers), draw(st.none() | numbers))


def match_bytes(values: list[FieldValue]) -> bytes:
    """An ofp_match with its padding, OpenFlow 1.4.1 section 7.2.3."""
    body = b""
    for value in values:
        field = FIELDS[value.name]
        body += field.header(value.mask is not None) + value.value.to_bytes(field.width, "big")
        body += b"" if value.mask is None else value.mask.to_bytes(field.width, "big")
    length = 4 + len(body)
    return struct.pack("!HH", 1, length) + body + bytes(-length % 8)


def instruction_bytes(*steps: Instruction) -> bytes:
    writer = TemplateWriter()
    write_instructions(writer, steps)
    return writer.finish().image


def say(value: FieldValue) -> str:
    return f"{value.value:#x}"


@given(st.lists(field_values(), max_size=8, unique_by=lambda value: value.name), st.binary(max_size=7))
def test_a_match_comes_back_as_it_was_wherever_it_stands(values: list[FieldValue], before: bytes) -> None:
    match = match_bytes(values)
    assert decode_match(before + match, len(before)) == (values, len(before) + len(match))


def test_a_match_field_we_have_no_name_for_is_shown_by_its_header() -> None:
    unknown = struct.pack("!HHI2s6x", 1, 10, 0x80005802, b"\x12\x34")
    assert decode_match(unknown)[0] == [FieldValue("oxm_80005802", 0x1234)]


def test_instructions_are_those_of_the_specification() -> None:
    """Sections 7.2.4 and 7.2.5: meter, actions, metadata, next table, whatever the order they are given in."""
    assert instruction_bytes(GoTo(10), WriteMetadata(100), Output(7), Meter(3)).hex() == (
        "0006000800000003"
        "0004001800000000"
        "0000001000000007ffff000000000000"
        "0002001800000000" + "0000000000000064" + "ffffffffffffffff"
        "000100080a000000"
    )


def test_instructions_are_told_in_words() -> None:
    steps = (Meter(3), SetField("tun_dst", 0x0A000001), Move("tun_id", "metadata", 24), Output(7), ToAgent(), GoTo(80))
    assert decode_instructions(instruction_bytes(*steps), say) == [
        "meter:3",
        "set_field:0xa000001->tun_dst",
        "move:tun_id[0..23]->metadata",
        "output:0x7",
        "to_agent",
        "goto_table:80",
    ]
    assert decode_instructions(instruction_bytes(WriteMetadata(9)), say) == ["write_metadata:9"]
    steps = (Move("reg12", "reg12", 31, destination_offset=1), Move("reg12", "reg12", 31, 1), Resubmit(45))
    assert decode_instructions(instruction_bytes(*steps), say) == [
        "move:reg12[0..30]->reg12[1..31]",
        "move:reg12[1..31]->reg12",
        "resubmit_table:45",
    ]


def test_actions_of_open_vswitch_are_as_it_writes_them_and_told_in_words() -> None:
    """Laid out as nx_action_reg_load, _output_reg, _resubmit and _conntrack of its lib/ofp-actions.c."""
    told: list[tuple[Instruction, str, str]] = [
        (SetBits("reg7", 3, 1, 1), "ffff001800002320000700c000010e040000000000000001", "load:0x1->reg7[3..3]"),
        (OutputTo("reg6"), "ffff001800002320000f001f00010c04ffff000000000000", "output_to:reg6"),
        (Resubmit(90), "ffff001000002320000efff85a000000", "resubmit_table:90"),
        (Track("reg6", 31), "ffff0018000023200023000000010c04000f1f0000000000", "ct_table:31"),
        (Commit("reg6"), "ffff0018000023200023000100010c04000fff0000000000", "ct_commit:reg6"),
        (
            Commit("reg6", force=True),
            "ffff0018000023200023000300010c04000fff0000000000",
            "ct_commit_anew:reg6",
        ),
        (Untrack(), "ffff001000002320002b000000000000", "ct_clear"),
    ]
    for step, written, words in told:
        assert instruction_bytes(step)[8:].hex() == written
        assert decode_instructions(instruction_bytes(step), say) == [words]


def test_instructions_and_actions_we_have_no_name_for_are_shown_as_bytes() -> None:
    assert decode_instructions(bytes.fromhex("00050008 00000000"), say) == ["instruction_5:00000000"]
    assert decode_instructions(bytes.fromhex("00040010 00000000 000b0008 00000000"), say) == ["action_11:00000000"]


@given(st.lists(st.tuples(*[st.integers(0, 255), st.integers(0, 65535), st.integers(0, 2**64 - 1)]), max_size=5))
def test_statistics_come_back_as_they_were_reported(flows: list[tuple[int, int, int]]) -> None:
    steps = instruction_bytes(Output(1))
    body = b"".join(reports.flow_statistics(*flow, ANY_MATCH, steps, packets=3, octets=180) for flow in flows)
    assert list(decode_statistics(body)) == [FlowStatistics(*flow, 3, 180, 77, ANY_MATCH, steps) for flow in flows]


def test_flow_mods_say_what_they_do() -> None:
    """Cookie, mask, table, command, timeouts, priority, buffer, out port and group, flags; section 7.3.4.2."""
    layout = struct.Struct("!QQBBHHHIIIHH")
    nothing = 0xFFFFFFFF
    assert layout.unpack_from(add_flow(5, 10, 100, ANY_MATCH)) == (
        *(5, 0, 10, 0, 0, 0, 100),
        *(nothing, nothing, nothing, 0, 0),
    )
    assert layout.unpack_from(add_flow(5, 10, 100, ANY_MATCH, idle_seconds=60)) == (
        *(5, 0, 10, 0, 60, 0, 100),
        *(nothing, nothing, nothing, 1, 0),
    )
    assert layout.unpack_from(delete_flow(10, 100, ANY_MATCH, 5, 0xFF))[:7] == (5, 0xFF, 10, 4, 0, 0, 100)
    assert layout.unpack_from(modify_flow(10, 100, ANY_MATCH))[:7] == (0, 0, 10, 2, 0, 0, 100)
    assert layout.unpack_from(delete_flows_with_cookie(5))[:4] == (5, 2**64 - 1, 255, 3)
    for body in (add_flow(5, 10, 100, ANY_MATCH), delete_flow(10, 100, ANY_MATCH), delete_flows_with_cookie(5)):
        assert body[layout.size :] == ANY_MATCH


@given(st.integers(1, 0xFFFFFFF0), st.binary(max_size=2000))
def test_a_packet_in_comes_back_as_the_switch_sent_it(port: int, frame: bytes) -> None:
    assert decode_packet_in(reports.packet_in(port, frame)) == PacketIn(port, 20, 0, frame, {"in_port": port})


def test_a_packet_in_that_holds_less_than_it_says_is_malformed() -> None:
    with pytest.raises(Malformed, match="says 60 bytes, holds 59"):
        decode_packet_in(reports.packet_in(1, bytes(60))[:-1])


def test_a_removed_flow_is_told_by_its_place_and_what_it_matched() -> None:
    match = match_bytes([FieldValue("metadata", 70001), FieldValue("eth_dst", 0xFA163E000001)])
    body = reports.flow_removed(5, 70, 90, match)
    fields = (FieldValue("metadata", 70001), FieldValue("eth_dst", 0xFA163E000001))
    assert decode_flow_removed(body) == RemovedFlow(5, 70, 90, fields)


def test_a_packet_through_the_tables_names_the_port_it_comes_from() -> None:
    body = packet_through_tables(7, b"frame", (SetBits("reg7", 3, 1, 1),), table=60)
    assert struct.unpack_from("!IIH6x", body) == (0xFFFFFFFF, 7, 24 + 16)
    assert body[16:40] == instruction_bytes(SetBits("reg7", 3, 1, 1))[8:]
    assert body[40:56] == instruction_bytes(Resubmit(60))[8:]
    assert body[56:] == b"frame"


def test_a_packet_out_names_its_port_and_carries_its_frame() -> None:
    body = packet_out(7, b"frame")
    assert struct.unpack_from("!IIH6x", body) == (0xFFFFFFFF, message.PORT_CONTROLLER, 16)
    assert struct.unpack_from("!HHIH6x", body, 16) == (0, 16, 7, 0xFFFF)
    assert body[32:] == b"frame"


@given(st.lists(st.tuples(st.integers(1, 65535), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), max_size=5))
def test_meters_are_read_back_as_they_were_added(added: list[tuple[int, int, int]]) -> None:
    additions = [meters.add_meter(*meter) for meter in added]
    configuration = b"".join(
        struct.pack("!HHI", len(body), int.from_bytes(body[2:4], "big"), meters.meter_number(body)) + body[8:]
        for body in additions
    )
    assert meters.decode_configurations(configuration) == additions
    assert [meters.meter_number(body) for body in additions] == [number for number, _, _ in added]


def test_a_meter_is_changed_by_what_would_have_added_it() -> None:
    addition = meters.add_meter(7, 200, 100)
    assert meters.modify_meter(addition) == b"\x00\x01" + addition[2:]


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (SwitchError(5, 1), "Open vSwitch: flow mod failed: the table is full"),
        (SwitchError(5, 99), "Open vSwitch: flow mod failed: code 99"),
        (SwitchError(42, 1), "Open vSwitch: error type 42: code 1"),
    ],
)
def test_refusals_are_told_in_words(refusal: SwitchError, text: str) -> None:
    assert str(refusal) == text
    assert decode_error(reports.error(*refusal)) == refusal


def test_a_message_longer_than_openflow_allows_is_refused() -> None:
    assert len(message.message(message.PACKET_OUT, 1, bytes(65527))) == 65535
    with pytest.raises(ValueError, match="the longest has 65535"):
        message.message(message.PACKET_OUT, 1, bytes(65528))


DECODERS: dict[str, Callable[[bytes], object]] = {
    "match": decode_match,
    "instructions": lambda data: decode_instructions(data, say),
    "statistics": lambda data: [
        (decode_match(flow.match), decode_instructions(flow.instructions, say)) for flow in decode_statistics(data)
    ],
    "packet-in": decode_packet_in,
    "removed flow": decode_flow_removed,
    "meters": meters.decode_configurations,
    "meter features": meters.decode_maximum,
    "error": decode_error,
    "multipart reply": message.multipart_reply,
}
_SAMPLE_MATCH = match_bytes([FieldValue("eth_type", 0x800), FieldValue("ipv4_src", 1, 0xFFFFFF00)])
_SAMPLE_STEPS = instruction_bytes(Meter(1), SetField("tun_dst", 5), Move("tun_id", "metadata", 24), Output(1), GoTo(9))
SAMPLES = (
    _SAMPLE_MATCH,
    _SAMPLE_STEPS,
    reports.flow_statistics(10, 100, 5, _SAMPLE_MATCH, _SAMPLE_STEPS),
    reports.packet_in(7, bytes(60)),
    reports.flow_removed(5, 70, 90, _SAMPLE_MATCH),
    struct.pack("!HHI", 24, 3, 7) + meters.add_meter(7, 1, 1)[8:],
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Something a switch could have sent, with a few bytes changed, or cut short, or with something behind."""
    data = bytearray(draw(st.sampled_from(SAMPLES)))
    for place, value in draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=4)):
        data[place] = value
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=12))


@pytest.mark.parametrize("decode", DECODERS.values(), ids=DECODERS)
@given(data=st.binary(max_size=100) | damaged())
def test_whatever_comes_from_a_switch_is_read_or_malformed(decode: Callable[[bytes], object], data: bytes) -> None:
    with contextlib.suppress(Malformed):
        decode(data)
