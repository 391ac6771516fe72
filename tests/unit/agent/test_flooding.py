"""A VPC is flooded while it is told ahead and small, and its copies go where its ports are."""

import pytest

from alcor.agent.flooding import Flooding
from alcor.dataplane.driver import Change, State
from alcor.model.goal_state import GoalState, GoalStateDelta, NeighbourDelta, Vpc, VpcNeighbours, apply_delta
from tests.unit.agent.goal_states import OWN_VTEP, port, port_id

VNI, OTHER = 1, 2
MOST = 4
FIRST, SECOND, THIRD = 0xC0A80002, 0xC0A80003, 0xC0A80004
VTEPS = {0: OWN_VTEP, 1: FIRST, 2: SECOND, 3: THIRD}


def goal(hosts: tuple[int, ...] = (1, 2), own: int = 1, on_demand: bool = False) -> GoalState:
    """A VPC with so many ports here, and one on each of these hosts."""
    return GoalState(
        vpcs={VNI: Vpc(bytes(16), VNI, 1450, on_demand=on_demand)},
        ports={port_id(number): port(number, VNI) for number in range(own)},
        vteps=dict(VTEPS),
        neighbours={VNI: VpcNeighbours(forwarding={100 + index: index for index in hosts})},
    )


class Told:
    """What a data plane was told of flooding, by one whole state and changes after it."""

    def __init__(self, goal: GoalState) -> None:
        self.goal, self.flooding, self.state = goal, Flooding(OWN_VTEP, MOST), State()
        self.flooding.add_whole(self.state, goal)
        self.flooded = dict(self.state.flooded)

    def change(self, delta: GoalStateDelta) -> Change:
        self.flooding.touch(self.goal, delta)
        apply_delta(self.goal, delta)
        change = Change()
        self.flooding.add_change(change, self.goal)
        for vni in change.removed_flooded:
            del self.flooded[vni]
        self.flooded |= change.flooded
        assert self.flooded == Told(self.goal).flooded
        return change


def forwarding(*hosts: int) -> GoalStateDelta:
    put = VpcNeighbours(forwarding={200 + index: index for index in hosts})
    return GoalStateDelta(neighbours={VNI: NeighbourDelta(put=put)})


def test_copies_go_to_the_other_hosts_that_have_ports() -> None:
    assert Told(goal()).flooded == {VNI: frozenset({FIRST, SECOND})}
    assert Told(goal(hosts=(0,))).flooded == {VNI: frozenset()}
    assert Told(goal(hosts=(1, 9))).flooded == {VNI: frozenset({FIRST})}


@pytest.mark.parametrize(
    "silent", [goal(on_demand=True), goal(own=3), goal((1, 2, 3), own=2)], ids=["on demand", "ports", "hosts"]
)
def test_a_vpc_on_demand_or_with_too_many_copies_is_not_flooded(silent: GoalState) -> None:
    assert Told(silent).flooded == {}


def test_hosts_are_told_as_they_come_and_go() -> None:
    told = Told(goal())
    assert told.change(forwarding(3)).flooded == {VNI: frozenset({FIRST, SECOND, THIRD})}
    gone = NeighbourDelta(removed_macs={101, 203})
    assert told.change(GoalStateDelta(neighbours={VNI: gone})).flooded == {VNI: frozenset({SECOND})}
    moved = told.change(GoalStateDelta(vteps={2: 0xC0A80009}))
    assert moved.flooded == {VNI: frozenset({0xC0A80009})}
    assert told.change(GoalStateDelta(removed_vpcs={VNI})).removed_flooded == {VNI}


def test_what_changes_nothing_is_not_told() -> None:
    told = Told(goal())
    assert told.change(forwarding(1, 2)) == Change()
    assert told.change(GoalStateDelta(ports={port_id(2): port(2, VNI)})) == Change()
    assert told.change(GoalStateDelta(vpcs={OTHER: Vpc(bytes(16), OTHER, 1450, on_demand=True)})) == Change()


def test_a_vpc_that_grows_falls_silent_and_one_that_shrinks_is_flooded_again() -> None:
    told = Told(goal())
    more = {port_id(number): port(number, VNI) for number in (1, 2)}
    assert told.change(GoalStateDelta(ports=more)).removed_flooded == {VNI}
    assert told.change(GoalStateDelta(removed_ports={port_id(2)})).flooded == {VNI: frozenset({FIRST, SECOND})}
    on_demand = Vpc(bytes(16), VNI, 1450, on_demand=True)
    assert told.change(GoalStateDelta(vpcs={VNI: on_demand})).removed_flooded == {VNI}
