"""A simulated host: just what an agent must remember to be truthful, so that a million of them fit one machine.

It has no data plane, so it keeps no neighbours and no addresses: which revision of which change log it has applied, and
which ports it has and whether they are programmed. What follows on what is judged as an agent does (agent.sequence).

The digest of what it has needs all it was told. A host that has nothing knows that digest for nothing; whether others
keep what they were told, the fleet chooses.
"""

import enum
from collections.abc import Iterable

from alcor.channels.codec import delta_from_messages
from alcor.channels.messages import GoalStateDigest, PortState, State
from alcor.model.digest import Digest, digest_of
from alcor.model.goal_state import GoalState, apply_delta
from alcor.model.identifiers import Id
from alcor.southbound.v1 import southbound_pb2 as pb

_SAYING = (
    "vpcs",
    "subnets",
    "ports",
    "vteps",
    "forwarding",
    "addresses",
    "memberships",
    "routers",
    "router_deltas",  # they may be of routers that a later part has
    "security_groups",
    "network_acls",
)  # what is removed of nothing leaves nothing
_NOTHING: list[Id] = []  # shared by all hosts, and never changed


class Taken(enum.Enum):
    """What became of a part of a goal state."""

    PART = enum.auto()  # more parts follow
    WHOLE = enum.auto()  # applied: to be acknowledged once programmed
    IGNORED = enum.auto()  # stale, repeated, or on the way while a snapshot was asked for
    GAP = enum.auto()  # a snapshot must be asked for


class Link(enum.IntEnum):
    """How a host and the controller stand."""

    AWAY = 0
    WELCOMED = 1  # and nothing applied since
    UP_TO_DATE = 2  # with what was missed, or nothing was


class Told:
    """All that a host was told."""

    __slots__ = ("_digest", "_parts", "_state")

    def __init__(self) -> None:
        self._state = GoalState()
        self._parts: list[pb.GoalState] = []
        self._digest: Digest | None = Digest()

    def take(self, part: pb.GoalState) -> None:
        """Take the next part of a goal state."""
        self._parts.append(part)
        if not part.more:
            apply_delta(self._state, delta_from_messages(self._parts))
            self._parts, self._digest = [], None

    def digest(self) -> Digest:
        """Of the goal states taken whole."""
        if self._digest is None:
            self._digest = digest_of(self._state)
        return self._digest


_TOLD_NOTHING = Told()  # shared by all hosts that have nothing, and never changed


class SimulatedHost:
    """What one agent knows."""

    __slots__ = ("_in_parts", "_resync_asked", "_told", "link", "log_id", "named", "ports", "revision", "welcomes")

    def __init__(self) -> None:
        self._told: Told | None = None  # None when it is not known
        self.log_id = b""
        self.revision = 0
        self.ports: dict[Id, bool] | None = None  # id → whether it is programmed; None while there are none
        self.named = _NOTHING  # ports that the goal state being taken, or taken last, speaks of
        self.link = Link.AWAY
        self.welcomes = 0
        self._resync_asked = False
        self._in_parts = False

    def welcomed(self, log_id: bytes) -> None:
        """A controller that counts in this change log has answered."""
        self.welcomes += 1
        self._resync_asked = False
        if log_id != self.log_id:
            self.log_id = log_id
            self.revision, self._told = 0, None
        self.link = Link.UP_TO_DATE if self.revision else Link.WELCOMED

    def disconnected(self) -> None:
        """What came in part is worth nothing: everything is needed anew."""
        self.link = Link.AWAY
        if self._in_parts:
            self._in_parts = False
            self.log_id, self.revision, self._told = b"", 0, None

    def digest(self) -> GoalStateDigest | None:
        """What it has, if it knows."""
        return None if self._told is None else GoalStateDigest(self.revision, self._told.digest())

    def take(self, part: pb.GoalState, keep: bool = False) -> Taken:
        """Take the next part of a goal state, and keep what it says or not."""
        says_all = part.snapshot or part.base_revision == 0 == self.revision
        if not (self._in_parts or says_all or (part.base_revision == self.revision and not self._resync_asked)):
            if part.revision <= self.revision or self._resync_asked:
                return Taken.IGNORED
            self._resync_asked = True
            return Taken.GAP
        if not self._in_parts:
            self.named = _NOTHING
            if says_all:
                self.ports, self._told = None, _TOLD_NOTHING
        self._keep(part, keep)
        self._apply(part)
        self._in_parts = part.more
        if part.more:
            return Taken.PART
        self.revision = part.revision
        self.link = Link.UP_TO_DATE
        self._resync_asked = False
        return Taken.WHOLE

    def _keep(self, part: pb.GoalState, keep: bool) -> None:
        if self._told is _TOLD_NOTHING and _says_something(part):
            self._told = Told() if keep else None
        if self._told is not None and self._told is not _TOLD_NOTHING:
            self._told.take(part)

    def _apply(self, part: pb.GoalState) -> None:
        if self.ports is not None:
            for port_id in part.removed_ports:
                self.ports.pop(port_id, None)
        if part.ports:
            if self.ports is None:
                self.ports = {}
            self.named = [*self.named, *(port.id for port in part.ports)]
            for port_id in self.named:
                self.ports.setdefault(port_id, False)
        elif not self.ports:
            self.ports = None

    def program(self, port_ids: Iterable[Id] | None) -> list[Id]:
        """The data plane has these ports, or all; returns those that it did not have before."""
        if self.ports is None:
            return []
        new = [
            port_id for port_id in (self.ports if port_ids is None else port_ids) if self.ports.get(port_id) is False
        ]
        for port_id in new:
            self.ports[port_id] = True
        return new

    def states(self, port_ids: Iterable[Id] | None = None, revision: int | None = None) -> tuple[PortState, ...]:
        """The truth about these ports, as far as they are here, by the goal state of a revision.

        About all when none are named, and by the latest goal state when no revision is.
        """
        ports = self.ports or {}
        named = ports if port_ids is None else [port_id for port_id in port_ids if port_id in ports]
        revision = self.revision if revision is None else revision
        return tuple(
            PortState(port_id, State.UP if ports[port_id] else State.DOWN, revision=revision) for port_id in named
        )


def _says_something(part: pb.GoalState) -> bool:
    return any(getattr(part, name) for name in _SAYING)
