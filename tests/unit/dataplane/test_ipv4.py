"""Routers take IPv4 packets to pieces that fit, which together are the packet again, or say how many bytes fit."""

import struct
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane.ipv4 import Ipv4, ipv4
from alcor.dataplane.routed_packets import Failure, error_frame, fragments
from tests.conformance.driver import packets

MACS = bytes(range(12))
LEAST = 68  # RFC 791: what every link carries
DONT_FRAGMENT, MORE_FRAGMENTS, OFFSET = 0x4000, 0x2000, 0x1FFF
NOTHING, NO_OPERATION = b"\0", b"\1"
RECORD_ROUTE, ROUTER_ALERT, SOURCE_ROUTE = b"\x07\x07\x04" + bytes(4), b"\x94\x04\0\0", b"\x83\x07\x04\1\2\3\4"


class Fragment(NamedTuple):
    """What a fragment says of itself, read by hand."""

    offset: int  # in bytes
    more: bool
    options: bytes
    data: bytes


def frame(data: bytes, options: bytes = b"", fragment: int = 0) -> bytes:
    options += bytes(-len(options) % 4)
    length = 20 + len(options)
    header = struct.pack("!BBHHH", 0x40 | length // 4, 0x28, length + len(data), 0x1234, fragment)
    header += struct.pack("!BBHII", 61, 17, 0, 0x0A000001, 0x0A090004) + options
    header = header[:10] + struct.pack("!H", packets.checksum(header)) + header[12:]
    return MACS + b"\x08\x00" + header + data


def pieces_of(whole: bytes, largest: int) -> list[bytes]:
    header = ipv4(whole)
    assert isinstance(header, Ipv4)
    return fragments(whole, header, largest)


def read(piece: bytes) -> Fragment:
    """Raises AssertionError where what every fragment of the packet says is not as it should be."""
    assert piece[:14] == MACS + b"\x08\x00"
    length = (piece[14] & 0x0F) * 4
    header, data = piece[14 : 14 + length], piece[14 + length :]
    total, identification, fragment = struct.unpack_from("!HHH", header, 2)
    assert packets.checksum(header) == 0
    assert total == length + len(data)
    assert (header[0] >> 4, header[1], identification, header[8:10], header[12:20]) == (
        4, 0x28, 0x1234, bytes((61, 17)), bytes.fromhex("0a0000010a090004"),
    )  # fmt: skip
    assert not fragment & ~(MORE_FRAGMENTS | OFFSET)
    return Fragment((fragment & OFFSET) * 8, bool(fragment & MORE_FRAGMENTS), header[20:], data)


options = st.lists(st.sampled_from([NO_OPERATION, RECORD_ROUTE, ROUTER_ALERT, SOURCE_ROUTE]), max_size=5).map(b"".join)


@given(
    data=st.binary(max_size=4000),
    options=options,
    largest=st.integers(LEAST, 1500),
    offset=st.integers(0, 1000),
    more=st.booleans(),
)
def test_pieces_fit_and_are_the_packet_together(
    data: bytes, options: bytes, largest: int, offset: int, more: bool
) -> None:
    whole = frame(data, options, MORE_FRAGMENTS * more | offset)
    pieces = pieces_of(whole, largest)
    assert all(len(piece) - 14 <= largest for piece in pieces)
    found = [read(piece) for piece in pieces]
    assert b"".join(each.data for each in found) == data
    at = offset * 8
    for each in found:
        assert each.offset == at
        at += len(each.data)
    assert [each.more for each in found] == [True] * (len(found) - 1) + [more]
    assert all(each.data and len(each.data) % 8 == 0 for each in found[:-1])
    if len(whole) - 14 <= largest:
        assert pieces == [whole]


@given(data=st.binary(min_size=200, max_size=2000), first=st.integers(600, 1500), second=st.integers(LEAST, 600))
def test_pieces_of_pieces_are_the_packet_too(data: bytes, first: int, second: int) -> None:
    pieces = [smaller for piece in pieces_of(frame(data), first) for smaller in pieces_of(piece, second)]
    found = [read(piece) for piece in pieces]
    assert b"".join(each.data for each in found) == data
    assert [each.more for each in found] == [True] * (len(found) - 1) + [False]


@pytest.mark.parametrize(
    ("given", "copied"),
    [
        (b"", b""),
        (RECORD_ROUTE, b""),
        (ROUTER_ALERT, ROUTER_ALERT),
        (NO_OPERATION + SOURCE_ROUTE, SOURCE_ROUTE + NOTHING),
        (RECORD_ROUTE + SOURCE_ROUTE + ROUTER_ALERT, SOURCE_ROUTE + ROUTER_ALERT + NOTHING),
        (NOTHING + ROUTER_ALERT, b""),
        (b"\x94\x00\0\0" + ROUTER_ALERT, b""),
        (b"\x94\x01\0\0" + ROUTER_ALERT, b""),
        (ROUTER_ALERT + b"\x94\x09\0\0", ROUTER_ALERT),
        (NO_OPERATION * 3 + b"\x94", b""),
    ],
    ids=["none", "not copied", "copied", "padded", "some of them", "behind the end", "without length", "too short",
         "too long", "cut short"],
)  # fmt: skip
def test_all_pieces_have_the_options_that_say_so_and_the_first_has_all(given: bytes, copied: bytes) -> None:
    found = [read(piece) for piece in pieces_of(frame(bytes(1000), given), 300)]
    assert found[0].options[: len(given)] == given
    assert len(found) > 3
    assert {each.options for each in found[1:]} == {copied}


@pytest.mark.parametrize(
    ("options", "largest", "fragment"),
    [(bytes(40), LEAST - 1, 0), (b"", 27, 0), (b"", LEAST, OFFSET - 4)],
    ids=["no room beside options", "no room", "beyond the end"],
)
def test_what_cannot_be_taken_to_pieces_is_not(options: bytes, largest: int, fragment: int) -> None:
    assert pieces_of(frame(bytes(1000), options, fragment), largest) == []


@pytest.mark.parametrize("total", [0, 19, 23])
def test_a_packet_that_says_to_be_smaller_than_its_header_is_none(total: int) -> None:
    whole = frame(bytes(20), ROUTER_ALERT)
    assert ipv4(whole[:16] + total.to_bytes(2) + whole[18:]) is None


@pytest.mark.parametrize("fragment", [0, DONT_FRAGMENT, MORE_FRAGMENTS | 5])
def test_a_header_says_whether_the_packet_may_be_taken_to_pieces(fragment: int) -> None:
    header = ipv4(frame(b"data", fragment=fragment))
    assert header is not None
    assert header.dont_fragment == (fragment == DONT_FRAGMENT)
    assert header.fragment_offset == fragment & OFFSET


def test_what_must_not_be_taken_to_pieces_is_not_and_its_sender_is_told_how_many_bytes_fit() -> None:
    whole = frame(bytes(1400), fragment=DONT_FRAGMENT)
    assert pieces_of(whole, 1300) == []
    header = ipv4(whole)
    assert header is not None
    answer = error_frame(whole, header, 0x0A0000FE, Failure.TOO_BIG, 1300)
    assert answer is not None
    assert answer[:14] == MACS[6:] + MACS[:6] + b"\x08\x00"
    assert answer[26:34] == bytes.fromhex("0a0000fe0a000001")
    message = answer[34:]
    assert packets.checksum(message) == 0
    assert message[:2] + message[4:] == struct.pack("!BBHH", 3, 4, 0, 1300) + whole[14:42]
