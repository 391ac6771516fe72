"""Cells with message queues of their own: what changes is published where its hosts are, and each reads its own queue.

Hosts are in two cells by turns.
"""

from functools import partial

from alcor.model.subjects import security_group_topic, vpc_topic
from tests.unit.dpm.cloud import GROUPS, HOSTS, VPCS
from tests.unit.topics.simulation import HOLD_SECONDS, Host, Simulation
from tests.unit.topics.test_simulated_topics import group, in_simulation, moved, port_on

in_two_cells = partial(in_simulation, queues=2)
TOPICS = {vpc_topic(VPCS[0]), security_group_topic(GROUPS[0])}


def by_cell(simulation: Simulation) -> tuple[list[Host], list[Host]]:
    return simulation.hosts[0::2], simulation.hosts[1::2]


@in_two_cells
async def test_hosts_of_both_cells_learn_of_a_change_by_their_own_queue(simulation: Simulation) -> None:
    assert simulation.fed() == 2 * len(HOSTS)
    before = [queue.published for queue in simulation.queues]
    given = [host.sequence.revision for host in simulation.hosts]
    simulation.change(group(2))
    await simulation.go_on(1)
    published = [queue.published - count for queue, count in zip(simulation.queues, before, strict=True)]
    assert all(1 <= count <= 4 for count in published)  # it, and perhaps a sign of life of each
    assert not simulation.differences()
    assert {host.counters.values["topic_changes_taken"] for host in simulation.hosts} == {1}
    assert [host.sequence.revision for host in simulation.hosts] == given  # no goal state said it


@in_two_cells
async def test_a_queue_that_is_away_disturbs_no_host_of_another_cell(simulation: Simulation) -> None:
    near, far = by_cell(simulation)
    simulation.queues[1].go_away()
    simulation.change(moved(2))
    simulation.change(group(2))
    await simulation.go_on(3)
    assert not simulation.differences()
    assert [host.topics.fed for host in far] == [0, 0]
    assert [host.topics.fed for host in near] == [2, 2]
    assert not any(host.counters.values.get("topics_lost") for host in near)
    simulation.queues[1].come_back()
    simulation.change(moved(1))
    await simulation.go_on(100)
    assert simulation.fed() == 2 * len(HOSTS)
    assert not simulation.differences()


@in_two_cells
async def test_topics_leave_a_queue_some_time_after_their_last_host_there(simulation: Simulation) -> None:
    assert simulation.queues[1].topics == TOPICS
    simulation.change(port_on(0, 1), port_on(2, 3))
    await simulation.go_on(HOLD_SECONDS - 5)
    assert simulation.queues[1].topics == TOPICS
    await simulation.go_on(10)
    assert simulation.queues[1].topics == set()
    assert simulation.queues[0].topics == TOPICS
    simulation.change(port_on(1, 1))
    await simulation.go_on(20)
    assert simulation.queues[1].topics == TOPICS
    assert simulation.hosts[1].topics.fed == 2
    assert not simulation.differences()


@in_two_cells
async def test_hosts_that_read_elsewhere_than_their_nodes_cell_are_told_by_their_streams(
    simulation: Simulation,
) -> None:
    _, far = by_cell(simulation)
    simulation.change(*(("put_cell", host.host_id, "cell-0") for host in far))
    await simulation.go_on(HOLD_SECONDS + 100)
    assert simulation.queues[1].topics == set()
    assert [host.topics.fed for host in far] == [0, 0]
    simulation.change(group(2), moved(2))
    await simulation.go_on(1)
    assert not simulation.differences()


@partial(in_simulation, epoch=1000.0, queues=2)
async def test_a_topic_is_sealed_with_the_same_keys_on_both_queues(simulation: Simulation) -> None:
    simulation.change(group(2))
    await simulation.go_on(1)
    assert not simulation.differences()
    assert {host.counters.values["topic_changes_taken"] for host in simulation.hosts} == {1}
    assert not any(host.counters.values["topic_messages_not_opened"] for host in simulation.hosts)
