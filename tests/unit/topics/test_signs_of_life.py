"""A topic of which nothing changes costs few messages, and hosts notice what they missed as soon as ever."""

import pytest

from alcor.channels.topic_beats import BEAT_SECONDS, interval, patience
from tests.unit.dpm.cloud import HOSTS
from tests.unit.topics.simulation import TOPIC_INTERVAL, Simulation
from tests.unit.topics.test_simulated_topics import in_simulation, moved


def test_messages_come_soon_after_a_change_and_then_ever_less_often() -> None:
    assert [interval(quiet, 60) for quiet in range(6)] == [5, 10, 20, 40, 60, 60]


@pytest.mark.parametrize("longest", [0, 5, 60, 3600])
def test_two_messages_in_a_row_may_be_lost_before_a_topic_counts_as_silent(longest: float) -> None:
    for quiet in range(12):
        until_the_third = sum(interval(quiet + each, longest) for each in range(3))
        assert until_the_third + BEAT_SECONDS <= patience(quiet, longest) <= patience(None, longest)


@in_simulation
async def test_a_quiet_topic_costs_few_messages_and_keeps_its_hosts(simulation: Simulation) -> None:
    await simulation.go_on(60)
    before = simulation.queue.published
    await simulation.go_on(600)
    topics = 3  # of two VPCs and a group
    assert simulation.queue.published - before <= topics * (600 / TOPIC_INTERVAL + 1)
    assert simulation.fed() == 2 * len(HOSTS)
    assert not any(host.counters.values["topics_lost"] for host in simulation.hosts)


@in_simulation
async def test_a_change_that_was_lost_is_noticed_soon_however_quiet_it_was(simulation: Simulation) -> None:
    await simulation.go_on(120)
    simulation.queue.loses = True
    simulation.change(moved(2))
    await simulation.go_on(1)
    assert simulation.differences()
    simulation.queue.loses = False
    await simulation.go_on(15)
    assert not simulation.differences()


@in_simulation
async def test_that_nobody_publishes_is_noticed_in_three_intervals(simulation: Simulation) -> None:
    await simulation.go_on(120)
    simulation.queue.loses = True
    await simulation.go_on(2 * TOPIC_INTERVAL)
    assert simulation.fed() == 2 * len(HOSTS)
    await simulation.go_on(2 * TOPIC_INTERVAL)
    assert simulation.fed() == 0
