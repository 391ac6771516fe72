"""Slots of the message queue: a key's place among 65,536, by which a broker gives messages to the hosts of a topic.

Each host consumes one slot of its topic, so no two hosts of a topic may have keys with the same one.
"""

from collections.abc import Container, Iterator

SLOTS = 65_536
_NO_SLOT = 0  # brokers take it for none
_KEYS = 32  # tried before a topic is full
_MASK = 0xFFFF_FFFF


def slot_of(key: str) -> int:
    """The slot that brokers find for a key: MurmurHash3 (32 bits, seed 0) of its UTF-8 text, modulo 65,536."""
    data = key.encode()
    whole = len(data) & ~3
    hashed = 0
    for start in range(0, whole, 4):
        hashed ^= _scrambled(int.from_bytes(data[start : start + 4], "little"))
        hashed = (_rotated(hashed, 13) * 5 + 0xE654_6B64) & _MASK
    if whole < len(data):
        hashed ^= _scrambled(int.from_bytes(data[whole:], "little"))
    hashed ^= len(data)
    hashed = (hashed ^ hashed >> 16) * 0x85EB_CA6B & _MASK
    hashed = (hashed ^ hashed >> 13) * 0xC2B2_AE35 & _MASK
    return (hashed ^ hashed >> 16) % SLOTS


def free_key(wanted: str, taken: Container[int]) -> tuple[str, int] | None:
    """The key, extended where its slot is taken, and its slot; None when no extension that is tried has a free one."""
    return next(((key, slot) for key, slot in candidates(wanted) if slot not in taken), None)


def candidates(wanted: str) -> Iterator[tuple[str, int]]:
    """The key and its extensions with their slots, in the order in which they are tried."""
    for number in range(1, _KEYS + 1):
        key = wanted if number == 1 else f"{wanted}~{number}"
        if (slot := slot_of(key)) != _NO_SLOT:
            yield key, slot


def _scrambled(block: int) -> int:
    return _rotated(block * 0xCC9E_2D51 & _MASK, 15) * 0x1B87_3593 & _MASK


def _rotated(number: int, by: int) -> int:
    return (number << by | number >> 32 - by) & _MASK
