"""Publishing on each of a region's message queues what concerns hosts of its cells.

Each queue has its own producers, turns and signs of life: what becomes of one is nothing to the others. A host reads
on one queue only, and revisions are the same on all.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from alcor.channels.cells import Cells
from alcor.channels.topics import TopicQueue
from alcor.dpm.placing import Placing
from alcor.dpm.publishing import Publishing
from alcor.dpm.read_model import ReadModel
from alcor.dpm.shared_changes import SharedChanges
from alcor.model.goal_state import GoalStateDelta, Subject


class Publishings:
    """Of one controller."""

    def __init__(
        self,
        queues: Sequence[TopicQueue],
        cells: Cells,
        log_id: bytes,
        longest_interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """See Publishing; ``cells`` says of which cells the queues are."""
        self.each = [Publishing(queue, log_id, longest_interval, clock) for queue in queues]
        """By the number of the queue."""
        self._placing = Placing(cells, len(queues), clock)

    @property
    def turns(self) -> int:
        """On how many topics it is this controller's turn, counted on each queue."""
        return sum(each.turns for each in self.each)

    @property
    def published(self) -> int:
        """Messages handed to message queues."""
        return sum(each.published for each in self.each)

    @property
    def lost(self) -> int:
        """How often a message may not have been published."""
        return sum(each.lost for each in self.each)

    def lag_seconds(self) -> float:
        """How long the oldest change has waited that may not have been published somewhere."""
        return max(each.lag_seconds() for each in self.each)

    def follow(self, model: ReadModel, changes: SharedChanges) -> None:
        """This is queued now, and this is what changed of it."""
        for publishing, subjects in zip(self.each, self._placing.follow(model), strict=True):
            publishing.follow(model, changes, subjects)

    def publish(self, subject: Subject, change: GoalStateDelta) -> None:
        """Publish a change wherever there is a topic for it, and it is this controller's turn."""
        for publishing in self.each:
            publishing.publish(subject, change)

    async def run(self) -> None:
        """Let hosts notice what they missed, and publish again what was lost, for ever."""
        async with asyncio.TaskGroup() as tasks:
            for publishing in self.each:
                tasks.create_task(publishing.run())
