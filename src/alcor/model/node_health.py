"""How nodes do, worked out from what their agents say of themselves and of each other. Pure.

When one host does not reach another, either may be at fault, or what is between them. A host that does not reach most
of those it probes, or that most of those that probe it do not reach, is at fault itself, and the others are not.
"""

import enum
from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

UNREACHABLE = "unreachable"
NOT_WITH_FULL_PACKETS = "not_with_full_packets"

WORKS, REPAIRING, GONE = "works", "repairing", "gone"
"""How a data plane does."""

_MOST = 2  # ways that do not work make a host suspect, if they are half of its ways


class NodeState(enum.Enum):
    """A node at a glance."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"  # no controller serves its agent


class Way(msgspec.Struct, frozen=True):
    """A host that does not reach another one as it should."""

    host_id: str
    peer_id: str
    fault: str
    since: int  # seconds since the epoch


class Said(msgspec.Struct, frozen=True):
    """What an agent says of its own host."""

    data_plane: str = WORKS
    trouble: str = ""
    probed: int = 0  # how many hosts it probes
    since: int = 0  # seconds since the epoch


class NodeHealth(msgspec.Struct, frozen=True):
    """How a node does, why, and since when (seconds since the epoch) if that is known."""

    state: NodeState
    reasons: tuple[str, ...] = ()
    since: int | None = None
    data_plane: str = WORKS


class Judge:
    """Judges nodes by what is known of them, and of those that they do not reach or that do not reach them."""

    def __init__(self, served: Mapping[str, str], said: Mapping[str, Said], ways: Collection[Way]) -> None:
        """``served`` are the hosts that a controller serves, each with the host that leads it there ('' for none)."""
        self._served, self._said = served, said
        self._out: dict[str, list[Way]] = {}
        self._in: dict[str, list[Way]] = {}
        for way in sorted(ways, key=lambda way: (way.host_id, way.peer_id)):
            self._out.setdefault(way.host_id, []).append(way)
            self._in.setdefault(way.peer_id, []).append(way)

    def health(self, host_id: str) -> NodeHealth:
        """How this node does."""
        said = self._said.get(host_id, Said())
        if host_id not in self._served:
            not_reached = (text for text, _ in self._not_reached(host_id))
            return NodeHealth(NodeState.DOWN, ("its agent is connected to no controller", *not_reached))
        found = [*_of_itself(said), *self._does_not_reach(host_id, said.probed), *self._not_reached(host_id)]
        reasons = [text for text, _ in found]
        if relay := self._served[host_id]:
            reasons.append(f"it reaches no controller itself, and is led to one by {relay}")
        if not reasons:
            return NodeHealth(NodeState.UP)
        since = min((since for _, since in found), default=None)
        return NodeHealth(NodeState.DEGRADED, tuple(reasons), since, said.data_plane)

    def _reaches_few(self, host_id: str) -> bool:
        probed = self._said.get(host_id, Said()).probed
        return _are_most(self._out.get(host_id, ()), probed)

    def _is_reached_by_few(self, host_id: str) -> bool:
        """Hosts are probed by about as many as they probe."""
        ways = self._in.get(host_id, ())
        probed = max((self._said.get(way.host_id, Said()).probed for way in ways), default=0)
        return _are_most(ways, probed)

    def _does_not_reach(self, host_id: str, probed: int) -> Iterator[tuple[str, int]]:
        ways = self._out.get(host_id, [])
        if self._reaches_few(host_id):
            yield f"it does not reach {len(ways)} of the {probed} hosts that it probes{_how(ways)}", _since(ways)
            return
        for way in ways:
            peer = way.peer_id
            if peer in self._served and not self._is_reached_by_few(peer) and not self._reaches_few(peer):
                yield f"it does not reach {peer}{_how([way])}", way.since

    def _not_reached(self, host_id: str) -> Iterator[tuple[str, int]]:
        ways = self._in.get(host_id, [])
        if self._is_reached_by_few(host_id) or host_id not in self._served:
            if ways:
                yield f"{_hosts(len(ways))} not reach it{_how(ways)}", _since(ways)
            return
        for way in ways:
            if not self._reaches_few(way.host_id):
                yield f"{way.host_id} does not reach it{_how([way])}", way.since


def _of_itself(said: Said) -> Iterator[tuple[str, int]]:
    if said.data_plane == GONE:
        yield f"its data plane is gone: {said.trouble}", said.since
    elif said.data_plane == REPAIRING:
        yield "its data plane is being repaired", said.since
    elif said.trouble:
        yield said.trouble, said.since


def _are_most(ways: Collection[Way], probed: int) -> bool:
    return len(ways) >= _MOST and 2 * len(ways) >= probed


def _how(ways: Iterable[Way]) -> str:
    return " with packets of full size" if all(way.fault == NOT_WITH_FULL_PACKETS for way in ways) else ""


def _since(ways: Iterable[Way]) -> int:
    return min(way.since for way in ways)


def _hosts(count: int) -> str:
    return "1 host does" if count == 1 else f"{count} hosts do"
