"""Resource ids: UUIDs, text towards people and the database, 16 bytes inside and on the wire."""

import functools
import itertools
import os
import random
import re
import time
import uuid
from collections.abc import Iterator

_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

_VARIANT = "89ab"  # its first two bits are 10, the others random

Id = bytes
"""A resource id as its 16 bytes."""


# Asking the system for random bits lets go of the interpreter, which costs more than the bits; and ids are no secrets.
_random = random.Random()
os.register_at_fork(after_in_child=_random.seed)

_NAMED_DIGITS = 10  # of a port's id: "01234567-89", after which its interface is called


def new_id() -> str:
    """A new UUID of version 7 (RFC 9562, section 5.7) as text: the time in milliseconds, then random bits.

    Ids of resources made together are neighbours in every index, so that the cost of storing a resource does not
    grow with the number of those stored.
    """
    digits = (time.time_ns() // 1_000_000).to_bytes(6) + _random.getrandbits(80).to_bytes(10)
    text = digits.hex()
    return f"{text[:8]}-{text[8:12]}-7{text[13:16]}-{_VARIANT[digits[8] >> 6]}{text[17:20]}-{text[20:]}"


def new_port_id() -> str:
    """A new UUID of version 8 (RFC 9562, section 5.8) as text, for a port: a count, then random bits.

    Whoever plugs a port in calls its interface after the first eleven characters of the id (Nova, Kuryr:
    tap01234567-89), so ports of a host must differ in them. Ids that begin with the time do not when they are made
    within 256 ms. The count begins anywhere, so that processes have none in common that are likely to meet; ids of
    ports made together are neighbours in every index, as those of others are.
    """
    named = f"{next(_count_of(os.getpid())) % 16**_NAMED_DIGITS:0{_NAMED_DIGITS}x}"
    text = _random.getrandbits(88).to_bytes(11).hex()
    return f"{named[:8]}-{named[8:]}{text[:2]}-8{text[2:5]}-{_VARIANT[int(text[5], 16) >> 2]}{text[6:9]}-{text[9:21]}"


@functools.cache
def _count_of(process_id: int) -> Iterator[int]:
    """What a process counts its ports by, from anywhere: one that was forked from it has another."""
    return itertools.count(_random.getrandbits(4 * _NAMED_DIGITS))


def new_request_id() -> str:
    """What a request is called in logs and answers: ``req-`` and a UUID, as OpenStack's services do."""
    return f"req-{id_text(_random.getrandbits(128).to_bytes(16))}"


def id_text(packed: Id) -> str:
    """The 36-character text of a 16-byte id."""
    digits = packed.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def id_bytes(text: str) -> Id:
    """The 16 bytes of a UUID written in its canonical form.

    Raises ValueError when the text is no UUID.
    """
    packed = bytes.fromhex(text.replace("-", ""))
    if len(packed) != 16:
        raise ValueError(f"{text!r} is not a UUID")
    return packed


def canonical_id(text: str) -> str:
    """The text in canonical form (lower case, hyphens). Raises ValueError when it is no UUID."""
    # Nearly every id comes in canonical form, and seeing so costs a fifth of making a UUID of it.
    return text if _CANONICAL.fullmatch(text) else str(uuid.UUID(text))
