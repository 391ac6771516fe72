"""Publishing what changes of the neighbours of queued VPCs, each on its topic, when it is this controller's turn.

All controllers that hold a VPC would publish; the message queue has one do so at a time. What hosts read more than once
they pass over, and what leads from an earlier revision than theirs to a later one they take. So one whose turn has come
publishes all that it knows to have changed lately, in one message, and goes on from there.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial

from alcor.channels.topics import BEAT_SECONDS, TopicChange, TopicQueue, TopicWriter, encode_change
from alcor.dpm.compiler import SharedChange
from alcor.dpm.read_model import ReadModel
from alcor.dpm.vpc_history import VpcHistory
from alcor.model.goal_state import NeighbourDelta
from alcor.model.identifiers import Id


class _Topic:
    """Of one VPC."""

    def __init__(self, writer: TopicWriter) -> None:
        self.writer = writer
        self.has_turn = False
        self.again_from: int | None = None  # what follows on this revision may not have been published
        self.lost_at: float | None = None  # time.monotonic, when that came about


class Publishing:
    """Of one controller."""

    def __init__(self, queue: TopicQueue, log_id: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        self.published = 0
        """Messages handed to the message queue."""
        self.lost = 0
        """How often a message may not have been published."""
        self._queue, self._log_id, self._clock = queue, log_id, clock
        self._topics: dict[Id, _Topic] = {}
        self._model = ReadModel()
        self._histories: Mapping[Id, VpcHistory] = {}

    @property
    def turns(self) -> int:
        """On how many topics it is this controller's turn."""
        return sum(topic.has_turn for topic in self._topics.values())

    def lag_seconds(self) -> float:
        """How long the oldest change has waited that may not have been published."""
        now = self._clock()
        return max((now - topic.lost_at for topic in self._topics.values() if topic.lost_at is not None), default=0.0)

    def follow(self, model: ReadModel, histories: Mapping[Id, VpcHistory]) -> None:
        """These VPCs are queued now."""
        self._model, self._histories = model, histories
        for vpc_id in self._topics.keys() - model.queued:
            self._topics.pop(vpc_id).writer.close()
        for vpc_id in model.queued - self._topics.keys():
            self._topics[vpc_id] = _Topic(self._queue.write(vpc_id, partial(self._turn, vpc_id)))

    def publish(self, vpc_id: Id, change: SharedChange) -> None:
        """Publish a change, if it is this controller's turn."""
        topic = self._topics.get(vpc_id)
        if topic is not None and topic.has_turn:
            self._send(vpc_id, topic, change.vni, change.base, change.revision, change.neighbours)

    async def run(self) -> None:
        """Let hosts notice what they missed, and publish again what was lost, for ever."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self.beat()

    def beat(self) -> None:
        """Say on each topic up to where it is published, with what may have been lost."""
        for vpc_id, topic in list(self._topics.items()):
            if topic.has_turn:
                self._say(vpc_id, topic)

    def _turn(self, vpc_id: Id) -> None:
        topic = self._topics.get(vpc_id)
        if topic is not None:
            topic.has_turn = True
            vpc = self._model.vpcs.get(vpc_id)
            history = self._histories.get(vpc_id)
            if vpc is not None and history is not None:
                topic.again_from = history.floor(vpc.changed_at)
            self._say(vpc_id, topic)

    def _say(self, vpc_id: Id, topic: _Topic) -> None:
        vpc = self._model.vpcs.get(vpc_id)
        if vpc is None or vpc.record is None:
            return
        base, neighbours = vpc.changed_at, NeighbourDelta()
        if topic.again_from is not None and (history := self._histories.get(vpc_id)) is not None:
            base = max(topic.again_from, history.floor(vpc.changed_at))
            neighbours = history.since(base, vpc.changed_at) or neighbours
        topic.again_from = topic.lost_at = None
        self._send(vpc_id, topic, vpc.record.vni, base, vpc.changed_at, neighbours)

    def _send(self, vpc_id: Id, topic: _Topic, vni: int, base: int, revision: int, neighbours: NeighbourDelta) -> None:
        lost = partial(self._lost, vpc_id, base)
        for message in encode_change(vni, TopicChange(self._log_id, base, revision, neighbours)):
            topic.writer.send(message, lost)
            self.published += 1

    def _lost(self, vpc_id: Id, base: int) -> None:
        self.lost += 1
        topic = self._topics.get(vpc_id)
        if topic is not None:
            topic.again_from = base if topic.again_from is None else min(base, topic.again_from)
            topic.lost_at = topic.lost_at or self._clock()
