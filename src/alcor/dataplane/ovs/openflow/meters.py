"""Meters: the rate a workload may send packets to the agent at. OpenFlow 1.4.1, sections 7.3.4.4, 7.3.5.12–13."""

import struct

from alcor.dataplane.ovs.openflow.message import Malformed

_ADD = 0
_MODIFY = 1
_DELETE = 2
_PACKETS_PER_SECOND = 1 << 1
_BURST = 1 << 2
_DROP = 1
METER_ALL = 0xFFFFFFFF


def add_meter(meter: int, packets_per_second: int, burst: int) -> bytes:
    """The body of a meter-mod that adds a meter dropping what exceeds the rate."""
    band = struct.pack(">HHII4x", _DROP, 16, packets_per_second, burst)
    return struct.pack(">HHI", _ADD, _PACKETS_PER_SECOND | _BURST, meter) + band


def modify_meter(addition: bytes) -> bytes:
    """The body of a meter-mod that makes an existing meter what add_meter's body would have made it."""
    return struct.pack(">H", _MODIFY) + addition[2:]


def delete_meter(meter: int) -> bytes:
    """The body of a meter-mod that removes a meter, and every flow that uses it."""
    return struct.pack(">HHI", _DELETE, 0, meter)


def configuration_request() -> bytes:
    """The body of a multipart request for every meter."""
    return struct.pack(">I4x", METER_ALL)


def decode_configurations(body: bytes) -> list[bytes]:
    """The meters in one part of the answer, each as the body of the meter-mod that adds it. Raises Malformed."""
    meters = []
    position = 0
    while position < len(body):
        if len(body) - position < 8:
            raise Malformed("a meter's configuration is cut short")
        length, flags, meter = struct.unpack_from(">HHI", body, position)
        if length < 8 or position + length > len(body):
            raise Malformed(f"a meter's configuration has a length of {length}")
        meters.append(struct.pack(">HHI", _ADD, flags, meter) + body[position + 8 : position + length])
        position += length
    return meters


def meter_number(body: bytes) -> int:
    """The meter the body of a meter-mod is about."""
    return int.from_bytes(body[4:8], "big")


def decode_maximum(body: bytes) -> int:
    """The highest meter number the switch supports, from the answer about meter features; 0 for none."""
    if len(body) < 16:
        raise Malformed("meter features are cut short")
    return int.from_bytes(body[:4], "big")
