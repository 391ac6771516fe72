"""Reading Ethernet frames: just what forwarding and the responders look at. Nothing here raises on a short frame."""

import msgspec

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD
ETHERNET_HEADER = 14
ARP_REQUEST = 1
ARP_REPLY = 2

_PROTOCOL_UDP = 17
_ARP_IPV4_OVER_ETHERNET = bytes((0, 1, 8, 0, 6, 4))


class Ethernet(msgspec.Struct, frozen=True):
    """The header of an Ethernet II frame without tags."""

    destination: int
    source: int
    ethertype: int

    def is_multicast(self) -> bool:
        """True for broadcast and multicast: the group bit of the destination is set."""
        return bool(self.destination >> 40 & 1)


class Arp(msgspec.Struct, frozen=True):
    """An ARP packet for IPv4 over Ethernet, RFC 826."""

    operation: int
    sender_mac: int
    sender_ip: int
    target_mac: int
    target_ip: int


def is_group_addressed(frame: bytes) -> bool:
    """True for broadcast and multicast."""
    return len(frame) > 0 and bool(frame[0] & 1)


def ethernet(frame: bytes) -> Ethernet | None:
    """The frame's header, or None when it is too short to have one."""
    if len(frame) < ETHERNET_HEADER:
        return None
    return Ethernet(
        int.from_bytes(frame[:6], "big"), int.from_bytes(frame[6:12], "big"), int.from_bytes(frame[12:14], "big")
    )


def arp(frame: bytes) -> Arp | None:
    """The ARP packet in a frame whose ethertype says so, or None when it is anything but IPv4 over Ethernet."""
    body = frame[ETHERNET_HEADER:]
    if len(body) < 28 or body[:6] != _ARP_IPV4_OVER_ETHERNET:
        return None
    return Arp(
        int.from_bytes(body[6:8], "big"),
        int.from_bytes(body[8:14], "big"),
        int.from_bytes(body[14:18], "big"),
        int.from_bytes(body[18:24], "big"),
        int.from_bytes(body[24:28], "big"),
    )


def arp_frame(packet: Arp) -> bytes:
    """The Ethernet frame that carries an ARP packet from its sender to its target."""
    sender, target = packet.sender_mac.to_bytes(6, "big"), packet.target_mac.to_bytes(6, "big")
    return b"".join(
        (
            target,
            sender,
            ETHERTYPE_ARP.to_bytes(2, "big"),
            _ARP_IPV4_OVER_ETHERNET,
            packet.operation.to_bytes(2, "big"),
            sender,
            packet.sender_ip.to_bytes(4, "big"),
            target,
            packet.target_ip.to_bytes(4, "big"),
        )
    )


def ipv4_source(frame: bytes) -> int | None:
    """The source address of the IPv4 packet in a frame, or None when its header is not all there."""
    if len(frame) < ETHERNET_HEADER + 20:
        return None
    return int.from_bytes(frame[26:30], "big")


def udp_ports(frame: bytes) -> tuple[int, int] | None:
    """Source and destination port of the UDP datagram in an IPv4 frame; None when it is none, or a later fragment."""
    if len(frame) < ETHERNET_HEADER + 20 or frame[23] != _PROTOCOL_UDP:
        return None
    if int.from_bytes(frame[20:22], "big") & 0x1FFF:
        return None
    start = ETHERNET_HEADER + (frame[14] & 0x0F) * 4
    if len(frame) < start + 8:
        return None
    return int.from_bytes(frame[start : start + 2], "big"), int.from_bytes(frame[start + 2 : start + 4], "big")
