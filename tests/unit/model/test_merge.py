"""One merged delta does what two deltas in a row do."""

from hypothesis import given

from alcor.model.goal_state import GoalState, GoalStateDelta, apply_delta
from alcor.model.merge import copy_delta, merge_deltas
from tests.unit.channels.strategies import colliding_deltas


def _applied(*deltas: GoalStateDelta) -> GoalState:
    state = GoalState()
    for delta in deltas:
        apply_delta(state, delta)
    return state


@given(colliding_deltas, colliding_deltas, colliding_deltas)
def test_merged_deltas_do_what_they_do_one_after_the_other(
    start: GoalStateDelta, first: GoalStateDelta, second: GoalStateDelta
) -> None:
    assert _applied(start, merge_deltas(first, second)) == _applied(start, first, second)


@given(colliding_deltas, colliding_deltas)
def test_merging_changes_neither_and_shares_nothing(first: GoalStateDelta, second: GoalStateDelta) -> None:
    before = copy_delta(first), copy_delta(second)
    merged = merge_deltas(first, second)
    for part in (merged.vpcs, merged.subnets, merged.ports, merged.vteps):
        part.clear()
    for change in merged.neighbours.values():
        change.put.forwarding.clear()
        change.removed_macs.clear()
    assert (first, second) == before
