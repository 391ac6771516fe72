"""On which of a region's message queues what is queued has a topic: on those of the cells that its hosts are in.

A topic that nobody reads costs signs of life, and a producer of each controller. So one whose hosts have all left a
queue's cells goes from that queue; not at once, as the next host may be on its way, and as a host whose node is said
to be in another cell reads where its agent is configured to until somebody configures that, too.
"""

import time
from collections.abc import Callable, Set

from alcor.channels.cells import Cells
from alcor.dpm.read_model import ReadModel
from alcor.model.goal_state import Subject

HOLD_SECONDS = 300.0
"""How long a topic stays on a queue after its last host there."""


class Placing:
    """Of one controller: it knows the hosts of all that it holds."""

    def __init__(
        self, cells: Cells, queues: int, clock: Callable[[], float] = time.monotonic, hold_seconds: float = HOLD_SECONDS
    ) -> None:
        """``queues`` is how many there are."""
        self._cells, self._clock, self._hold_seconds = cells, clock, hold_seconds
        self._model: ReadModel | None = None
        self._on: list[dict[Subject, float | None]] = [{} for _ in range(queues)]  # without a host since when, if so

    def follow(self, model: ReadModel) -> list[Set[Subject]]:
        """What has a topic on each queue now. The cost is that of the hosts of what changed its hosts."""
        queued, moved, now = model.queued, model.take_moved(), self._clock()
        for subject in queued if model is not self._model else queued & moved:
            self._place(model, subject, now)
        self._model = model
        for on in self._on:
            for subject in [each for each in on if each not in queued or self._is_over(on[each], now)]:
                del on[subject]
        return [on.keys() for on in self._on]

    def _place(self, model: ReadModel, subject: Subject, now: float) -> None:
        queues = self._queues_of(model, subject)
        for number, on in enumerate(self._on):
            if number in queues:
                on[subject] = None
            elif subject in on and on[subject] is None:
                on[subject] = now

    def _queues_of(self, model: ReadModel, subject: Subject) -> set[int]:
        queues: set[int] = set()
        for host_id in model.hosts_of(subject):
            node = model.nodes.get(host_id)
            queue = None if node is None else self._cells.queue_of(node.cell)
            if queue is not None:
                queues.add(queue)
                if len(queues) == len(self._on):
                    break
        return queues

    def _is_over(self, since: float | None, now: float) -> bool:
        return since is not None and now - since >= self._hold_seconds
