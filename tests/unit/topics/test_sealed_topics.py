"""Hosts learn by sealed topics as by others, for as long as they are told the keys, and not much longer."""

from functools import partial

from alcor.channels.topic_sealing import NotOpened, TopicOpener
from alcor.model.subjects import vpc_topic
from tests.unit.dpm.cloud import HOSTS, PORTS, VPCS
from tests.unit.topics.simulation import TOPIC_INTERVAL, Host, Simulation
from tests.unit.topics.test_simulated_topics import group, in_simulation, moved

EPOCH = 100.0
VNI = 1
ALL = 2 * len(HOSTS)
"""All hosts learn by the topics of the VPC and of the group."""
ALL_BUT_ONE = ALL - 2
"""The second has no port any more."""
sealed = partial(in_simulation, epoch=EPOCH)


def not_opened(host: Host) -> int:
    return host.counters.values["topic_messages_not_opened"]


@sealed
async def test_hosts_learn_by_sealed_topics_over_epochs(simulation: Simulation) -> None:
    for host in (2, 3, 2, 3):
        await simulation.go_on(EPOCH)
        simulation.change(moved(host))
        await simulation.go_on(1)
        assert not simulation.differences()
    assert simulation.fed() == ALL_BUT_ONE
    assert not any(map(not_opened, simulation.hosts))
    assert not any(host.counters.values["topics_lost"] for host in simulation.hosts)


@sealed
async def test_another_controller_goes_on_publishing(simulation: Simulation) -> None:
    simulation.queue.pass_turns_on()
    before = simulation.hosts[0].counters.values["topic_changes_taken"]
    simulation.change(moved(2))
    await simulation.go_on(1)
    assert not simulation.differences()
    assert simulation.hosts[0].counters.values["topic_changes_taken"] > before
    await simulation.restart_controller(0)
    await simulation.restart_controller(1)
    await simulation.go_on(100)
    assert simulation.fed() == ALL_BUT_ONE
    assert not any(map(not_opened, simulation.hosts))


@sealed
async def test_a_host_that_does_not_know_of_keys_is_told_by_its_stream(simulation: Simulation) -> None:
    older = simulation.hosts[0]
    older.takes_keys = False
    await older.restart()
    await simulation.go_on(5 * TOPIC_INTERVAL)
    simulation.change(moved(2))
    await simulation.go_on(1)
    assert not simulation.differences()
    assert simulation.fed() == ALL_BUT_ONE - 2


@sealed
async def test_hosts_that_are_not_told_the_next_key_fall_back_and_come_again(simulation: Simulation) -> None:
    for controller in simulation.controllers:
        assert controller.telling is not None
        controller.telling.cancel()
    await simulation.go_on(EPOCH - 20)
    simulation.change(group(2))
    await simulation.go_on(5)
    assert not simulation.differences()
    await simulation.go_on(5 * TOPIC_INTERVAL)
    assert simulation.fed() == ALL
    assert all(map(not_opened, simulation.hosts))
    reasons = {reason for each in simulation.controllers for reason in each.manager.topics.fallen_back}
    assert reasons == {"something cannot be opened"}


@sealed
async def test_a_host_whose_last_port_is_gone_opens_nothing_of_the_next_epoch_but_one(simulation: Simulation) -> None:
    gone, topic = simulation.hosts[1], vpc_topic(VPCS[0])
    everything = await simulation.queue.read(topic)
    simulation.change(("delete_port", PORTS[1]))
    await simulation.go_on(1)
    opener = TopicOpener(topic, gone.topics._keys[VNI])
    assert opened(opener, everything.messages.get_nowait()), "it has read on until now"
    await simulation.go_on(1.25 * EPOCH)
    while not everything.messages.empty():
        everything.messages.get_nowait()
    simulation.change(moved(2))
    await simulation.go_on(1)
    assert not opened(opener, everything.messages.get_nowait())
    assert not simulation.differences()


def opened(opener: TopicOpener, message: bytes | None) -> bool:
    assert message is not None
    try:
        return bool(opener.open(message))
    except NotOpened:
        return False
