"""The packets with which a workload proves that its port works, made and read without the code under test."""

import struct

_BROADCAST = b"\xff" * 6
_DHCP_COOKIE = b"\x63\x82\x53\x63"


def arp_request(mac: bytes, address: bytes, target: bytes) -> bytes:
    """Who has ``target``?"""
    ethernet = _BROADCAST + mac + b"\x08\x06"
    return ethernet + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + address + bytes(6) + target


def arp_reply(frame: bytes) -> tuple[bytes, bytes] | None:
    """The (address, MAC) that an ARP reply tells."""
    if frame[12:14] != b"\x08\x06" or frame[20:22] != b"\0\x02":
        return None
    return frame[28:32], frame[22:28]


def dhcp_discover(mac: bytes) -> bytes:
    """A client looking for a server."""
    bootp = struct.pack("!BBBBIHH", 1, 1, 6, 0, int.from_bytes(mac[2:]), 0, 0) + bytes(16) + mac + bytes(10 + 192)
    payload = bootp + _DHCP_COOKIE + b"\x35\x01\x01\xff"
    return _BROADCAST + mac + b"\x08\x00" + _udp(bytes(4), b"\xff" * 4, 68, 67, payload)


def dhcp_offer(frame: bytes) -> bytes | None:
    """The address that a DHCP server offers."""
    is_dhcp = frame[12:14] == b"\x08\x00" and frame[23] == 17 and frame[34:38] == b"\0\x43\0\x44"
    return frame[58:62] if is_dhcp else None


def datagram(mac: bytes, address: bytes, peer_mac: bytes, peer: bytes) -> bytes:
    """Something for another workload."""
    return peer_mac + mac + b"\x08\x00" + _udp(address, peer, 7, 7, b"alcor" + address)


def datagram_sender(frame: bytes) -> bytes | None:
    """From which address such a datagram came."""
    is_ours = frame[12:14] == b"\x08\x00" and frame[42:47] == b"alcor"
    return frame[26:30] if is_ours else None


def _udp(source: bytes, target: bytes, source_port: int, target_port: int, payload: bytes) -> bytes:
    udp = struct.pack("!HHHH", source_port, target_port, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + source + target
    return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + udp


def _checksum(header: bytes) -> int:
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
