"""Frames are read field by field; one that is short or odd is none."""

from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane import frames
from alcor.dataplane.frames import Arp, Ethernet
from tests.conformance.driver import packets

macs, addresses, ports = st.integers(0, 2**48 - 1), st.integers(0, 2**32 - 1), st.integers(0, 65535)


@given(st.builds(Arp, st.integers(1, 2), macs, addresses, macs, addresses), st.binary(max_size=20))
def test_an_arp_packet_comes_back_as_it_was(packet: Arp, padding: bytes) -> None:
    frame = frames.arp_frame(packet) + padding
    assert frames.ethernet(frame) == Ethernet(packet.target_mac, packet.sender_mac, frames.ETHERTYPE_ARP)
    assert frames.arp(frame) == packet


@given(addresses, addresses, ports, ports, st.binary(max_size=20))
def test_addresses_and_ports_of_a_datagram_are_found(
    source: int, destination: int, source_port: int, destination_port: int, data: bytes
) -> None:
    datagram = packets.ipv4(source, destination, 17, packets.udp_payload(source_port, destination_port, data))
    frame = packets.ethernet(1, 2, 0x0800, datagram)
    assert frames.ipv4_source(frame) == source
    assert frames.udp_ports(frame) == (source_port, destination_port)


def test_a_later_fragment_has_no_ports() -> None:
    datagram = bytearray(packets.ipv4(1, 2, 17, packets.udp_payload(68, 67, b"")))
    datagram[6:8] = b"\x00\x01"
    assert frames.udp_ports(packets.ethernet(1, 2, 0x0800, bytes(datagram))) is None


def test_options_in_the_header_are_skipped() -> None:
    datagram = packets.ipv4(1, 2, 17, bytes(4) + packets.udp_payload(68, 67, b""))
    frame = packets.ethernet(1, 2, 0x0800, b"\x46" + datagram[1:])
    assert frames.udp_ports(frame) == (68, 67)


def test_group_addresses_are_told_from_others() -> None:
    for destination, group in ((packets.BROADCAST, True), (0x01005E000001, True), (0xFA163E000001, False)):
        assert Ethernet(destination, 1, 0x0800).is_multicast() == group


@given(st.binary(max_size=100))
def test_nothing_raises_on_garbage(frame: bytes) -> None:
    for read in (frames.ethernet, frames.arp, frames.ipv4_source, frames.udp_ports):
        read(frame)
