"""Whether an address is in any of some ranges of addresses."""

from collections.abc import Set

from alcor.dataplane.security_groups import Prefix


def holds(prefixes: Set[Prefix], address: bytes) -> bool:
    """Whether a packed address is in one of them."""
    bits = len(address) * 8
    if len(prefixes) <= bits:
        return any(len(each.address) == len(address) and _cut(address, each.length) == each for each in prefixes)
    return any(_cut(address, length) in prefixes for length in range(bits + 1))


def _cut(address: bytes, length: int) -> Prefix:
    spare = len(address) * 8 - length
    return Prefix((int.from_bytes(address) >> spare << spare).to_bytes(len(address)), length)
