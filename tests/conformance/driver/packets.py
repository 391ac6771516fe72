"""Frames that the conformance suite sends, built by hand so that nothing under test is trusted to build them."""

import struct

BROADCAST = 0xFFFFFFFFFFFF


def ethernet(destination: int, source: int, ethertype: int, payload: bytes) -> bytes:
    return destination.to_bytes(6, "big") + source.to_bytes(6, "big") + struct.pack("!H", ethertype) + payload


def checksum(data: bytes) -> int:
    """The Internet checksum, RFC 1071."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_payload(source_port: int, destination_port: int, data: bytes) -> bytes:
    return struct.pack("!HHHH", source_port, destination_port, 8 + len(data), 0) + data


def ipv4(source: int, destination: int, protocol: int, payload: bytes, fragment: int = 0) -> bytes:
    """``fragment`` are the flags of it, and its offset in units of 8 bytes."""
    total = 20 + len(payload)
    header = struct.pack("!BBHHHBBHII", 0x45, 0, total, 0, fragment, 64, protocol, 0, source, destination)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def udp_frame(destination: int, source: int, source_ip: int, destination_ip: int, data: bytes) -> bytes:
    """A UDP datagram between two workloads; ``data`` tells it from any other frame."""
    return ethernet(destination, source, 0x0800, ipv4(source_ip, destination_ip, 17, udp_payload(4000, 4001, data)))


def ipv6_frame(destination: int, source: int, source_ip: bytes, destination_ip: bytes, data: bytes) -> bytes:
    """An IPv6 packet without a next header (59), so that its data is free."""
    return ethernet(
        destination,
        source,
        0x86DD,
        struct.pack("!IHBB", 6 << 28, len(data), 59, 64) + source_ip + destination_ip + data,
    )


def arp(operation: int, source: int, source_ip: int, target: int, target_ip: int) -> bytes:
    """The body of an ARP packet, RFC 826."""
    return (
        struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
        + source.to_bytes(6, "big")
        + struct.pack("!I", source_ip)
        + target.to_bytes(6, "big")
        + struct.pack("!I", target_ip)
    )


def arp_request(source: int, source_ip: int, target_ip: int) -> bytes:
    return ethernet(BROADCAST, source, 0x0806, arp(1, source, source_ip, 0, target_ip))


def arp_reply(source: int, source_ip: int, destination: int, destination_ip: int) -> bytes:
    return ethernet(destination, source, 0x0806, arp(2, source, source_ip, destination, destination_ip))


def dhcp_discover(mac: int, transaction: int) -> bytes:
    """DHCPDISCOVER as a client without an address sends it, RFC 2131."""
    message = struct.pack("!BBBBIHH", 1, 1, 6, 0, transaction, 0, 0x8000) + bytes(16)
    message += mac.to_bytes(6, "big") + bytes(10 + 64 + 128) + bytes((99, 130, 83, 99, 53, 1, 1, 255))
    return ethernet(BROADCAST, mac, 0x0800, ipv4(0, 0xFFFFFFFF, 17, udp_payload(68, 67, message)))


def ip_packet(source_ip: bytes, destination_ip: bytes, protocol: int, payload: bytes) -> bytes:
    """An IPv4 or IPv6 packet, as long as its addresses say."""
    if len(source_ip) == 4:
        return ipv4(int.from_bytes(source_ip), int.from_bytes(destination_ip), protocol, payload)
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + source_ip + destination_ip + payload


def transport_checksum(source_ip: bytes, destination_ip: bytes, protocol: int, payload: bytes) -> int:
    """Over the pseudo-header as well: RFC 768, RFC 9293, RFC 8200 section 8.1."""
    return checksum(source_ip + destination_ip + struct.pack("!II", len(payload), protocol) + payload)


def ip_frame(
    destination: int, source: int, source_ip: bytes, destination_ip: bytes, protocol: int, payload: bytes
) -> bytes:
    packet = ip_packet(source_ip, destination_ip, protocol, payload)
    return ethernet(destination, source, 0x0800 if len(source_ip) == 4 else 0x86DD, packet)


def udp(source_ip: bytes, destination_ip: bytes, source_port: int, destination_port: int, data: bytes) -> bytes:
    """A UDP datagram with its checksum."""
    body = udp_payload(source_port, destination_port, data)
    total = transport_checksum(source_ip, destination_ip, 17, body)
    return body[:6] + struct.pack("!H", total) + body[8:]


def tcp(
    source_ip: bytes,
    destination_ip: bytes,
    ports: tuple[int, int],
    flags: int,
    numbers: tuple[int, int] = (0, 0),
    data: bytes = b"",
) -> bytes:
    """A TCP segment with its checksum; ``numbers`` are of sequence and acknowledgement."""
    body = struct.pack("!HHIIBBHHH", *ports, *numbers, 5 << 4, flags, 65535, 0, 0) + data
    total = transport_checksum(source_ip, destination_ip, 6, body)
    return body[:16] + struct.pack("!H", total) + body[18:]


def icmp(source_ip: bytes, destination_ip: bytes, kind: int, code: int, rest: bytes) -> bytes:
    """An ICMP or ICMPv6 message with its checksum; ``rest`` is what follows the checksum."""
    body = struct.pack("!BBH", kind, code, 0) + rest
    total = checksum(body) if len(source_ip) == 4 else transport_checksum(source_ip, destination_ip, 58, body)
    return body[:2] + struct.pack("!H", total) + body[4:]


def ipv6(source: bytes, destination: bytes, protocol: int, payload: bytes, hop_limit: int = 64) -> bytes:
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hop_limit) + source + destination + payload


def icmpv6(source: bytes, destination: bytes, kind: int, body: bytes, code: int = 0, hop_limit: int = 255) -> bytes:
    """An IPv6 packet with an ICMPv6 message and its checksum, RFC 4443."""
    message = bytes((kind, code, 0, 0)) + body
    pseudo_header = source + destination + struct.pack("!II", len(message), 58)
    message = message[:2] + struct.pack("!H", checksum(pseudo_header + message)) + message[4:]
    return ipv6(source, destination, 58, message, hop_limit)


def group_mac(address: bytes) -> int:
    return int.from_bytes(b"\x33\x33" + address[12:], "big")


def solicited_node(target: bytes) -> bytes:
    return bytes.fromhex("ff0200000000000000000001ff") + target[13:]


def mac_option(kind: int, mac: int | None) -> bytes:
    return b"" if mac is None else bytes((kind, 1)) + mac.to_bytes(6, "big")


def neighbour_solicitation(source: int, source_ip: bytes, target: bytes, link_layer: int | None = None) -> bytes:
    """Who has the target? RFC 4861, section 4.3; from ``::`` without ``link_layer`` it is a probe."""
    group = solicited_node(target)
    body = bytes(4) + target + mac_option(1, link_layer)
    return ethernet(group_mac(group), source, 0x86DD, icmpv6(source_ip, group, 135, body))


def neighbour_advertisement(
    macs: tuple[int, int], addresses: tuple[bytes, bytes], target: bytes, link_layer: int | None, flags: int = 0x60
) -> bytes:
    """RFC 4861, section 4.4, from the first of each to the second."""
    body = bytes((flags, 0, 0, 0)) + target + mac_option(2, link_layer)
    return ethernet(macs[1], macs[0], 0x86DD, icmpv6(*addresses, 136, body))


def link_local(mac: int) -> bytes:
    """RFC 4291, appendix A."""
    octets = (mac ^ 1 << 41).to_bytes(6, "big")
    return bytes.fromhex("fe80") + bytes(6) + octets[:3] + bytes.fromhex("fffe") + octets[3:]


def router_solicitation(source: int, source_ip: bytes, link_layer: int | None = None) -> bytes:
    """RFC 4861, section 4.1."""
    group = bytes.fromhex("ff02") + bytes(13) + b"\x02"
    return ethernet(
        group_mac(group), source, 0x86DD, icmpv6(source_ip, group, 133, bytes(4) + mac_option(1, link_layer))
    )
