"""VNIs for networks: those of a project come from its own ranges first, then from what is no other project's."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, select

from alcor.model.number_ranges import Range
from alcor.model.resources.network import LARGEST_VNI
from alcor.store import number_pools
from alcor.store.tables import network_segment_range
from alcor.store.transaction import Transaction

POOL = "vni"

_RANGES = (
    select(network_segment_range.c.project_id, network_segment_range.c.minimum, network_segment_range.c.maximum)
    .where(network_segment_range.c.shared.is_(False))
    .order_by(network_segment_range.c.minimum)
)


def take(transaction: Transaction, project_ids: Sequence[str]) -> list[int]:
    """A VNI for a network of each of the projects. Raises PoolExhausted."""
    owned = _ranges_of_projects(transaction.connection) if project_ids else {}
    if not owned:
        return number_pools.take(transaction, POOL, len(project_ids))
    everybodys = _between(sorted(each for its in owned.values() for each in its))
    taken: list[int] = []
    for project_id in project_ids:
        ranges = [*owned.get(project_id, ()), *everybodys]
        found = (number_pools.take_within(transaction, POOL, each) for each in ranges)
        vni = next((each for each in found if each is not None), None)
        if vni is None:
            raise number_pools.PoolExhausted(POOL, len(taken))
        taken.append(vni)
    return taken


def take_exact(transaction: Transaction, vnis: Iterable[int]) -> set[int]:
    """Take those of the VNIs that are free; returns them."""
    return number_pools.take_exact(transaction, POOL, vnis)


def release(transaction: Transaction, vnis: Iterable[int]) -> None:
    """Give VNIs back."""
    number_pools.release(transaction, POOL, vnis)


def _ranges_of_projects(connection: Connection) -> Mapping[str, list[Range]]:
    found: dict[str, list[Range]] = {}
    for project_id, minimum, maximum in connection.execute(_RANGES):
        found.setdefault(project_id, []).append((minimum, maximum))
    return found


def _between(ranges: Sequence[Range]) -> list[Range]:
    """What is left of all VNIs beside these disjoint ranges, which are in order."""
    left = []
    first = 1
    for minimum, maximum in ranges:
        if first < minimum:
            left.append((first, minimum - 1))
        first = maximum + 1
    return [*left, (first, LARGEST_VNI)] if first <= LARGEST_VNI else left
