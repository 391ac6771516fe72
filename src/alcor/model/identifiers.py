"""Resource ids: UUIDs, text towards people and the database, 16 bytes inside and on the wire."""

import os
import uuid

Id = bytes
"""A resource id as its 16 bytes."""


def new_id() -> str:
    """A random (version 4) UUID as text; faster than ``str(uuid.uuid4())``, which builds an object."""
    digits = bytearray(os.urandom(16))
    digits[6] = digits[6] & 0x0F | 0x40
    digits[8] = digits[8] & 0x3F | 0x80
    return id_text(bytes(digits))


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
    return str(uuid.UUID(text))
