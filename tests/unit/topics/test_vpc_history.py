"""What a VPC's history gives is what was added to it, in one, or nothing where some of it is gone."""

from hypothesis import given
from hypothesis import strategies as st

from alcor.dpm.compiler import SharedChange
from alcor.dpm.vpc_history import VpcHistory
from alcor.model.goal_state import NeighbourDelta, VpcNeighbours, apply_neighbour_delta
from tests.unit.channels.strategies import neighbour_deltas


def change(base: int, revision: int, neighbours: NeighbourDelta) -> SharedChange:
    return SharedChange(1, base, revision, neighbours)


@given(st.lists(neighbour_deltas, min_size=1, max_size=6), st.data())
def test_what_came_after_a_revision_leads_from_it_to_the_last(
    deltas: list[NeighbourDelta], data: st.DataObject
) -> None:
    history, states = VpcHistory(), [VpcNeighbours()]
    for position, delta in enumerate(deltas):
        history.add(change(position, position + 1, delta))
        states.append(states[-1].copy())
        apply_neighbour_delta(states[-1], delta)
    since = data.draw(st.integers(0, len(deltas)))
    missed = history.since(since, len(deltas))
    assert missed is not None
    for later in range(since, len(states)):  # also on what already has some of it
        state = states[later].copy()
        apply_neighbour_delta(state, missed)
        assert state == states[-1]


def test_it_reaches_back_only_so_far() -> None:
    history = VpcHistory()
    for position in range(60):
        history.add(change(position, position + 1, NeighbourDelta(VpcNeighbours(dict.fromkeys(range(1000), position)))))
    floor = history.floor(60)
    assert 0 < floor < 60
    assert history.since(floor - 1, 60) is None
    assert history.since(floor, 60) is not None


def test_what_came_before_something_unknown_is_forgotten() -> None:
    history = VpcHistory()
    history.add(change(0, 1, NeighbourDelta(removed_macs={1})))
    history.add(change(5, 6, NeighbourDelta(removed_macs={2})))
    assert history.since(1, 6) is None
    assert history.since(5, 6) == NeighbourDelta(removed_macs={2})
    assert history.since(8, 9) is None
    assert history.since(9, 9) == NeighbourDelta()
