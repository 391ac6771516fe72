"""Topics: what is published once of a subject (model.subjects) is read by all its hosts.

Nothing here waits for the message queue but reading and opening; all is called on one event loop.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from alcor.channels import checks
from alcor.channels.checks import MalformedMessage
from alcor.channels.codec import GoalStateAssembler, goal_state_to_messages
from alcor.model.goal_state import GoalStateDelta, Subject
from alcor.model.subjects import told_by
from alcor.southbound.v1 import topics_pb2 as pb

VERSION = 1
_PART_BYTES = 1024 * 1024
_HEADER = {"base_revision", "revision", "more"}
_OF_VPCS = _HEADER | {"forwarding", "addresses", "memberships"}
_OF_SECURITY_GROUPS = _HEADER | {"security_groups"}


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
    """A message queue that carries topics, each by its name."""

    async def read(self, topic: str) -> TopicReader:
        """Open a topic. Raises TopicUnavailable."""

    def write(self, topic: str, turn: Callable[[], None]) -> TopicWriter:
        """Ask for the turn to publish; ``turn`` is called whenever it has come."""


class TopicChange(msgspec.Struct, frozen=True):
    """What leads a subject from any revision since the base revision of ``change`` to its revision."""

    log_id: bytes
    change: GoalStateDelta


def encode_change(change: TopicChange) -> list[bytes]:
    """The messages that say a change, in their order."""
    return [
        pb.TopicMessage(version=VERSION, log_id=change.log_id, change=part).SerializeToString()
        for part in goal_state_to_messages(change.change, _PART_BYTES)
    ]


class ChangeAssembler:
    """Joins the messages of a topic."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._allowed = _OF_VPCS if isinstance(subject, int) else _OF_SECURITY_GROUPS
        self._parts = GoalStateAssembler()

    def add(self, data: bytes) -> TopicChange | None:
        """The change when this was its last message, else None.

        Raises MalformedMessage when it is none of this subject, or of a later version; what began before is forgotten
        then.
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
        if others := {field.name for field, _ in message.change.ListFields()} - self._allowed:
            raise MalformedMessage(f"the topic has changes of something else: {', '.join(sorted(others))}")
        delta = self._parts.add(message.change)
        if delta is None:
            return None
        if told_by(delta) - {self._subject}:
            raise MalformedMessage("the topic has changes of something else than what it is of")
        return TopicChange(log_id, delta)
