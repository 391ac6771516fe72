"""What the Data Plane Manager sees of a channel: connected hosts it can give goal states to, and what they say.

Everything here is called on one event loop and returns at once. Deltas handed to a channel are never changed by it,
and may be shared between hosts.
"""

import enum
from typing import Protocol

import msgspec

from alcor.channels.messages import (
    Acknowledgement,
    GoalStateDigest,
    Guidance,
    Hello,
    HostHealth,
    PortReport,
    ResyncRequest,
    TopicPosition,
)
from alcor.model.goal_state import GoalStateDelta


class Waiting(enum.Enum):
    """What waits to be sent to a host."""

    NOTHING = "nothing"
    DELTA = "delta"
    SNAPSHOT = "snapshot"


class Delivery(msgspec.Struct, frozen=True):
    """How far a host is with what it was given."""

    acknowledged_revision: int  # what the host last said it has
    sent_revision: int
    unacknowledged: int  # goal states sent and not acknowledged
    waiting: Waiting
    waiting_items: int  # things the waiting delta puts or removes


class HostConnection(Protocol):
    """A host whose agent is listening. A host that comes back is another connection."""

    @property
    def hello(self) -> Hello:
        """What the agent said of itself when it connected."""

    def deliver(self, delta: GoalStateDelta) -> None:
        """Send this after all that was delivered before; the channel merges what a slow host has not taken yet.

        The channel sets ``base_revision`` to the revision it sent last, or the host had when it connected.
        """

    def resync(self) -> None:
        """Send a snapshot, taken when the host is ready for it, instead of all that is still waiting."""

    def owed_since(self) -> float | None:
        """When the oldest of what the host has not acknowledged was delivered (time.monotonic); None when it has all.

        Asked after each acknowledgement.
        """

    def delivery(self) -> Delivery:
        """How far the host is."""

    def tell(self, guidance: Guidance) -> None:
        """Tell a host whose hello says that it takes this, instead of what it was told before."""

    def let_go(self) -> None:
        """End: another controller should serve the host."""


class ChannelListener(Protocol):
    """The Data Plane Manager's side of a channel."""

    def host_connected(self, connection: HostConnection) -> None:
        """The host may be given goal states from now on. It replaces an earlier connection of the same host."""

    def host_disconnected(self, connection: HostConnection) -> None:
        """The connection is of no more use. Called once for each host_connected."""

    def snapshot(self, connection: HostConnection) -> GoalStateDelta:
        """The whole goal state of the host now, for the channel to keep."""

    def acknowledged(self, connection: HostConnection, acknowledgement: Acknowledgement, seconds: float) -> None:
        """The host has applied a goal state, so long after it was sent."""

    def reported(self, connection: HostConnection, report: PortReport) -> None:
        """The host says how its ports do."""

    def digested(self, connection: HostConnection, digest: GoalStateDigest) -> None:
        """The host says what it has."""

    def health_heard(self, connection: HostConnection, health: HostHealth) -> None:
        """The host says how it does."""

    def topic_position(self, connection: HostConnection, position: TopicPosition) -> None:
        """The host says how it stands with a topic."""

    def resync_requested(self, connection: HostConnection, request: ResyncRequest) -> None:
        """The host cannot go on from what it has."""
