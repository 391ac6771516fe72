"""Match fields: their names and how they are written as OXM type-length-values.

OpenFlow 1.4.1, section 7.2.3; the tunnel end points and registers are Open vSwitch's (ovs-fields(7)).
"""

from typing import NamedTuple

from alcor.dataplane.ovs.openflow.message import Malformed

_OPENFLOW = 0x8000
_NICIRA = 0x0001
_PACKET_REGISTER = 0x8001


class Field(NamedTuple):
    """A packet field or piece of metadata."""

    name: str
    oxm_class: int
    number: int
    width: int  # bytes
    form: str = "number"  # how people write it: number, hex, mac, ipv4, ipv6, id (a UUID)

    def header(self, masked: bool = False) -> bytes:
        """The four bytes in front of the value, or of the value and its mask."""
        return (
            self.oxm_class << 16 | self.number << 9 | masked << 8 | (self.width * 2 if masked else self.width)
        ).to_bytes(4, "big")


FIELDS = {
    field.name: field
    for field in (
        Field("in_port", _OPENFLOW, 0, 4),
        Field("metadata", _OPENFLOW, 2, 8),
        Field("eth_dst", _OPENFLOW, 3, 6, "mac"),
        Field("eth_src", _OPENFLOW, 4, 6, "mac"),
        Field("eth_type", _OPENFLOW, 5, 2, "hex"),
        Field("vlan_vid", _OPENFLOW, 6, 2, "hex"),
        Field("ip_proto", _OPENFLOW, 10, 1),
        Field("ipv4_src", _OPENFLOW, 11, 4, "ipv4"),
        Field("ipv4_dst", _OPENFLOW, 12, 4, "ipv4"),
        Field("tcp_src", _OPENFLOW, 13, 2),
        Field("tcp_dst", _OPENFLOW, 14, 2),
        Field("udp_src", _OPENFLOW, 15, 2),
        Field("udp_dst", _OPENFLOW, 16, 2),
        Field("sctp_src", _OPENFLOW, 17, 2),
        Field("sctp_dst", _OPENFLOW, 18, 2),
        Field("icmpv4_type", _OPENFLOW, 19, 1),
        Field("icmpv4_code", _OPENFLOW, 20, 1),
        Field("arp_op", _OPENFLOW, 21, 2),
        Field("arp_spa", _OPENFLOW, 22, 4, "ipv4"),
        Field("arp_tpa", _OPENFLOW, 23, 4, "ipv4"),
        Field("arp_sha", _OPENFLOW, 24, 6, "mac"),
        Field("arp_tha", _OPENFLOW, 25, 6, "mac"),
        Field("ipv6_src", _OPENFLOW, 26, 16, "ipv6"),
        Field("ipv6_dst", _OPENFLOW, 27, 16, "ipv6"),
        Field("icmpv6_type", _OPENFLOW, 29, 1),
        Field("icmpv6_code", _OPENFLOW, 30, 1),
        Field("nd_target", _OPENFLOW, 31, 16, "ipv6"),
        Field("nd_tll", _OPENFLOW, 33, 6, "mac"),
        Field("tun_id", _OPENFLOW, 38, 8),
        Field("ip_frag", _NICIRA, 26, 1),
        Field("ip_ttl", _NICIRA, 29, 1),
        *(Field(f"xreg{number}", _PACKET_REGISTER, number, 8, "hex") for number in (2, 3)),
        *(Field(f"xxreg{number}", _NICIRA, 111 + number, 16, "id") for number in (0, 3)),
        Field("xxreg2", _NICIRA, 113, 16, "ipv6"),
        *(Field(f"reg{number}", _NICIRA, number, 4, "ipv4" if number == 8 else "hex") for number in range(16)),
        Field("ct_state", _NICIRA, 105, 4, "hex"),
        Field("ct_nw_proto", _NICIRA, 119, 1),
        Field("ct_nw_src", _NICIRA, 120, 4, "ipv4"),
        Field("ct_nw_dst", _NICIRA, 121, 4, "ipv4"),
        Field("ct_ipv6_src", _NICIRA, 122, 16, "ipv6"),
        Field("ct_ipv6_dst", _NICIRA, 123, 16, "ipv6"),
        Field("ct_tp_src", _NICIRA, 124, 2),
        Field("ct_tp_dst", _NICIRA, 125, 2),
        Field("tun_src", _NICIRA, 31, 4, "ipv4"),
        Field("tun_dst", _NICIRA, 32, 4, "ipv4"),
    )
}
_BY_HEADER = {(field.oxm_class, field.number): field for field in FIELDS.values()}
# Their names before OpenFlow had one: Open vSwitch may answer with either.
_BY_HEADER[_NICIRA, 16] = FIELDS["tun_id"]
_BY_HEADER |= {(0, 1): FIELDS["eth_dst"], (0, 2): FIELDS["eth_src"]}
_BY_HEADER |= {(0, 7): FIELDS["ipv4_src"], (0, 8): FIELDS["ipv4_dst"]}


_PARTS = {number: [f"reg{number * 4 + part}" for part in range(4)] for number in (0, 2, 3)}


class FieldValue(NamedTuple):
    """A field with its value and, when not every bit counts, its mask."""

    name: str
    value: int
    mask: int | None = None


def field_of_header(header: int) -> Field | None:
    """The field a 32-bit OXM header names, if it is one of ours."""
    return _BY_HEADER.get((header >> 16, header >> 9 & 0x7F))


def decode_match(data: bytes, offset: int = 0) -> tuple[list[FieldValue], int]:
    """The fields of an ofp_match and the offset behind it with its padding. Raises Malformed.

    Fields we have no name for appear as ``oxm_<header>``.
    """
    if len(data) < offset + 4:
        raise Malformed("a match is cut short")
    length = int.from_bytes(data[offset + 2 : offset + 4], "big")
    end = offset + length
    padded = offset + (length + 7) // 8 * 8
    if data[offset : offset + 2] != b"\x00\x01" or length < 4 or padded > len(data):
        raise Malformed(f"a match of type {data[offset : offset + 2].hex()} and length {length} cannot be")
    fields = []
    position = offset + 4
    while position < end:
        value, position = decode_field(data, position, end)
        fields.append(value)
    return _joined(fields), padded


def _joined(fields: list[FieldValue]) -> list[FieldValue]:
    """Open vSwitch tells of a register of 128 bits as of the four that it is made of."""
    for number in _PARTS:
        parts = [each for each in fields if each.name in _PARTS[number] and each.mask is None]
        if len(parts) == len(_PARTS[number]):
            value = 0
            for part in sorted(parts, key=lambda each: _PARTS[number].index(each.name)):
                value = value << 32 | part.value
            fields = [each for each in fields if each not in parts]
            fields.append(FieldValue(f"xxreg{number}", value))
    return fields


def decode_field(data: bytes, position: int, end: int) -> tuple[FieldValue, int]:
    """One OXM and the offset behind it. Raises Malformed."""
    header = int.from_bytes(data[position : position + 4], "big")
    length = header & 0xFF
    after = position + 4 + length
    if position + 4 > end or after > end:
        raise Malformed("a match field reaches beyond its match")
    field = field_of_header(header)
    masked = bool(header >> 8 & 1)
    if field is not None and length != field.width * (1 + masked):
        raise Malformed(f"{field.name} has a length of {length}")
    middle = position + 4 + (length // 2 if masked else length)
    value = int.from_bytes(data[position + 4 : middle], "big")
    mask = int.from_bytes(data[middle:after], "big") if masked else None
    return FieldValue(field.name if field else f"oxm_{header:08x}", value, mask), after
