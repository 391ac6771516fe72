"""Hosts that come back get exactly what they missed, as long as it is kept."""

from hypothesis import given
from hypothesis import strategies as st

from alcor.dpm.history import DELTA_ITEMS, History
from alcor.model.goal_state import GoalState, GoalStateDelta, NeighbourDelta, VpcNeighbours, apply_delta
from tests.unit.channels.strategies import colliding_deltas

HOSTS = ["a", "b"]


@given(
    st.lists(st.dictionaries(st.sampled_from(HOSTS), colliding_deltas), max_size=10),
    st.integers(0, 10),
    st.integers(1, 10),
    st.integers(1, 200),
)
def test_what_a_host_missed_is_one_delta_that_does_the_same(
    entries: list[dict[str, GoalStateDelta]], revision: int, maximum_entries: int, maximum_items: int
) -> None:
    history = History(0, maximum_entries, maximum_items)
    states = {host_id: GoalState() for host_id in HOSTS}
    expected = {host_id: GoalState() for host_id in HOSTS}
    for position, deltas in enumerate(entries, 1):
        history.add(position, deltas)
        for host_id, delta in deltas.items():
            apply_delta(expected[host_id], delta)
            if position <= revision:
                apply_delta(states[host_id], delta)
    assert history.covers("a", len(entries))
    if history.covers("a", revision):
        for host_id, state in states.items():
            missed = history.since(host_id, revision)
            if missed is not None:
                apply_delta(state, missed)
            assert state == expected[host_id]


def test_a_history_keeps_the_latest_entries_within_its_limits() -> None:
    history = History(100, maximum_entries=3)
    for position in range(101, 110):
        history.add(position, {})
    assert history.covers("a", 106)
    assert not history.covers("a", 105)


def test_what_hosts_share_is_counted_once() -> None:
    shared = NeighbourDelta(put=VpcNeighbours(dict.fromkeys(range(10), 1)))
    deltas = {f"host-{number}": GoalStateDelta(neighbours={1: shared}) for number in range(100)}
    history = History(0, maximum_items=3 * (100 * (DELTA_ITEMS + 1) + 10))
    for position in (1, 2, 3):
        history.add(position, deltas)
    assert history.covers("a", 0)
    history.add(4, deltas)
    assert not history.covers("a", 0)


def test_many_hosts_that_are_told_little_are_not_kept_for_ever() -> None:
    """A thousand hosts that each hear of every port would otherwise take gigabytes."""
    deltas = {f"host-{number}": GoalStateDelta(neighbours={1: NeighbourDelta()}) for number in range(1000)}
    history = History(0, maximum_items=100_000)
    for position in range(1, 12):
        history.add(position, deltas)
    assert not history.covers("host-0", 0)
    assert history.covers("host-0", 2)


def test_a_delta_that_hosts_share_is_counted_once() -> None:
    deltas = dict.fromkeys([f"host-{number}" for number in range(1000)], GoalStateDelta(removed_vpcs={1}))
    history = History(0, maximum_items=5 * (1000 + DELTA_ITEMS + 1))
    for position in range(1, 6):
        history.add(position, deltas)
    assert history.covers("host-0", 0)
    history.add(6, deltas)
    assert not history.covers("host-0", 0)
