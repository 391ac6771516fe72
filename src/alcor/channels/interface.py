"""What the Data Plane Manager sees of a channel: connected hosts it can give goal states to, and what they say.

Everything here is called on one event loop and returns at once. Deltas handed to a channel are never changed by it,
and may be shared between hosts.
"""

from typing import Protocol

from alcor.channels.messages import Acknowledgement, Hello, PortReport, ResyncRequest
from alcor.model.goal_state import GoalStateDelta


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

    def resync_requested(self, connection: HostConnection, request: ResyncRequest) -> None:
        """The host cannot go on from what it has."""
