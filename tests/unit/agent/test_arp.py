"""ARP is answered for addresses known in the asker's VPC, to askers who say who they are, and for nothing else."""

import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.arp import Silence, answer
from alcor.dataplane.driver import Endpoint

OWN_MAC, OTHER_MAC, STRANGE_MAC = 0xFA163E000001, 0xFA163E000002, 0xFA163E0000FF
OWN_IP, OTHER_IP, UNKNOWN_IP = 0x0A000001, 0x0A000002, 0x0A000063
ENDPOINT = Endpoint(bytes(16), 7, OWN_MAC, ipv4=(OWN_IP,))
OWNERS = {(7, OWN_IP): OWN_MAC, (7, OTHER_IP): OTHER_MAC, (8, UNKNOWN_IP): OTHER_MAC}


def owner_of(vni: int, address: int) -> int | None:
    return OWNERS.get((vni, address))


def request(
    target_ip: int, sender_ip: int = OWN_IP, sender_mac: int = OWN_MAC, source: int = OWN_MAC, operation: int = 1
) -> bytes:
    return (
        b"\xff" * 6
        + source.to_bytes(6, "big")
        + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, operation)
        + sender_mac.to_bytes(6, "big")
        + struct.pack("!I", sender_ip)
        + bytes(6)
        + struct.pack("!I", target_ip)
    )


def reply(sender_ip: int = OWN_IP) -> bytes:
    """OTHER_IP is at OTHER_MAC, told to OWN_MAC."""
    own, other = OWN_MAC.to_bytes(6, "big"), OTHER_MAC.to_bytes(6, "big")
    body = struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 2)
    return own + other + body + other + struct.pack("!I", OTHER_IP) + own + struct.pack("!I", sender_ip)


def test_a_known_address_is_answered() -> None:
    assert answer(ENDPOINT, request(OTHER_IP), owner_of) == reply()


def test_padding_does_not_matter() -> None:
    assert answer(ENDPOINT, request(OTHER_IP).ljust(60, b"\0"), owner_of) == reply()


def test_a_probe_for_another_ports_address_is_answered() -> None:
    assert answer(ENDPOINT, request(OTHER_IP, sender_ip=0), owner_of) == reply(sender_ip=0)


@pytest.mark.parametrize(
    ("frame", "silence"),
    [
        (request(UNKNOWN_IP), Silence.UNKNOWN_ADDRESS),
        (request(OWN_IP, sender_ip=0), Silence.OWN_ADDRESS),
        (request(OWN_IP, sender_ip=OWN_IP), Silence.OWN_ADDRESS),
        (request(OTHER_IP, sender_ip=OTHER_IP), Silence.SPOOFED),
        (request(OTHER_IP, sender_mac=STRANGE_MAC), Silence.SPOOFED),
        (request(OTHER_IP, source=STRANGE_MAC), Silence.SPOOFED),
        (request(OTHER_IP, source=STRANGE_MAC, sender_mac=STRANGE_MAC, sender_ip=0), Silence.SPOOFED),
        (request(OTHER_IP, operation=2), Silence.NOT_A_REQUEST),
        (request(OTHER_IP)[:41], Silence.MALFORMED),
        (b"", Silence.MALFORMED),
    ],
    ids=[
        "an address of another VPC",
        "a probe for the own address",
        "an announcement of the own address",
        "an announcement of another's address",
        "a foreign sender MAC",
        "a foreign source MAC",
        "a probe from a foreign MAC",
        "a reply",
        "a cut frame",
        "nothing",
    ],
)
def test_silence(frame: bytes, silence: Silence) -> None:
    assert answer(ENDPOINT, frame, owner_of) is silence


def test_an_allowed_pair_may_ask() -> None:
    paired = msgspec.structs.replace(ENDPOINT, allowed_address_pairs=(("10.9.0.0/24", STRANGE_MAC),))
    asked = request(OTHER_IP, sender_ip=0x0A090005, sender_mac=STRANGE_MAC, source=STRANGE_MAC)
    assert isinstance(answer(paired, asked, owner_of), bytes)
    beyond = request(OTHER_IP, sender_ip=0x0A0A0005, sender_mac=STRANGE_MAC, source=STRANGE_MAC)
    assert answer(paired, beyond, owner_of) is Silence.SPOOFED


def test_without_port_security_anyone_may_ask() -> None:
    trusted = msgspec.structs.replace(ENDPOINT, port_security=False)
    asked = request(OTHER_IP, sender_ip=0x01020304, sender_mac=STRANGE_MAC, source=STRANGE_MAC)
    assert isinstance(answer(trusted, asked, owner_of), bytes)


@given(st.binary(max_size=80) | st.binary(max_size=40).map(lambda tail: request(OTHER_IP)[:20] + tail))
def test_garbage_never_raises(frame: bytes) -> None:
    answer(ENDPOINT, frame, owner_of)
