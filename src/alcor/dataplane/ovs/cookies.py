"""Cookies: what the driver writes on each of its flows to know it again after a restart.

======  ====================================================================================
8 bits  a magic number: the flow is ours
8 bits  the generation: which life of the agent installed it, modulo 256, for people to read
48 bits a digest of all the flow says: two flows with the same digest are the same flow
======  ====================================================================================

A restarted agent compares digests, so it need not understand the flows it finds. Among n flows the chance that any two
differ and share a digest is n²/2⁴⁹: one in 500 for a million flows, and then one flow is missing until it next
changes.
"""

MAGIC = 0xA1
DIGEST_MASK = (1 << 48) - 1


def cookie(generation: int, digest: int) -> int:
    """The cookie of a flow."""
    return MAGIC << 56 | (generation & 0xFF) << 48 | digest


def is_ours(value: int) -> bool:
    """True for a cookie the driver wrote."""
    return value >> 56 == MAGIC


def digest_of(value: int) -> int:
    """The digest in a cookie."""
    return value & DIGEST_MASK


def generation_of(value: int) -> int:
    """The generation in a cookie."""
    return value >> 48 & 0xFF
