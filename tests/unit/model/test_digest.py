"""A digest says whether two goal states are the same, and which parts are not, whatever order they came about in."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alcor.model.digest import Digest, digest_in_steps, digest_of
from alcor.model.goal_state import GoalState, GoalStateDelta, NetworkAcl, Port, Subnet, Vpc, VpcNeighbours, apply_delta
from alcor.model.merge import copy_delta
from alcor.model.records import NetworkAclRule
from tests.unit.agent.goal_states import deltas


def applied(changes: list[GoalStateDelta]) -> GoalState:
    state = GoalState()
    for change in changes:
        apply_delta(state, copy_delta(change))
    return state


def parts(state: GoalState) -> dict[str, object]:
    return {part: getattr(state, part) for part in Digest.__struct_fields__}


histories = st.lists(deltas, max_size=5).map(applied)


@settings(max_examples=200, deadline=None)
@given(histories, histories)
def test_digests_differ_in_exactly_the_parts_that_do(one: GoalState, other: GoalState) -> None:
    mine, theirs = parts(one), parts(other)
    assert digest_of(one).differences(digest_of(other)) == [part for part in mine if mine[part] != theirs[part]]


@settings(max_examples=100, deadline=None)
@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_count(state: GoalState, shuffle: random.Random) -> None:
    def shuffled(items: dict[object, object]) -> dict[object, object]:
        keys = list(items)
        shuffle.shuffle(keys)
        return {key: items[key] for key in keys}

    other = GoalState(**{name: shuffled(part) for name, part in parts(state).items()})  # type: ignore[arg-type]
    for vni, known in other.neighbours.items():
        other.neighbours[vni] = VpcNeighbours(*(shuffled(getattr(known, name)) for name in known.__struct_fields__))  # type: ignore[arg-type]
    assert digest_of(other) == digest_of(state)


SUBNET = Subnet(b"s" * 16, 7, "10.0.0.0/24", "10.0.0.1", True, ("10.0.0.2",), (("0.0.0.0/0", "10.0.0.9"),))
SMALL = GoalState(
    revision=9,
    vpcs={7: Vpc(b"v" * 16, 7, 1450, "example.org")},
    subnets={b"s" * 16: SUBNET},
    ports={b"p" * 16: Port(b"p" * 16, 7, 0xFA163E000001, ((b"s" * 16, "10.0.0.3"),), hostname="a")},
    vteps={2: 0xC0A80002},
    neighbours={7: VpcNeighbours({0xFA163E000002: 2}, {0x0A000004: 0xFA163E000002}, {b"\xfd" * 16: 0xFA163E000002})},
    network_acls={b"a" * 16: NetworkAcl(b"a" * 16, (NetworkAclRule(100, True, True, False, "0.0.0.0/0", 6, 80, 88),))},
)


def test_digests_are_the_same_everywhere() -> None:
    """Hosts and controllers of different versions compare them: another form is another digest.VERSION."""
    assert digest_of(SMALL) == Digest(
        vpcs=454896105507058032,
        subnets=1720347200993998400,
        ports=12239704038029042941,
        vteps=13149828495924177542,
        neighbours=8334791909830489513,
        network_acls=10888757151503850436,
    )


def test_nothing_has_no_digest() -> None:
    assert digest_of(GoalState(revision=3)) == Digest()


@pytest.mark.parametrize("count", [2, 4])
def test_the_same_neighbours_in_several_vpcs_do_not_cancel_out(count: int) -> None:
    known = VpcNeighbours({1: 2}, {3: 1}, {b"\0" * 16: 1})
    digests = {digest_of(GoalState(neighbours=dict.fromkeys(range(vpcs), known))).neighbours for vpcs in range(count)}
    assert len(digests) == count


def test_a_state_may_change_while_it_is_digested_in_steps() -> None:
    state = applied([])
    state.neighbours[1] = VpcNeighbours(dict.fromkeys(range(5000), 1), dict.fromkeys(range(5000), 1))
    before = digest_of(state)
    steps = digest_in_steps(state)
    next(steps)
    state.neighbours[1].forwarding.clear()
    state.vteps[1] = 1
    with pytest.raises(StopIteration) as end:
        while True:
            next(steps)
    assert end.value.value == before
