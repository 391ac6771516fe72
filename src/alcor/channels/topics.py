"""The topics of VPCs: what is published of a VPC once is read by all its hosts.

Nothing here waits for the message queue but reading and opening; all is called on one event loop.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from alcor.channels import checks
from alcor.channels.checks import MalformedMessage
from alcor.channels.codec import GoalStateAssembler, goal_state_to_messages
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta
from alcor.model.identifiers import Id
from alcor.southbound.v1 import topics_pb2 as pb

BEAT_SECONDS = 5.0
"""About how long between two messages of a topic, when nothing changes: so that hosts notice what they missed."""

VERSION = 1
_PART_BYTES = 1024 * 1024
_NEIGHBOURS = {"base_revision", "revision", "more", "forwarding", "addresses", "memberships"}


class TopicUnavailable(Exception):
    """The topic cannot be read, or no more; the message says why."""


class TopicReader(Protocol):
    """Reads what is published from the moment it was opened, in the order in which it was."""

    async def next(self) -> bytes:
        """The next message. Raises TopicUnavailable when the message queue is away."""

    async def close(self) -> None:
        """End."""


class TopicWriter(Protocol):
    """One of those who would publish on a topic, of whom one may at a time."""

    def send(self, data: bytes, lost: Callable[[], None]) -> None:
        """Publish, if it is this one's turn; ``lost`` is called when it may not have been published."""

    def close(self) -> None:
        """Leave it to others."""


class TopicQueue(Protocol):
    """A message queue that carries topics of VPCs."""

    async def read(self, vpc_id: Id) -> TopicReader:
        """Open a topic. Raises TopicUnavailable."""

    def write(self, vpc_id: Id, turn: Callable[[], None]) -> TopicWriter:
        """Ask for the turn to publish; ``turn`` is called whenever it has come."""


class TopicChange(msgspec.Struct, frozen=True):
    """What leads the neighbours of a VPC from any revision since ``base`` to ``revision``."""

    log_id: bytes
    base: int
    revision: int
    neighbours: NeighbourDelta


def encode_change(vni: int, change: TopicChange) -> list[bytes]:
    """The messages that say a change, in their order."""
    neighbours = {} if change.neighbours.is_empty() else {vni: change.neighbours}
    delta = GoalStateDelta(base_revision=change.base, revision=change.revision, neighbours=neighbours)
    return [
        pb.TopicMessage(version=VERSION, log_id=change.log_id, change=part).SerializeToString()
        for part in goal_state_to_messages(delta, _PART_BYTES)
    ]


class ChangeAssembler:
    """Joins the messages of a topic."""

    def __init__(self, vni: int) -> None:
        self._vni = vni
        self._parts = GoalStateAssembler()

    def add(self, data: bytes) -> TopicChange | None:
        """The change when this was its last message, else None.

        Raises MalformedMessage when it is none of this VPC, or of a later version; what began before is forgotten then.
        """
        try:
            return self._add(data)
        except MalformedMessage:
            self._parts = GoalStateAssembler()
            raise

    def _add(self, data: bytes) -> TopicChange | None:
        message = checks.parse(pb.TopicMessage, data)
        if message.version != VERSION:
            raise MalformedMessage(f"version {message.version} of topics is not known")
        log_id = checks.identifier(message.log_id, "change log")
        if others := {field.name for field, _ in message.change.ListFields()} - _NEIGHBOURS:
            raise MalformedMessage(f"a topic has changes of neighbours, not {', '.join(sorted(others))}")
        delta = self._parts.add(message.change)
        if delta is None:
            return None
        if delta.neighbours.keys() - {self._vni}:
            raise MalformedMessage(f"the topic of VNI {self._vni} has neighbours of another")
        change = delta.neighbours.get(self._vni) or NeighbourDelta()
        return TopicChange(log_id, delta.base_revision, delta.revision, change)
