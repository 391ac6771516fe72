"""VNIs, as which hosts carry networks, and which clients know as the numbers of VXLANs."""

from collections.abc import Iterable, Sequence

from alcor.model.resources.network import LARGEST_VNI
from alcor.services.networks.segment_ranges import ranges_of
from alcor.store import number_pools
from alcor.store.transaction import Transaction

POOL = "vni"
WHOLE = (1, LARGEST_VNI)
_UNSEEN = (LARGEST_VNI // 2 + 1, LARGEST_VNI)


def take(transaction: Transaction, project_ids: Sequence[str]) -> list[int]:
    """A VNI for a VXLAN of each of the projects. Raises PoolExhausted."""
    ranges = ranges_of(transaction.connection, "vxlan", None, WHOLE) if project_ids else None
    if ranges is None or not ranges.owned:
        return number_pools.take(transaction, POOL, len(project_ids))
    taken: list[int] = []
    for project_id in project_ids:
        found = (number_pools.take_within(transaction, POOL, each) for each in ranges.of(project_id))
        vni = next((each for each in found if each is not None), None)
        if vni is None:
            raise number_pools.PoolExhausted(POOL, len(taken))
        taken.append(vni)
    return taken


def take_unseen(transaction: Transaction) -> int:
    """A VNI for a network that clients know by another number, where those that they ask for seldom are.

    Raises PoolExhausted.
    """
    vni = number_pools.take_within(transaction, POOL, _UNSEEN)
    return number_pools.take(transaction, POOL, 1)[0] if vni is None else vni


def take_exact(transaction: Transaction, vnis: Iterable[int]) -> set[int]:
    """Take those of the VNIs that are free; returns them."""
    return number_pools.take_exact(transaction, POOL, vnis)


def release(transaction: Transaction, vnis: Iterable[int]) -> None:
    """Give VNIs back."""
    number_pools.release(transaction, POOL, vnis)
