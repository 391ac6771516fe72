"""What an agent and a controller tell each other besides goal states, as plain values already checked."""

import enum
from collections.abc import Mapping

import msgspec

from alcor.model.digest import VERSION, Digest
from alcor.model.goal_state import Feed, Subject
from alcor.model.identifiers import Id


class GoalStateDigest(msgspec.Struct, frozen=True):
    """What the agent has, for the controller to compare."""

    revision: int
    digest: Digest
    version: int = VERSION
    feeds: Mapping[Subject, Feed] = {}  # of what is of another revision


class Hello(msgspec.Struct, frozen=True):
    """Who the agent is and what it has applied."""

    host_id: str
    boot_id: bytes  # 16 random bytes, new at each start of the agent
    log_id: bytes = b""  # the change log applied_revision counts in; empty at first
    applied_revision: int = 0
    agent_version: str = ""
    digest: GoalStateDigest | None = None  # of what it has applied, if at hand
    takes_ncms: bool = False  # whether it may be told of Network Config Managers
    takes_probe_targets: bool = False  # whether it may be told which hosts to probe
    takes_relays: bool = False  # whether it may be told which hosts may relay it
    relayed_by: str = ""  # the host that leads it to this controller; empty for none
    feeds: Mapping[Subject, Feed] = {}  # of what is of another revision than applied_revision
    takes_topic_keys: bool = False  # whether it may be told what topics are sealed with


class Welcome(msgspec.Struct, frozen=True):
    """Which controller answers, and the change log its revisions count in."""

    log_id: bytes
    controller_id: str = ""
    report_interval: int = 0  # seconds; 0 when none is asked for
    digest_interval: int = 0  # seconds between two digests of the goal state, about; 0 for none
    topic_interval: int = 0  # seconds between two messages of a topic at most, about; 0 for the least


class Acknowledgement(msgspec.Struct, frozen=True):
    """The agent has taken the goal state up to this revision and keeps it on disk."""

    revision: int
    received_nanoseconds: int = 0  # from arrival until programming began
    programmed_nanoseconds: int = 0  # from arrival until the data plane had confirmed
    failures: dict[Id, str] = {}  # resource id → why it could not be programmed


class State(enum.IntEnum):
    """How a port does on its host; the numbers are those of the wire."""

    UP = 1  # interface present, data plane programmed
    DOWN = 2  # no interface
    FAILED = 3  # the data plane refused


class PortState(msgspec.Struct, frozen=True):
    """The state of one port, as of a goal-state revision."""

    id: Id
    state: State
    reason: str = ""
    revision: int = 0
    unclaimed: bool = False  # DOWN, with an interface here: the port is another host's, or nobody's yet


class PortReport(msgspec.Struct, frozen=True):
    """The truth about ports of a host. When complete, a port not named is not on this host."""

    ports: tuple[PortState, ...]
    complete: bool = False


class ResyncRequest(msgspec.Struct, frozen=True):
    """The agent cannot go on from what it has; the controller answers with a snapshot."""

    applied_revision: int
    reason: str = ""


class DataPlaneState(enum.IntEnum):
    """How a host's data plane does; the numbers are those of the wire."""

    WORKS = 1
    REPAIRING = 2  # being brought up to what it should do
    GONE = 3  # it does not answer


class Fault(enum.IntEnum):
    """How a host does not reach another one; the numbers are those of the wire."""

    UNREACHABLE = 1
    NOT_WITH_FULL_PACKETS = 2  # smaller ones arrive


class HostHealth(msgspec.Struct, frozen=True):
    """How a host does, as its agent sees it."""

    data_plane: DataPlaneState = DataPlaneState.WORKS
    trouble: str = ""  # what keeps the host from doing what it should
    probed: int = 0  # hosts that it probes
    unreached: dict[int, Fault] = {}  # host index → what is wrong, of those of them that it does not reach as it should

    def is_good(self) -> bool:
        """Whether there is nothing to tell anybody."""
        return self.data_plane is DataPlaneState.WORKS and not self.trouble and not self.unreached


class ProbeTargets(msgspec.Struct, frozen=True):
    """Which hosts an agent should probe."""

    targets: dict[int, int] = {}  # host index → IPv4 address of its VTEP
    interval: float = 10.0  # seconds between two probes of a host
    packet_bytes: int = 1500  # of the largest IP packets that should pass between hosts


class RelayCandidate(msgspec.Struct, frozen=True):
    """A host that may lead another one to a controller."""

    host_id: str
    ipv4: int  # of its VTEP
    token: bytes  # proves to it that the other one may be led


class RelayCandidates(msgspec.Struct, frozen=True):
    """Who may lead an agent's host, and by what it knows those that it may lead itself."""

    key: bytes = b""
    candidates: tuple[RelayCandidate, ...] = ()


class TopicKeys(msgspec.Struct, frozen=True):
    """What the topics are sealed with that a host may read: by what they are of, and by epoch (channels.topic_keys)."""

    keys: Mapping[Subject, Mapping[int, bytes]]

    def __repr__(self) -> str:
        return f"TopicKeys(of {len(self.keys)} topics)"  # they are for nobody to see


Guidance = ProbeTargets | RelayCandidates | TopicKeys
"""What a controller tells a host beside goal states, each instead of what it told before."""


class TopicPosition(msgspec.Struct, frozen=True):
    """How the agent stands with a topic."""

    subject: Subject
    subscribed: bool  # what is published after ``seen`` reaches it
    seen: int  # the latest revision that it has read
    revision: int  # of the subject, as it has it
    by_topic: bool  # it was told by the topic until now
    reason: str = ""  # why it is not subscribed


AgentMessage = Hello | Acknowledgement | PortReport | ResyncRequest | GoalStateDigest | HostHealth | TopicPosition
