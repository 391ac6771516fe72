"""DHCP messages in Ethernet frames (RFC 2131, 2132). Parsing never raises and is bounded by the frame."""

import struct

import msgspec

from alcor.dataplane.frames import ETHERNET_HEADER, ETHERTYPE_IPV4

CLIENT_PORT, SERVER_PORT = 68, 67
BOOT_REQUEST, BOOT_REPLY = 1, 2
BROADCAST_FLAG = 0x8000
OPTION_PAD, OPTION_OVERLOAD, OPTION_END = 0, 52, 255

_COOKIE = bytes((99, 130, 83, 99))
_FIXED = struct.Struct("!BBBBIHHIIII16s64s128s4s")
_MINIMUM_MESSAGE = 300  # RFC 1542 section 2.1: some clients refuse less
_ETHERNET, _HARDWARE_ADDRESS = 1, 6
_UDP = 17
_MORE_FRAGMENTS_OR_OFFSET = 0x3FFF


class DhcpMessage(msgspec.Struct, frozen=True):
    """The fields of a message that matter here; addresses are integers."""

    op: int
    transaction: int
    client_mac: int
    flags: int = 0
    ciaddr: int = 0  # the client's address, when it has one
    yiaddr: int = 0  # the address it is given
    siaddr: int = 0  # next server to boot from
    giaddr: int = 0  # relay agent
    boot_file: bytes = b""
    options: dict[int, bytes] = {}  # without pad, end and overload; several of a code are joined (RFC 3396)


class Envelope(msgspec.Struct, frozen=True):
    """Who a message is from and to."""

    source_mac: int
    destination_mac: int
    source_ip: int
    destination_ip: int
    source_port: int
    destination_port: int


def parse(frame: bytes) -> tuple[Envelope, DhcpMessage] | None:
    """The DHCP message in a frame, or None when there is none or it is malformed.

    The UDP checksum is not looked at: a workload whose interface offloads checksums sends unfinished ones.
    """
    if len(frame) < ETHERNET_HEADER + 20 or int.from_bytes(frame[12:14], "big") != ETHERTYPE_IPV4:
        return None
    datagram = _ipv4_payload(frame[ETHERNET_HEADER:])
    if datagram is None or len(datagram) < 8:
        return None
    source_port, destination_port, length = struct.unpack_from("!HHH", datagram)
    if not 8 <= length <= len(datagram):
        return None
    message = parse_message(datagram[8:length])
    if message is None:
        return None
    source_ip, destination_ip = struct.unpack_from("!II", frame, ETHERNET_HEADER + 12)
    return Envelope(
        int.from_bytes(frame[6:12], "big"),
        int.from_bytes(frame[:6], "big"),
        source_ip,
        destination_ip,
        source_port,
        destination_port,
    ), message


def parse_message(data: bytes) -> DhcpMessage | None:
    """The message in a UDP payload, or None when it is malformed or not about Ethernet."""
    if len(data) < _FIXED.size:
        return None
    fields = _FIXED.unpack_from(data)
    op, hardware, hardware_length, _hops, transaction, _seconds, flags, ciaddr, yiaddr, siaddr, giaddr = fields[:11]
    client, server_name, boot_file, cookie = fields[11:]
    if hardware != _ETHERNET or hardware_length != _HARDWARE_ADDRESS or cookie != _COOKIE:
        return None
    options: dict[int, bytes] = {}
    if not _parse_options(data[_FIXED.size :], options):
        return None
    overload = options.pop(OPTION_OVERLOAD, b"\0")[0:1]
    if overload in (b"\1", b"\3"):
        if not _parse_options(boot_file, options):
            return None
        boot_file = b""
    if overload in (b"\2", b"\3") and not _parse_options(server_name, options):
        return None
    options.pop(OPTION_OVERLOAD, None)
    return DhcpMessage(
        op=op,
        transaction=transaction,
        client_mac=int.from_bytes(client[:_HARDWARE_ADDRESS], "big"),
        flags=flags,
        ciaddr=ciaddr,
        yiaddr=yiaddr,
        siaddr=siaddr,
        giaddr=giaddr,
        boot_file=boot_file.rstrip(b"\0"),
        options=options,
    )


def serialise(envelope: Envelope, message: DhcpMessage) -> bytes:
    """The Ethernet frame that carries a message."""
    payload = serialise_message(message)
    udp_length = 8 + len(payload)
    udp = struct.pack("!HHHH", envelope.source_port, envelope.destination_port, udp_length, 0)
    pseudo_header = struct.pack("!IIHH", envelope.source_ip, envelope.destination_ip, _UDP, udp_length)
    udp = udp[:6] + struct.pack("!H", checksum(pseudo_header + udp + payload) or 0xFFFF)
    ip = struct.pack(
        "!BBHHHBBHII", 0x45, 0, 20 + udp_length, 0, 0, 64, _UDP, 0, envelope.source_ip, envelope.destination_ip
    )
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    ethernet = envelope.destination_mac.to_bytes(6, "big") + envelope.source_mac.to_bytes(6, "big")
    return ethernet + ETHERTYPE_IPV4.to_bytes(2, "big") + ip + udp + payload


def serialise_message(message: DhcpMessage) -> bytes:
    """The UDP payload, padded to what every client takes."""
    fixed = _FIXED.pack(
        message.op,
        _ETHERNET,
        _HARDWARE_ADDRESS,
        0,
        message.transaction,
        0,
        message.flags,
        message.ciaddr,
        message.yiaddr,
        message.siaddr,
        message.giaddr,
        message.client_mac.to_bytes(6, "big"),
        b"",
        message.boot_file,
        _COOKIE,
    )
    options = b"".join(encode_option(code, value) for code, value in message.options.items())
    return (fixed + options + bytes((OPTION_END,))).ljust(_MINIMUM_MESSAGE, b"\0")


def encode_option(code: int, value: bytes) -> bytes:
    """An option on the wire; one longer than 255 bytes in several pieces (RFC 3396)."""
    pieces = [value[start : start + 255] for start in range(0, len(value), 255)] or [b""]
    return b"".join(bytes((code, len(piece))) + piece for piece in pieces)


def checksum(data: bytes) -> int:
    """The Internet checksum, RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _ipv4_payload(packet: bytes) -> bytes | None:
    """The UDP datagram in an IPv4 packet that is whole, not a fragment, and whose header is sound."""
    header_length, total_length = (packet[0] & 0x0F) * 4, int.from_bytes(packet[2:4], "big")
    if packet[0] >> 4 != 4 or header_length < 20 or not header_length <= total_length <= len(packet):
        return None
    if packet[9] != _UDP or int.from_bytes(packet[6:8], "big") & _MORE_FRAGMENTS_OR_OFFSET:
        return None
    if checksum(packet[:header_length]) != 0:
        return None
    return packet[header_length:total_length]


def _parse_options(area: bytes, options: dict[int, bytes]) -> bool:
    """Add the options in one area; False when one runs over its end."""
    position = 0
    while position < len(area):
        code = area[position]
        position += 1
        if code == OPTION_PAD:
            continue
        if code == OPTION_END:
            break
        if position >= len(area) or position + 1 + area[position] > len(area):
            return False
        end = position + 1 + area[position]
        options[code] = options.get(code, b"") + area[position + 1 : end]
        position = end
    return True
