"""Which of a region's message queues the hosts of a cell use: a cell may have one of its own. Pure."""

from collections.abc import Mapping

import msgspec


class Cells(msgspec.Struct, frozen=True):
    """Message queues are numbered from 0."""

    by_cell: Mapping[str, int] = {}
    others: int | None = None  # the queue of all cells that have none of their own, if there is one

    def queue_of(self, cell: str) -> int | None:
        """The queue of a cell's hosts; None where they have none."""
        return self.by_cell.get(cell, self.others)


ONE_QUEUE = Cells(others=0)
"""Of a region in which all hosts use the same."""
