"""A simulated host takes goal states as an agent does, and tells the truth about its ports."""

from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.sequence import Sequence, Verdict
from alcor.channels.codec import delta_from_messages, goal_state_to_messages
from alcor.channels.messages import GoalStateDigest, PortState, State
from alcor.model.digest import Digest, digest_of
from alcor.model.goal_state import GoalState, GoalStateDelta, Port, apply_delta
from alcor.scale.host import Link, SimulatedHost, Taken
from alcor.southbound.v1 import southbound_pb2 as pb
from tests.unit.channels.strategies import colliding_deltas

LOG = b"l" * 16
A, B, C = (letter * 16 for letter in (b"a", b"b", b"c"))


def goal_state(
    revision: int, base: int = 0, *, snapshot: bool = False, ports: str = "", removed: str = "", more: bool = False
) -> pb.GoalState:
    return pb.GoalState(
        revision=revision,
        base_revision=base,
        snapshot=snapshot,
        more=more,
        ports=[pb.Port(id=letter.encode() * 16) for letter in ports],
        removed_ports=[letter.encode() * 16 for letter in removed],
    )


def host_at(revision: int, ports: str = "") -> SimulatedHost:
    host = SimulatedHost()
    host.welcomed(LOG)
    assert host.take(goal_state(revision, snapshot=True, ports=ports)) is Taken.WHOLE
    host.program(None)
    return host


def test_a_snapshot_replaces_all_there_was() -> None:
    host = host_at(5, "ab")
    assert host.take(goal_state(9, snapshot=True, ports="c")) is Taken.WHOLE
    assert host.revision == 9
    assert host.states() == (PortState(C, State.DOWN, revision=9),)
    assert host.program(None) == [C]
    assert host.states() == (PortState(C, State.UP, revision=9),)


def test_a_port_is_up_once_it_is_programmed_and_reported_again_when_it_is_named_again() -> None:
    host = host_at(5, "a")
    host.take(goal_state(6, 5, ports="ab"))
    assert host.named == [A, B]
    assert host.program(host.named) == [B]
    assert [state.state for state in host.states(host.named)] == [State.UP, State.UP]


def test_ports_that_are_gone_are_not_reported() -> None:
    host = host_at(5, "ab")
    host.take(goal_state(6, 5, removed="a"))
    assert [state.id for state in host.states()] == [B]
    assert host.states([A]) == ()
    host.take(goal_state(7, 6, removed="b"))
    assert host.ports is None


def test_a_gap_asks_for_a_snapshot_once_and_takes_nothing_before_it() -> None:
    host = host_at(5)
    assert host.take(goal_state(8, 7, ports="a")) is Taken.GAP
    assert host.take(goal_state(9, 8)) is Taken.IGNORED
    assert host.take(goal_state(6, 5)) is Taken.IGNORED
    assert host.take(goal_state(9, snapshot=True)) is Taken.WHOLE
    assert host.take(goal_state(10, 9)) is Taken.WHOLE


def test_parts_are_one_goal_state_and_torn_ones_are_worth_nothing() -> None:
    host = host_at(5, "a")
    assert host.take(goal_state(6, 5, ports="b", more=True)) is Taken.PART
    assert host.revision == 5
    assert host.take(goal_state(6, 5, ports="c")) is Taken.WHOLE
    assert (host.revision, host.named) == (6, [B, C])
    assert host.take(goal_state(7, 6, more=True)) is Taken.PART
    host.disconnected()
    assert (host.log_id, host.revision) == (b"", 0)


def test_the_revision_of_another_change_log_means_nothing() -> None:
    host = host_at(5)
    host.disconnected()
    host.welcomed(LOG)
    assert (host.revision, host.link) == (5, Link.UP_TO_DATE)
    host.welcomed(b"m" * 16)
    assert (host.revision, host.link) == (0, Link.WELCOMED)


@st.composite
def deltas(draw: st.DrawFn) -> list[GoalStateDelta]:
    """Goal states as they might come, some of which do not follow on what came before."""
    found, revision = [], 0
    ids = st.sets(st.sampled_from([A, B, C]))
    for _ in range(draw(st.integers(1, 8))):
        base = revision if draw(st.integers(0, 3)) else draw(st.integers(0, 12))
        revision = max(base, revision) + draw(st.integers(0, 2))
        ports = {port_id: Port(port_id, 1, 2, ()) for port_id in draw(ids)}
        found.append(GoalStateDelta(revision, base, draw(st.integers(0, 4)) == 0, ports=ports, removed_ports=draw(ids)))
    return found


def test_a_host_that_has_nothing_knows_the_digest_of_that() -> None:
    host = SimulatedHost()
    assert host.digest() is None
    host.welcomed(LOG)
    assert host.take(goal_state(5, snapshot=True)) is Taken.WHOLE
    assert host.take(goal_state(6, 5, removed="a")) is Taken.WHOLE
    assert host.digest() == GoalStateDigest(6, Digest())
    assert host.take(goal_state(7, 6, ports="a")) is Taken.WHOLE
    assert host.digest() is None, "it does not keep what it was told"
    assert host.take(goal_state(8, snapshot=True)) is Taken.WHOLE
    assert host.digest() == GoalStateDigest(8, Digest())
    host.welcomed(b"m" * 16)
    assert host.digest() is None


@given(st.lists(colliding_deltas, max_size=6), st.integers(200, 2000))
def test_the_digest_of_what_it_was_told_is_that_of_an_agent(told: list[GoalStateDelta], max_bytes: int) -> None:
    host, state = SimulatedHost(), GoalState()
    host.welcomed(LOG)
    for revision, delta in enumerate(told, 1):
        delta.revision, delta.base_revision = revision, state.revision
        if not state.revision:
            delta.snapshot = True
        parts = list(goal_state_to_messages(delta, max_bytes))
        apply_delta(state, delta_from_messages(parts))
        assert [host.take(part, keep=True) for part in parts][-1] is Taken.WHOLE
        assert host.digest() == GoalStateDigest(revision, digest_of(state))


def test_what_came_only_in_part_leaves_no_digest() -> None:
    host = host_at(5)
    assert host.digest() is not None
    host.take(goal_state(6, 5, ports="a", more=True), keep=True)
    host.disconnected()
    assert host.digest() is None


@given(deltas())
def test_it_takes_and_keeps_what_an_agent_would(arriving: list[GoalStateDelta]) -> None:
    host, sequence, state = host_at(0), Sequence(LOG, 0), GoalState()
    verdicts = {Verdict.TAKE: Taken.WHOLE, Verdict.IGNORE: Taken.IGNORED, Verdict.RESYNC: Taken.GAP}
    for delta in arriving:
        (part,) = goal_state_to_messages(delta)
        verdict = sequence.judge(delta_from_messages([part]))
        assert host.take(part) is verdicts[verdict]
        if verdict is Verdict.TAKE:
            apply_delta(state, delta if delta.base_revision else _as_snapshot(delta))
        assert host.revision == sequence.revision
        assert set(host.ports or ()) == state.ports.keys()


def _as_snapshot(delta: GoalStateDelta) -> GoalStateDelta:
    """What leads from nothing says it all."""
    delta.snapshot = True
    return delta
