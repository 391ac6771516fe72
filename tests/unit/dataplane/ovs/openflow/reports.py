"""What a switch reports, built by hand from the specification so that nothing under test is trusted to build it."""

import struct


def flow_statistics(
    table: int, priority: int, cookie: int, match: bytes, instructions: bytes, packets: int = 0, octets: int = 0
) -> bytes:
    """One ofp_flow_stats, OpenFlow 1.4.1 section 7.3.5.2. The match comes with its padding."""
    length = 48 + len(match) + len(instructions)
    head = struct.pack("!HBxIIHHHHH2x", length, table, 77, 5, priority, 0, 0, 0, 0)
    return head + struct.pack("!QQQ", cookie, packets, octets) + match + instructions


def packet_in(port: int, frame: bytes) -> bytes:
    """The body of a packet-in, section 7.4.1: in_port is the match's only field."""
    match = struct.pack("!HHII4x", 1, 12, 0x80000004, port)
    return struct.pack("!IHBBQ", 0xFFFFFFFF, len(frame), 1, 20, 0) + match + bytes(2) + frame


def flow_removed(cookie: int, table: int, priority: int, match: bytes) -> bytes:
    """The body of the news that a flow went idle, section 7.4.2. The match comes with its padding."""
    return struct.pack("!QHBBIIHHQQ", cookie, priority, 0, table, 61, 0, 60, 0, 3, 180) + match


def error(kind: int, code: int, offending: bytes = b"") -> bytes:
    """The body of an error message, section 7.5.4."""
    return struct.pack("!HH", kind, code) + offending[:64]
