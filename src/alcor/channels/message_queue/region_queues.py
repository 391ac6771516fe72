"""The message queues of a region, as controllers are told: one for all hosts, or one each for hosts of some cells."""

from collections.abc import Iterable

import msgspec

from alcor.channels.cells import Cells
from alcor.channels.message_queue.address import QueueAddress, parse_queue


class RegionQueues(msgspec.Struct, frozen=True):
    """Each address once, whatever the number of cells that it is of: its number is its place."""

    addresses: tuple[QueueAddress, ...]
    cells: Cells

    def cells_of(self, number: int) -> list[str]:
        """The cells that are said to have this queue."""
        return sorted(cell for cell, each in self.cells.by_cell.items() if each == number)


def parse_queues(entries: Iterable[str]) -> RegionQueues:
    """From entries ``[CELL=]URL``. Raises ValueError, saying what to write."""
    by_cell: dict[str, QueueAddress] = {}  # '' has that of all cells that have none of their own
    for entry in entries:
        cell, address = _parse(entry)
        if (other := by_cell.get(cell)) is not None:
            raise ValueError(_twice(cell, other, address))
        by_cell[cell] = address
    addresses: dict[object, QueueAddress] = {}
    for address in by_cell.values():
        addresses.setdefault(_same(address), address)
    numbers = {same: number for number, same in enumerate(addresses)}
    numbered = {cell: numbers[_same(address)] for cell, address in by_cell.items()}
    others = numbered.pop("", None)
    return RegionQueues(tuple(addresses.values()), Cells(numbered, others))


def _parse(entry: str) -> tuple[str, QueueAddress]:
    cell, equals, url = entry.rpartition("=")
    if equals and not cell:
        raise ValueError(
            f"message queue {entry!r} names no cell: write CELL=URL, or URL alone for cells that have none of their own"
        )
    try:
        return cell, parse_queue(url)
    except ValueError as error:
        raise ValueError(f"{error}, with CELL= before it where it is of one cell only") from error


def _twice(cell: str, one: QueueAddress, other: QueueAddress) -> str:
    both = f"{one.text} and {other.text}"
    if cell:
        return (
            f"cell {cell} has two message queues, {both}: name one; brokers of one cluster go into one URL, with commas"
        )
    return f"two message queues are of no cell, {both}: write CELL= before those that are of one cell only"


def _same(address: QueueAddress) -> object:
    """Equal for addresses that are written otherwise and mean the same."""
    return address.is_encrypted, frozenset(address.servers), address.namespace
