"""The datagrams that agents probe each other with, over UDP between VTEP addresses.

A question has a random number, which its answer repeats: nobody can answer who did not see it. An answer is never
longer than its question, so that nobody gains by asking under another's address.
"""

import enum
import os
import struct

_FORMAT = struct.Struct("!4sBB2x8s")
_MAGIC = b"ALCp"
_VERSION = 1
_HEADERS = 28  # octets of IPv4 and UDP

HEAD_BYTES = _FORMAT.size
"""All that is looked at of a datagram."""


class Kind(enum.IntEnum):
    """What a datagram is."""

    QUESTION = 1
    ANSWER = 2


def new_number() -> bytes:
    """What is told by nobody's guess."""
    return os.urandom(8)


def question(number: bytes, packet_bytes: int = 0) -> bytes:
    """A question that makes an IP packet so large, or the smallest."""
    return _FORMAT.pack(_MAGIC, _VERSION, Kind.QUESTION, number).ljust(packet_bytes - _HEADERS, b"\0")


def answer(number: bytes) -> bytes:
    """What a question of this number is answered."""
    return _FORMAT.pack(_MAGIC, _VERSION, Kind.ANSWER, number)


def read(data: bytes) -> tuple[Kind, bytes] | None:
    """What a datagram is, and its number; None when it is neither."""
    if len(data) < HEAD_BYTES:
        return None
    magic, version, kind, number = _FORMAT.unpack_from(data)
    if magic != _MAGIC or version != _VERSION or kind not in (Kind.QUESTION, Kind.ANSWER):
        return None
    return Kind(kind), number
