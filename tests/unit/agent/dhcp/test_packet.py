"""DHCP messages survive the way to bytes and back; nothing else does."""

from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.dhcp.packet import DhcpMessage, Envelope, checksum, parse, parse_message, serialise, serialise_message

u32, macs = st.integers(0, 2**32 - 1), st.integers(0, 2**48 - 1)
envelopes = st.builds(
    Envelope,
    source_mac=macs,
    destination_mac=macs,
    source_ip=u32,
    destination_ip=u32,
    source_port=st.integers(0, 65535),
    destination_port=st.integers(0, 65535),
)
messages = st.builds(
    DhcpMessage,
    op=st.integers(1, 2),
    transaction=u32,
    client_mac=macs,
    flags=st.integers(0, 65535),
    ciaddr=u32,
    yiaddr=u32,
    siaddr=u32,
    giaddr=u32,
    boot_file=st.binary(max_size=127).map(lambda name: name.rstrip(b"\0")),
    options=st.dictionaries(
        st.integers(1, 254).filter(lambda code: code != 52), st.binary(min_size=1, max_size=600), max_size=6
    ),
)


@given(envelopes, messages)
def test_a_message_comes_back_as_it_was(envelope: Envelope, message: DhcpMessage) -> None:
    assert parse(serialise(envelope, message)) == (envelope, message)


@given(envelopes, messages)
def test_checksums_are_right(envelope: Envelope, message: DhcpMessage) -> None:
    frame = serialise(envelope, message)
    assert checksum(frame[14:34]) == 0
    udp = frame[34:]
    pseudo_header = frame[26:34] + bytes((0, 17)) + udp[4:6]
    assert checksum(pseudo_header + udp) == 0
    assert len(udp) - 8 >= 300


@given(envelopes, messages, st.data())
def test_cut_and_changed_frames_never_raise(envelope: Envelope, message: DhcpMessage, data: st.DataObject) -> None:
    frame = bytearray(serialise(envelope, message))
    for _ in range(data.draw(st.integers(0, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    parse(bytes(frame[: data.draw(st.integers(0, len(frame)))]))


@given(st.binary(max_size=400))
def test_garbage_never_raises(data: bytes) -> None:
    parse(data)
    parse_message(data)


def raw(options: bytes, boot_file: bytes = b"", server_name: bytes = b"") -> bytes:
    fixed = serialise_message(DhcpMessage(1, 7, 0xFA163E000001))[:44]
    return fixed + server_name.ljust(64, b"\0") + boot_file.ljust(128, b"\0") + bytes((99, 130, 83, 99)) + options


def options_of(data: bytes) -> dict[int, bytes] | None:
    message = parse_message(data)
    return None if message is None else message.options


def test_options_may_overflow_into_the_other_fields() -> None:
    data = raw(bytes((52, 1, 3, 255)), boot_file=bytes((12, 2)) + b"ab\xff", server_name=bytes((0, 12, 1)) + b"c")
    assert options_of(data) == {12: b"abc"}


def test_an_overload_that_names_no_field_is_ignored() -> None:
    assert options_of(raw(bytes((52, 1, 9, 12, 1)) + b"x" + bytes((255,)))) == {12: b"x"}
    assert options_of(raw(bytes((52, 0, 255)))) == {}


def test_pieces_of_an_option_are_joined() -> None:
    assert options_of(raw(bytes((12, 1)) + b"a" + bytes((12, 1)) + b"b\xff")) == {12: b"ab"}


def test_an_option_that_runs_over_the_end_is_malformed() -> None:
    assert options_of(raw(bytes((12, 5)) + b"abc")) is None
    assert options_of(raw(bytes((12,)))) is None


def test_options_without_an_end_are_read() -> None:
    assert options_of(raw(bytes((12, 1)) + b"a")) == {12: b"a"}


def frame() -> bytearray:
    envelope = Envelope(1, 0xFFFFFFFFFFFF, 0, 0xFFFFFFFF, 68, 67)
    return bytearray(serialise(envelope, DhcpMessage(1, 7, 1)))


def test_fragments_and_broken_headers_are_not_parsed() -> None:
    assert parse(bytes(frame())) is not None
    for position, value in ((14, 0x65), (14, 0x44), (20, 0x20), (23, 6), (24, 0xAA), (16, 0xFF)):
        broken = frame()
        broken[position] = value
        assert parse(bytes(broken)) is None
