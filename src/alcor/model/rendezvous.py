"""Who of several takes care of a VPC, decided alike by everybody who knows them, without asking anyone. Pure.

Rendezvous (highest random weight) hashing: D. Thaler and C. Ravishankar, "Using name-based mappings to increase hit
rates", IEEE/ACM Transactions on Networking 6(1), 1998.
"""

import hashlib
from collections.abc import Collection

_VNI_BYTES = 4


def order(vni: int, addresses: Collection[str]) -> list[str]:
    """The addresses in the order in which they are to take care of the VPC: the first, and who stands in for it.

    The order does not depend on that of the input, and an address counts once. Where one is missing, the others keep
    their order among each other: only what the missing one took care of moves, and evenly over the others.
    """
    key = vni.to_bytes(_VNI_BYTES, "big")
    return sorted(set(addresses), key=lambda address: (_weight(key, address), address))


def _weight(key: bytes, address: str) -> bytes:
    return hashlib.blake2b(address.encode(), key=key, digest_size=8).digest()
