"""Numbers of tunnels: VNIs of VXLANs, as which hosts carry all networks, and what clients know other tunnels by."""

from collections.abc import Iterable, Sequence

import msgspec

from alcor.model.resources.network import LARGEST_VNI
from alcor.services.networks.segment_ranges import ranges_of
from alcor.store import number_pools
from alcor.store.transaction import Transaction

WHOLE = (1, LARGEST_VNI)
_UNSEEN = (LARGEST_VNI // 2 + 1, LARGEST_VNI)


class Tunnel(msgspec.Struct, frozen=True):
    """A type of networks that are numbered from a pool, the same on every host."""

    name: str
    pool: str


VXLAN = Tunnel("vxlan", "vni")
TUNNELS = {each.name: each for each in (VXLAN, Tunnel("geneve", "geneve"), Tunnel("gre", "gre"))}


def take(transaction: Transaction, tunnel: Tunnel, project_ids: Sequence[str]) -> list[int]:
    """A number for a tunnel of each of the projects. Raises PoolExhausted."""
    ranges = ranges_of(transaction.connection, tunnel.name, None, WHOLE) if project_ids else None
    if ranges is None or ranges.everybodys == [WHOLE]:
        return number_pools.take(transaction, tunnel.pool, len(project_ids))
    taken: list[int] = []
    for project_id in project_ids:
        found = (number_pools.take_within(transaction, tunnel.pool, each) for each in ranges.of(project_id))
        number = next((each for each in found if each is not None), None)
        if number is None:
            raise number_pools.PoolExhausted(tunnel.pool, len(taken))
        taken.append(number)
    return taken


def take_unseen(transaction: Transaction) -> int:
    """A VNI for a network that clients know by another number, where those that they ask for seldom are.

    Raises PoolExhausted.
    """
    vni = number_pools.take_within(transaction, VXLAN.pool, _UNSEEN)
    return number_pools.take(transaction, VXLAN.pool, 1)[0] if vni is None else vni


def take_exact(transaction: Transaction, tunnel: Tunnel, numbers: Iterable[int]) -> set[int]:
    """Take those of the numbers that are free; returns them."""
    return number_pools.take_exact(transaction, tunnel.pool, numbers)


def release(transaction: Transaction, tunnel: Tunnel, numbers: Iterable[int]) -> None:
    """Give numbers back."""
    number_pools.release(transaction, tunnel.pool, numbers)
