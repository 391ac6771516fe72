"""Changes derived from deltas end where the whole goal state leads."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.projection import Projection, data_plane_state
from alcor.dataplane.driver import Change, State
from alcor.model.goal_state import GoalState, GoalStateDelta, NeighbourDelta, VpcNeighbours, apply_delta
from alcor.model.identifiers import Id
from tests.unit.agent.goal_states import MACS, OWN_VTEP, PORT_IDS, VTEPS, deltas, port, port_id

Step = tuple[GoalStateDelta, set[Id], bool]
steps = st.lists(st.tuples(deltas, st.sets(st.sampled_from(PORT_IDS)), st.booleans()), max_size=8)


def apply_change(state: State, change: Change) -> None:
    """What a driver does with a change, on plain data."""
    for gone in change.removed_endpoints:
        state.endpoints.pop(gone, None)
    state.endpoints.update(change.endpoints)
    for vni, delta in change.remotes.items():
        remotes = state.remotes.setdefault(vni, {})
        for mac in delta.removed:
            remotes.pop(mac, None)
        remotes.update(delta.put)
        if not remotes:
            del state.remotes[vni]
    state.vteps = (state.vteps - change.removed_vteps) | change.vteps


@given(steps)
def test_changes_lead_where_the_whole_leads(steps: list[Step]) -> None:
    goal, state, interfaces = GoalState(), State(), set[Id]()
    projection = Projection(OWN_VTEP)
    for delta, toggled, is_told in steps:
        projection.touch(goal, delta)
        apply_delta(goal, copy.deepcopy(delta))
        for changed in toggled:
            projection.touch_port(changed)
        interfaces ^= toggled
        if is_told:
            apply_change(state, projection.change(goal, interfaces))
            assert state == data_plane_state(goal, interfaces, OWN_VTEP)


@given(steps, steps)
def test_the_whole_forgets_what_was_touched_before(before: list[Step], after: list[Step]) -> None:
    goal, projection = GoalState(), Projection(OWN_VTEP)
    for delta, _, _ in before:
        projection.touch(goal, delta)
        apply_delta(goal, copy.deepcopy(delta))
    state = projection.whole(goal, frozenset())
    assert projection.change(goal, frozenset()) == Change()
    for delta, _, _ in after:
        projection.touch(goal, delta)
        apply_delta(goal, copy.deepcopy(delta))
    apply_change(state, projection.change(goal, frozenset()))
    assert state == data_plane_state(goal, frozenset(), OWN_VTEP)


def test_a_neighbour_waits_for_its_hosts_vtep() -> None:
    goal, projection = GoalState(), Projection(OWN_VTEP)
    for delta in (
        GoalStateDelta(neighbours={1: NeighbourDelta(put=VpcNeighbours(forwarding={MACS[0]: 2}))}),
        GoalStateDelta(vteps={2: VTEPS[2]}),
    ):
        projection.touch(goal, delta)
        apply_delta(goal, delta)
        change = projection.change(goal, frozenset())
    assert change.remotes[1].put == {MACS[0]: VTEPS[2]}
    assert change.vteps == {VTEPS[2]}


def test_own_macs_and_own_host_are_no_remotes() -> None:
    goal = GoalState(
        ports={port_id(1): port()},
        vteps={0: OWN_VTEP, 2: VTEPS[2]},
        neighbours={1: VpcNeighbours(forwarding={MACS[1]: 2, MACS[2]: 0, MACS[3]: 2})},
    )
    state = data_plane_state(goal, {port_id(1)}, OWN_VTEP)
    assert state.remotes == {1: {MACS[3]: VTEPS[2]}}
    assert state.vteps == {VTEPS[2]}
    assert state.endpoints.keys() == {port_id(1)}


def test_an_unchanged_vtep_costs_no_scan_of_neighbours() -> None:
    goal = GoalState(vteps={2: VTEPS[2]}, neighbours={1: VpcNeighbours(forwarding={MACS[3]: 2})})
    projection = Projection(OWN_VTEP)
    projection.touch(goal, GoalStateDelta(vteps={2: VTEPS[2]}))
    assert projection.change(goal, frozenset()) == Change()
