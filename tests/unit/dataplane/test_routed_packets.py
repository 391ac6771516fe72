"""Routers change what they must of IPv6 packets, and tell those who may be told why they do not route."""

import struct

import pytest

from alcor.dataplane import ipv6
from alcor.dataplane.refusals import refusal
from alcor.dataplane.routed_packets import Failure, echo_reply, error_frame, fragments, header_of, routed
from tests.conformance.driver import packets

OWN, PEER, GATEWAY = (bytes.fromhex("20010db8") + number.to_bytes(12) for number in (1, 2, 0xFE))
GROUP = b"\xff\x02" + bytes(13) + b"\x01"
OWN_MAC, GATEWAY_MAC = 1, 2
UDP = packets.udp_payload(4000, 4001, b"data")


def frame(payload: bytes, protocol: int = 17, source: bytes = OWN, target: bytes = PEER) -> bytes:
    return packets.ethernet(GATEWAY_MAC, OWN_MAC, 0x86DD, packets.ipv6(source, target, protocol, payload))


def icmpv6(kind: int, target: bytes = PEER) -> bytes:
    return packets.ethernet(GATEWAY_MAC, OWN_MAC, 0x86DD, packets.icmpv6(OWN, target, kind, b"\0\1\0\1", hop_limit=64))


def failed(sent: bytes, why: Failure = Failure.TIME_EXCEEDED) -> bytes | None:
    header = header_of(sent + bytes(4))
    assert header is not None
    return error_frame(sent + bytes(4), header, GATEWAY, why)


@pytest.mark.parametrize(
    ("why", "kind", "code"),
    [
        (Failure.TIME_EXCEEDED, 3, 0),
        (Failure.NETWORK_UNREACHABLE, 1, 0),
        (Failure.HOST_UNREACHABLE, 1, 3),
        (Failure.BEYOND_SCOPE, 1, 2),
    ],
)
def test_the_sender_is_told_and_the_packet_quoted(why: Failure, kind: int, code: int) -> None:
    sent = frame(UDP)
    expected = packets.icmpv6(GATEWAY, OWN, kind, bytes(4) + sent[14:], code, hop_limit=64)
    assert failed(sent, why) == packets.ethernet(OWN_MAC, GATEWAY_MAC, 0x86DD, expected)


def test_what_is_quoted_fits_every_link() -> None:
    answer = failed(frame(bytes(1400)))
    assert answer is not None and len(answer) == 14 + 1280


@pytest.mark.parametrize(
    "sent",
    [
        icmpv6(1),
        icmpv6(3),
        icmpv6(137),
        frame(UDP, target=GROUP),
        frame(UDP, source=bytes(16)),
        frame(struct.pack("!BBHI", 17, 0, 8, 7) + UDP, 44),
    ],
    ids=["unreachable", "time exceeded", "redirect", "to a group", "from nobody", "a later fragment"],
)
def test_some_are_told_nothing(sent: bytes) -> None:
    assert failed(sent) is None


def test_who_sent_too_much_is_told_how_much_there_may_be() -> None:
    sent = frame(UDP)
    header = header_of(sent)
    assert header is not None
    expected = packets.icmpv6(GATEWAY, OWN, 2, (1400).to_bytes(4) + sent[14:], hop_limit=64)
    answer = error_frame(sent, header, GATEWAY, Failure.TOO_BIG, 1400)
    assert answer == packets.ethernet(OWN_MAC, GATEWAY_MAC, 0x86DD, expected)


def test_no_router_takes_ipv6_to_pieces() -> None:
    sent = frame(bytes(1400))
    header = header_of(sent)
    assert header is not None
    assert fragments(sent, header, 1300) == []


def test_who_pings_is_told() -> None:
    assert failed(icmpv6(128)) is not None


def test_a_routed_packet_has_other_macs_and_fewer_hops_to_go() -> None:
    sent = frame(UDP)
    header = header_of(sent)
    assert header is not None
    onward = packets.ethernet(4, 3, 0x86DD, packets.ipv6(OWN, PEER, 17, UDP, hop_limit=61))
    assert routed(sent, header, 3, 4, 3) == onward


def test_an_echo_reply_is_sound() -> None:
    sent = icmpv6(128, GATEWAY)
    header = header_of(sent)
    assert header is not None
    expected = packets.icmpv6(GATEWAY, OWN, 129, b"\0\1\0\1", hop_limit=64)
    assert echo_reply(sent, header) == packets.ethernet(OWN_MAC, GATEWAY_MAC, 0x86DD, expected)


def test_where_nobody_listens_udp_is_told_so_and_tcp_is_reset() -> None:
    sent = frame(UDP, target=GATEWAY)
    header = header_of(sent)
    assert header is not None
    expected = packets.icmpv6(GATEWAY, OWN, 1, bytes(4) + sent[14:], 4, hop_limit=64)
    assert refusal(sent, header) == packets.ethernet(OWN_MAC, GATEWAY_MAC, 0x86DD, expected)
    syn = frame(struct.pack("!HHIIBBHHH", 4000, 80, 1000, 0, 0x50, 2, 100, 0, 0), 6, target=GATEWAY)
    header = header_of(syn)
    assert header is not None
    reset = refusal(syn, header)
    assert reset is not None
    answered = ipv6.ipv6(reset)
    assert answered is not None and (answered.source, answered.destination) == (GATEWAY, OWN)
    assert ipv6.is_sound(reset, answered)
    assert struct.unpack_from("!HHIIBB", reset, answered.start) == (80, 4000, 0, 1001, 0x50, 0x14)
    assert refusal(icmpv6(129, GATEWAY), header_of(icmpv6(129, GATEWAY))) is None  # type: ignore[arg-type]
