"""What is answered by a host where nobody listens: resets and errors that the sender can understand."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane.ipv4 import ipv4
from alcor.dataplane.refusals import refusal
from tests.conformance.driver import packets

GATEWAY_MAC, OWN_MAC = 0xFA163EFF0001, 0xFA163E000001
GATEWAY, OWN = 0x0A0000FE, 0x0A000001
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def sent(protocol: int, payload: bytes, fragment: int = 0) -> bytes:
    packet = packets.ipv4(OWN, GATEWAY, protocol, payload, fragment)
    return packets.ethernet(GATEWAY_MAC, OWN_MAC, 0x0800, packet)


def segment(flags: int, data: bytes = b"", options: bytes = b"", *, sequence: int = 1000, ack: int = 2000) -> bytes:
    offset = (20 + len(options)) // 4 << 4
    return struct.pack("!HHIIBBHHH", 4000, 22, sequence, ack, offset, flags, 512, 0, 0) + options + data


def answer(frame: bytes) -> bytes | None:
    header = ipv4(frame)
    assert header is not None
    return refusal(frame, header)


def reset(frame: bytes) -> tuple[int, ...] | None:
    """Sequence number, acknowledgement and flags of the reset, the rest of which is as it should be."""
    given_back = answer(frame)
    if given_back is None:
        return None
    assert given_back[:14] == OWN_MAC.to_bytes(6) + GATEWAY_MAC.to_bytes(6) + b"\x08\x00"
    assert packets.checksum(given_back[14:34]) == 0
    assert given_back[26:34] == GATEWAY.to_bytes(4) + OWN.to_bytes(4)
    tcp = given_back[34:]
    assert packets.checksum(given_back[26:34] + struct.pack("!HH", 6, len(tcp)) + tcp) == 0
    source, destination, sequence, acknowledged, offset, flags = struct.unpack_from("!HHIIBB", tcp)
    assert (source, destination, offset, len(tcp)) == (22, 4000, 0x50, 20)
    return sequence, acknowledged, flags


def test_a_connection_that_is_tried_is_reset_with_an_acknowledgement() -> None:
    assert reset(sent(6, segment(SYN, options=bytes((2, 4, 5, 180))))) == (0, 1001, RST | ACK)
    assert reset(sent(6, segment(SYN, sequence=0xFFFFFFFF))) == (0, 0, RST | ACK)


def test_what_acknowledges_something_is_reset_at_that_number() -> None:
    assert reset(sent(6, segment(ACK | PSH, b"data"))) == (2000, 0, RST)


def test_data_and_its_end_are_counted_and_the_frames_padding_is_not() -> None:
    assert reset(sent(6, segment(FIN, b"data"))) == (0, 1005, RST | ACK)
    assert reset(sent(6, segment(FIN, b"data")) + bytes(10)) == (0, 1005, RST | ACK)


@pytest.mark.parametrize(
    "frame",
    [
        sent(6, segment(RST)),
        sent(6, segment(RST | ACK)),
        sent(6, segment(SYN)[:19]),
        sent(6, b"\xff" * 20),
        sent(17, bytes(8), fragment=1),
        sent(1, b"\x0d\0" + bytes(10)),
    ],
    ids=["reset", "reset with acknowledgement", "cut short", "longer header than segment", "later fragment", "icmp"],
)
def test_some_packets_are_not_answered(frame: bytes) -> None:
    assert answer(frame) is None


@pytest.mark.parametrize(("protocol", "code"), [(17, 3), (47, 2), (132, 2)], ids=["udp", "gre", "sctp"])
def test_a_closed_port_and_a_protocol_nobody_speaks_are_said(protocol: int, code: int) -> None:
    frame = sent(protocol, struct.pack("!HHHH", 4000, 53, 12, 0) + b"data")
    error = answer(frame)
    assert error is not None
    assert packets.checksum(error[14:34]) == packets.checksum(error[34:]) == 0
    assert error[26:34] == GATEWAY.to_bytes(4) + OWN.to_bytes(4)
    assert tuple(error[34:36]) == (3, code)
    assert error[42:] == frame[14:42]


@given(st.sampled_from([6, 17, 1, 0, 255]), st.binary(max_size=60), st.integers(0, 80))
def test_nothing_that_is_sent_does_harm(protocol: int, payload: bytes, length: int) -> None:
    frame = sent(protocol, payload)[:length]
    header = ipv4(frame)
    if header is not None:
        refusal(frame, header)
