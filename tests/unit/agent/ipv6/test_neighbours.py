"""Solicitations are answered for what is known in the asker's VPC, to honest askers, and for nothing else."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.ipv6.neighbours import Owner, Silence, answer
from alcor.dataplane.driver import Endpoint
from alcor.model.addresses import link_local, mac_of_link_local
from tests.conformance.driver.packets import group_mac, neighbour_advertisement, neighbour_solicitation

OWN_MAC, OTHER_MAC, STRANGE_MAC = 0xFA163E000001, 0xFA163E000002, 0xFA163E0000FF
PREFIX = bytes.fromhex("20010db8") + bytes(8)
OWN, OTHER, UNKNOWN, GATEWAY = (PREFIX + number.to_bytes(4) for number in (1, 2, 99, 0xFE))
UNSPECIFIED, ALL_NODES = bytes(16), b"\xff\x02" + bytes(13) + b"\x01"
ENDPOINT = Endpoint(bytes(16), 7, OWN_MAC, ipv6=(OWN,))
OWNERS = {
    (7, OWN): Owner(OWN_MAC),
    (7, OTHER): Owner(OTHER_MAC),
    (8, UNKNOWN): Owner(OTHER_MAC),
    (7, GATEWAY): Owner(OTHER_MAC, is_router=True),
}
REQUEST = neighbour_solicitation(OWN_MAC, OWN, OTHER, OWN_MAC)


def owner_of(vni: int, address: bytes) -> Owner | None:
    return OWNERS.get((vni, address))


def test_a_known_address_is_answered() -> None:
    expected = neighbour_advertisement((OTHER_MAC, OWN_MAC), (OTHER, OWN), OTHER, OTHER_MAC)
    assert answer(ENDPOINT, REQUEST, owner_of) == expected


def test_padding_does_not_matter() -> None:
    assert isinstance(answer(ENDPOINT, REQUEST + bytes(6), owner_of), bytes)


def test_a_gateway_is_said_to_be_a_router() -> None:
    expected = neighbour_advertisement((OTHER_MAC, OWN_MAC), (GATEWAY, OWN), GATEWAY, OTHER_MAC, flags=0xE0)
    assert answer(ENDPOINT, neighbour_solicitation(OWN_MAC, OWN, GATEWAY, OWN_MAC), owner_of) == expected


def test_the_link_local_address_of_the_own_mac_may_ask() -> None:
    own = link_local(OWN_MAC)
    expected = neighbour_advertisement((OTHER_MAC, OWN_MAC), (OTHER, own), OTHER, OTHER_MAC)
    assert answer(ENDPOINT, neighbour_solicitation(OWN_MAC, own, OTHER, OWN_MAC), owner_of) == expected


def test_who_tries_for_the_address_of_another_is_told_with_everybody() -> None:
    probe = neighbour_solicitation(OWN_MAC, UNSPECIFIED, OTHER)
    macs = (OTHER_MAC, group_mac(ALL_NODES))
    expected = neighbour_advertisement(macs, (OTHER, ALL_NODES), OTHER, OTHER_MAC, flags=0x20)
    assert answer(ENDPOINT, probe, owner_of) == expected


def changed(at: int, value: int) -> bytes:
    frame = bytearray(REQUEST)
    frame[at] = value
    return bytes(frame)


@pytest.mark.parametrize(
    ("frame", "silence"),
    [
        (neighbour_solicitation(OWN_MAC, OWN, UNKNOWN, OWN_MAC), Silence.UNKNOWN_ADDRESS),
        (neighbour_solicitation(OWN_MAC, UNSPECIFIED, OWN), Silence.OWN_ADDRESS),
        (neighbour_solicitation(OWN_MAC, UNSPECIFIED, link_local(OWN_MAC)), Silence.OWN_ADDRESS),
        (neighbour_solicitation(OWN_MAC, OWN, OWN, OWN_MAC), Silence.OWN_ADDRESS),
        (neighbour_solicitation(OWN_MAC, OTHER, UNKNOWN, OWN_MAC), Silence.SPOOFED),
        (neighbour_solicitation(OWN_MAC, OWN, OTHER, STRANGE_MAC), Silence.SPOOFED),
        (neighbour_solicitation(STRANGE_MAC, OWN, OTHER, STRANGE_MAC), Silence.SPOOFED),
        (neighbour_solicitation(STRANGE_MAC, UNSPECIFIED, OTHER), Silence.SPOOFED),
        (neighbour_solicitation(OWN_MAC, UNSPECIFIED, OTHER, OWN_MAC), Silence.MALFORMED),
        (neighbour_solicitation(OWN_MAC, OWN, ALL_NODES, OWN_MAC), Silence.MALFORMED),
        (neighbour_advertisement((OWN_MAC, OTHER_MAC), (OWN, OTHER), OWN, OWN_MAC), Silence.MALFORMED),
        (changed(21, 254), Silence.MALFORMED),
        (changed(57, REQUEST[57] ^ 1), Silence.MALFORMED),
        (changed(79, 0), Silence.MALFORMED),
        (changed(79, 9), Silence.MALFORMED),
        (REQUEST[:-1], Silence.MALFORMED),
        (b"", Silence.MALFORMED),
    ],
    ids=[
        "an address of another VPC",
        "a probe for the own address",
        "a probe for the own link-local address",
        "a question for the own address",
        "the source address of another",
        "a foreign MAC address in the option",
        "a foreign source MAC",
        "a probe from a foreign MAC",
        "a probe that names a MAC address",
        "a multicast target",
        "an advertisement",
        "from beyond a router",
        "a wrong checksum",
        "an option without length",
        "an option that runs over the end",
        "a cut frame",
        "nothing",
    ],
)
def test_silence(frame: bytes, silence: Silence) -> None:
    assert answer(ENDPOINT, frame, owner_of) is silence


def test_an_allowed_pair_may_ask() -> None:
    paired = msgspec.structs.replace(ENDPOINT, allowed_address_pairs=(("2001:db8:9::/64", STRANGE_MAC),))
    within = bytes.fromhex("20010db80009") + bytes(9) + b"\5"
    asked = neighbour_solicitation(STRANGE_MAC, within, OTHER, STRANGE_MAC)
    assert isinstance(answer(paired, asked, owner_of), bytes)
    assert answer(ENDPOINT, asked, owner_of) is Silence.SPOOFED


def test_without_port_security_anyone_may_ask() -> None:
    trusted = msgspec.structs.replace(ENDPOINT, port_security=False)
    asked = neighbour_solicitation(STRANGE_MAC, UNKNOWN, OTHER, STRANGE_MAC)
    assert isinstance(answer(trusted, asked, owner_of), bytes)


def test_a_mac_address_follows_from_its_link_local_address_and_from_no_other() -> None:
    assert link_local(OWN_MAC) == bytes.fromhex("fe80000000000000f8163efffe000001")
    assert mac_of_link_local(link_local(OWN_MAC)) == OWN_MAC
    assert mac_of_link_local(bytes.fromhex("fe80") + bytes(13) + b"\1") is None
    assert mac_of_link_local(bytes.fromhex("20010db800000000f8163efffe000001")) is None


@given(st.binary(max_size=120) | st.binary(max_size=60).map(lambda tail: REQUEST[:54] + tail))
def test_garbage_never_raises(frame: bytes) -> None:
    answer(ENDPOINT, frame, owner_of)
