"""What waits to be told to the controller. Merged while it waits: a slow or absent controller costs no memory."""

import asyncio
import logging

from alcor.channels.either_way import AgentConnection
from alcor.channels.fast_path.dialling import ConnectionLost
from alcor.channels.messages import (
    Acknowledgement,
    AgentMessage,
    GoalStateDigest,
    HostHealth,
    PortReport,
    PortState,
    ResyncRequest,
    TopicPosition,
)
from alcor.model.goal_state import Subject
from alcor.model.identifiers import Id

log = logging.getLogger(__name__)


class Reports:
    """An outbox with one place for each kind of message.

    Whoever reports names the change log that the report's revisions count in. What counts in another log than the
    controller's would mean nothing to it and is not said; neither is anything while no controller is there.
    """

    def __init__(self) -> None:
        self._log_id: bytes | None = None
        self._acknowledgement: Acknowledgement | None = None
        self._resync: ResyncRequest | None = None
        self._digest: GoalStateDigest | None = None
        self._health: HostHealth | None = None
        self._ports: dict[Id, PortState] = {}
        self._complete = False
        self._topics: dict[Subject, TopicPosition] = {}
        self._filled = asyncio.Event()

    def connected(self, log_id: bytes) -> None:
        """A controller counting in this log listens. What was to be said to another is forgotten."""
        self.take()
        self._log_id = log_id

    def disconnected(self) -> None:
        """Nobody listens."""
        self.take()
        self._log_id = None

    def acknowledge(self, log_id: bytes, acknowledgement: Acknowledgement) -> None:
        """Say that a goal state is applied; it speaks for all before it."""
        if log_id == self._log_id:
            self._acknowledgement = acknowledgement
            self._filled.set()

    def report(self, log_id: bytes, states: list[PortState]) -> None:
        """Say how some ports do."""
        if states and log_id == self._log_id:
            self._ports.update((state.id, state) for state in states)
            self._filled.set()

    def report_all(self, log_id: bytes, states: list[PortState]) -> None:
        """Say how all ports do, instead of what waits to be said of some."""
        if log_id == self._log_id:
            self._ports = {state.id: state for state in states}
            self._complete = True
            self._filled.set()

    def digest(self, log_id: bytes, digest: GoalStateDigest) -> None:
        """Say what the host has."""
        if log_id == self._log_id:
            self._digest = digest
            self._filled.set()

    def health(self, health: HostHealth) -> None:
        """Say how the host does: that counts in no change log."""
        self._health = health
        self._filled.set()

    def topic_position(self, log_id: bytes, position: TopicPosition) -> None:
        """Say how the host stands with a topic."""
        if log_id == self._log_id:
            self._topics[position.subject] = position
            self._filled.set()

    def ask_resync(self, request: ResyncRequest) -> None:
        """Ask for a snapshot."""
        self._resync = request
        self._filled.set()

    async def keep_sending(self, connection: AgentConnection) -> None:
        """Say all there is to say to a controller, until it is lost: the rest is said anew after the next welcome."""
        try:
            while True:
                for message in await self.next():
                    await connection.send(message)
        except ConnectionLost:
            log.debug("what was to be reported to %s is told again after the next welcome", connection.address)

    async def next(self) -> list[AgentMessage]:
        """Wait until there is something to say, and take it all."""
        await self._filled.wait()
        return self.take()

    def take(self) -> list[AgentMessage]:
        """Take all there is to say now."""
        messages: list[AgentMessage] = []
        if self._resync is not None:
            messages.append(self._resync)
        if self._ports or self._complete:
            messages.append(PortReport(tuple(self._ports.values()), self._complete))
        messages += self._topics.values()
        if self._acknowledgement is not None:
            messages.append(self._acknowledgement)
        if self._digest is not None:
            messages.append(self._digest)
        if self._health is not None:
            messages.append(self._health)
        self._acknowledgement = self._resync = self._digest = self._health = None
        self._ports, self._complete, self._topics = {}, False, {}
        self._filled.clear()
        return messages
