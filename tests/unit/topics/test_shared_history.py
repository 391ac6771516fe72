"""What the history of something shared gives is what was added to it, in one, or nothing where some of it is gone."""

from hypothesis import given
from hypothesis import strategies as st

from alcor.dpm.shared_history import SharedHistory
from alcor.model.goal_state import GoalState, GoalStateDelta, NeighbourDelta, VpcNeighbours, apply_delta
from alcor.model.merge import copy_delta
from tests.unit.channels.strategies import neighbour_deltas


def change(base: int, revision: int, neighbours: NeighbourDelta) -> GoalStateDelta:
    return GoalStateDelta(revision=revision, base_revision=base, neighbours={1: neighbours})


@given(st.lists(neighbour_deltas, min_size=1, max_size=6), st.data())
def test_what_came_after_a_revision_leads_from_it_to_the_last(
    deltas: list[NeighbourDelta], data: st.DataObject
) -> None:
    history, states = SharedHistory(), [{}]
    for position, delta in enumerate(deltas):
        history.add(change(position, position + 1, delta))
        states.append(after(states[-1], change(position, position + 1, delta)))
    since = data.draw(st.integers(0, len(deltas)))
    missed = history.since(since, len(deltas))
    assert missed is not None
    assert (missed.base_revision, missed.revision) == (since, len(deltas))
    for later in states[since:]:  # also on what already has some of it
        assert after(later, missed) == states[-1]


def after(neighbours: dict[int, VpcNeighbours], delta: GoalStateDelta) -> dict[int, VpcNeighbours]:
    state = GoalState(neighbours={vni: known.copy() for vni, known in neighbours.items()})
    apply_delta(state, copy_delta(delta))
    return state.neighbours


def test_it_reaches_back_only_so_far() -> None:
    history = SharedHistory()
    for position in range(60):
        history.add(change(position, position + 1, NeighbourDelta(VpcNeighbours(dict.fromkeys(range(1000), position)))))
    floor = history.floor(60)
    assert 0 < floor < 60
    assert history.since(floor - 1, 60) is None
    assert history.since(floor, 60) is not None


def test_what_came_before_something_unknown_is_forgotten() -> None:
    history = SharedHistory()
    history.add(change(0, 1, NeighbourDelta(removed_macs={1})))
    history.add(change(5, 6, NeighbourDelta(removed_macs={2})))
    assert history.since(1, 6) is None
    assert history.since(5, 6) == change(5, 6, NeighbourDelta(removed_macs={2}))
    assert history.since(8, 9) is None
    assert history.since(9, 9) == GoalStateDelta(revision=9, base_revision=9)
