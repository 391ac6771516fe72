"""Every VPC asks the first of its order that is not away, and nobody is left without one who could be reached."""

import random

from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.on_demand.choosing import CONFIGURED, Reach, choose

NAMES = ["a", "b", "c", "d", "e", CONFIGURED]
orders = st.permutations(NAMES[:-1]).flatmap(
    lambda names: st.integers(0, len(names)).map(lambda count: [*names[:count], CONFIGURED])
)
reaches = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(Reach))
currents = st.one_of(st.none(), st.sampled_from(NAMES))


@given(orders, reaches, currents)
def test_the_first_that_is_not_away_is_asked_as_soon_as_it_is_reached(
    order: list[str], reach: dict[str, Reach], current: str | None
) -> None:
    choice = choose(order, reach, current)
    first = next((name for name in order if reach.get(name) is not Reach.DOWN), None)
    if first is not None and reach.get(first) is Reach.UP:
        assert choice.manager == first
    elif current is not None and reach.get(current) is Reach.UP:
        assert choice.manager is not None, "who was asked is asked on"


@given(orders, reaches)
def test_another_that_is_at_hand_is_not_burdened_while_the_first_is_being_tried(
    order: list[str], reach: dict[str, Reach]
) -> None:
    for dead in (0, 1):
        known = (
            reach | dict.fromkeys(order[:dead], Reach.DOWN) | {order[dead]: Reach.TRYING} if len(order) > dead else {}
        )
        assert choose(order, known, None).manager is None


def test_after_two_dead_ones_whoever_is_at_hand_is_asked() -> None:
    reach = {"a": Reach.DOWN, "b": Reach.DOWN, "c": Reach.TRYING, "d": Reach.UP}
    assert choose(["a", "b", "c", "d"], reach, None).manager == "d"


@given(orders, reaches, currents)
def test_who_is_asked_is_kept_and_those_that_cannot_be_reached_are_tried_on(
    order: list[str], reach: dict[str, Reach], current: str | None
) -> None:
    choice = choose(order, reach, current)
    assert len(set(choice.wanted)) == len(choice.wanted)
    assert choice.manager is None or choice.manager in choice.wanted
    first_not_down = next((at for at, name in enumerate(order) if reach.get(name) is not Reach.DOWN), len(order))
    assert list(choice.wanted[:first_not_down]) == order[:first_not_down]


@given(orders, reaches, currents)
def test_nobody_is_tried_without_need(order: list[str], reach: dict[str, Reach], current: str | None) -> None:
    choice = choose(order, reach, current)
    tried = [name for name in choice.wanted if reach.get(name, Reach.TRYING) is Reach.TRYING]
    down = [name for name in choice.wanted if reach.get(name) is Reach.DOWN]
    assert len(tried) <= max(1, len(down))
    reached = [name for name in order if reach.get(name) is Reach.UP]
    if reached:
        assert not set(order[order.index(reached[0]) + 1 :]) & set(choice.wanted) - {current}


@given(orders, st.sets(st.sampled_from(NAMES)), currents, st.randoms())
def test_whoever_lives_the_first_of_them_is_found_and_only_that_one_kept(
    order: list[str], alive: set[str], current: str | None, dice: random.Random
) -> None:
    """Streams come up and fail one at a time, in any order."""
    reach: dict[str, Reach] = {} if current is None else {current: Reach.UP if current in alive else Reach.DOWN}
    for _ in range(3 * len(NAMES)):
        choice = choose(order, reach, current)
        assert current not in alive or choice.manager is not None, "who lived was given up for nobody"
        current = choice.manager
        reach = {name: reach.get(name, Reach.TRYING) for name in choice.wanted}
        if trying := sorted(name for name, how in reach.items() if how is Reach.TRYING):
            name = dice.choice(trying)
            reach[name] = Reach.UP if name in alive else Reach.DOWN
    living = [name for name in order if name in alive]
    if living:
        assert current == living[0]
        assert set(reach) == set(order[: order.index(living[0]) + 1])
    elif current is not None:
        assert current in alive


@given(orders, currents)
def test_one_that_was_never_tried_is_not_gone_to_before_it_is_reached(order: list[str], current: str | None) -> None:
    reach = {} if current is None else {current: Reach.UP}
    choice = choose(order, reach, current)
    assert choice.manager == current
    assert order[0] in choice.wanted


def test_a_long_row_of_dead_ones_is_not_waited_for_one_by_one() -> None:
    order = [*map(str, range(50)), CONFIGURED]
    reach: dict[str, Reach] = {}
    rounds = 0
    while CONFIGURED not in reach:
        reach = dict.fromkeys(reach, Reach.DOWN)
        reach = {name: reach.get(name, Reach.TRYING) for name in choose(order, reach, None).wanted}
        rounds += 1
    assert rounds < 10
    assert choose(order, {"0": Reach.DOWN}, None).wanted == ("0", "1"), "but a single one is no reason to hurry"
