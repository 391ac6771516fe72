"""Whatever happens to controllers, hosts, streams and the message queue, every host ends with what it should have."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from alcor.model.records import PortRecord, SecurityGroupRecord, SecurityRule
from tests.unit.dpm.cloud import ADDRESSES, GROUPS, HOSTS, MACS, PORTS, SUBNETS, VPCS
from tests.unit.dpm.histories import operations
from tests.unit.topics.simulation import TOPIC_INTERVAL, Simulation, run


def group(port: int, *, queued: bool = True) -> tuple[object, ...]:
    """The security group of all ports lets a TCP port in."""
    return "put_group", SecurityGroupRecord(GROUPS[0], True, (SecurityRule(True, False, 6, port, port),), queued)


def port_on(host: int, number: int, groups: tuple[bytes, ...] = (GROUPS[0],)) -> tuple[object, ...]:
    fixed_ips = ((SUBNETS[0], ADDRESSES[number]),)
    return "put_port", PortRecord(PORTS[number], VPCS[0], MACS[number], fixed_ips, HOSTS[host], security_groups=groups)


_FIRST: tuple[tuple[object, ...], ...] = (
    *(("put_vpc", vpc_id, number, 1450, True, False, True) for number, vpc_id in enumerate(VPCS[:2], 1)),
    *(("put_node", host_id, number, False) for number, host_id in enumerate(HOSTS, 1)),
    *(("put_subnet", subnet_id, VPCS[number % 2], True) for number, subnet_id in enumerate(SUBNETS)),
    group(1),
    *(port_on(number, number) for number in range(len(HOSTS))),
)


def moved(host: int) -> tuple[object, ...]:
    """The second host's port is on another one."""
    return port_on(host, 1)


def in_simulation(
    test: Callable[[Simulation], Coroutine[Any, Any, None]], epoch: float = 0.0, queues: int = 1
) -> Callable[[], None]:
    async def simulated() -> None:
        async with Simulation(epoch=epoch, queues=queues) as simulation:
            simulation.change(*_FIRST)
            await simulation.go_on(20)
            await test(simulation)

    def run_test() -> None:
        run(simulated())

    run_test.__name__, run_test.__doc__ = test.__name__, test.__doc__
    return run_test


@in_simulation
async def test_hosts_come_to_read_the_topics_of_their_vpc_and_of_their_group(simulation: Simulation) -> None:
    assert simulation.fed() == 2 * len(HOSTS)
    assert not simulation.differences()


@in_simulation
async def test_a_change_is_published_once_and_reaches_all(simulation: Simulation) -> None:
    before = simulation.queue.published
    simulation.change(moved(2))
    await simulation.go_on(1)
    assert simulation.queue.published - before <= 4  # it, and perhaps a sign of life of each
    assert not simulation.differences()
    others = [number for number in range(len(HOSTS)) if number not in (1, 2)]
    for number in others:
        host = simulation.hosts[number]
        assert host.counters.values["topic_changes_taken"] == 1


@in_simulation
async def test_rules_of_a_queued_group_are_published_once_and_reach_all(simulation: Simulation) -> None:
    before = simulation.queue.published
    acknowledged = [host.sequence.revision for host in simulation.hosts]
    simulation.change(group(2))
    await simulation.go_on(1)
    assert simulation.queue.published - before <= 4
    assert not simulation.differences()
    assert {host.counters.values["topic_changes_taken"] for host in simulation.hosts} == {1}
    assert [host.sequence.revision for host in simulation.hosts] == acknowledged  # no goal state said it


@in_simulation
async def test_who_becomes_a_member_and_who_ceases_to_be_reaches_all_by_the_topic_of_their_vpc(
    simulation: Simulation,
) -> None:
    others = [host for number, host in enumerate(simulation.hosts) if number != 1]
    given = [host.sequence.revision for host in others]
    for groups in ((GROUPS[0], GROUPS[1]), (GROUPS[1],)):
        simulation.change(port_on(1, 1, groups))
        await simulation.go_on(1)
        vpc = [host.wanted.state.neighbours[1] for host in others]
        assert {neighbours.memberships[MACS[1]].security_groups for neighbours in vpc} == {groups}
    assert [host.sequence.revision for host in others] == given  # no goal state said it


@in_simulation
async def test_a_host_that_hears_nothing_is_told_by_its_stream_and_then_by_topic_again(simulation: Simulation) -> None:
    simulation.queue.loses = True
    simulation.change(group(2))
    await simulation.go_on(4 * TOPIC_INTERVAL)
    assert simulation.fed() == 0
    simulation.change(group(3))
    await simulation.go_on(1)
    assert not simulation.differences()
    simulation.queue.loses = False
    await simulation.go_on(100)
    assert simulation.fed() == 2 * len(HOSTS)
    assert not simulation.differences()


@in_simulation
async def test_one_lost_change_of_a_group_is_noticed_and_made_up_for(simulation: Simulation) -> None:
    simulation.queue.loses = True
    simulation.change(group(2))
    await simulation.go_on(1)
    simulation.queue.loses = False
    await simulation.go_on(20)
    assert not simulation.differences()


@in_simulation
async def test_a_group_that_is_queued_no_more_is_told_by_streams(simulation: Simulation) -> None:
    simulation.change(group(2, queued=False))
    await simulation.go_on(2)
    assert simulation.fed() == len(HOSTS)  # of the VPC
    simulation.change(group(3, queued=False))
    await simulation.go_on(1)
    assert not simulation.differences()
    simulation.change(group(4))
    await simulation.go_on(20)
    assert simulation.fed() == 2 * len(HOSTS)
    assert not simulation.differences()


@in_simulation
async def test_a_host_whose_last_port_leaves_a_queued_group_has_it_no_more(simulation: Simulation) -> None:
    simulation.change(port_on(1, 1, ()))
    simulation.change(group(2))
    await simulation.go_on(2)
    assert GROUPS[0] not in simulation.hosts[1].wanted.state.security_groups
    simulation.change(port_on(1, 1))
    simulation.change(group(3))
    await simulation.go_on(20)
    assert simulation.fed() == 2 * len(HOSTS)
    assert not simulation.differences()


_steps = st.one_of(
    *[st.tuples(st.just("change"), st.lists(operations, min_size=1, max_size=3))] * 5,
    *[st.tuples(st.just("move"), st.integers(0, 3))] * 3,
    *[st.tuples(st.just("rules"), st.integers(1, 9), st.sampled_from([True, True, True, False]))] * 3,
    st.tuples(st.just("member"), st.integers(0, 3), st.booleans()),
    *[st.tuples(st.just("read"), st.integers(0, 1), st.integers(1, 3))] * 4,
    *[st.tuples(st.just("take"), st.integers(0, 3))] * 4,
    *[st.tuples(st.just("report"), st.integers(0, 3))] * 4,
    *[st.tuples(st.just("wait"), st.sampled_from([0.0, 0.5, 3.0, 10.0]))] * 2,
    st.tuples(st.just("go_on"), st.sampled_from([1.0, 5.0, 20.0])),
    st.tuples(st.just("connect"), st.integers(0, 3), st.integers(0, 1)),
    st.tuples(st.just("disconnect"), st.integers(0, 3)),
    st.tuples(st.just("lose_one"), st.integers(0, 3)),
    st.tuples(st.just("restart_host"), st.integers(0, 3)),
    st.tuples(st.just("restart_controller"), st.integers(0, 1)),
    st.tuples(st.just("resync"), st.integers(0, 3)),
    st.tuples(st.just("give_up"), st.integers(0, 3), st.integers(0, 1)),
    st.tuples(st.just("other_turns")),
    st.tuples(st.just("broker_away")),
    st.tuples(st.just("broker_back")),
    st.tuples(st.just("loses"), st.booleans()),
    st.tuples(st.just("repeats"), st.booleans()),
    st.tuples(st.just("beat")),
    st.tuples(st.just("cell"), st.integers(0, 3), st.integers(0, 1)),
)


async def _step(simulation: Simulation, name: str, arguments: tuple[Any, ...]) -> None:
    hosts, controllers, queue = simulation.hosts, simulation.controllers, simulation.queue
    match name:
        case "change":
            simulation.change(*arguments[0])
        case "move":
            simulation.change(moved(arguments[0]))
        case "rules":
            simulation.change(group(arguments[0], queued=arguments[1]))
        case "member":
            simulation.change(port_on(arguments[0], arguments[0], (GROUPS[0],) if arguments[1] else ()))
        case "read":
            await controllers[arguments[0]].read_on(arguments[1])
        case "take":
            await hosts[arguments[0]].take()
        case "report":
            hosts[arguments[0]].report()
        case "wait":
            await asyncio.sleep(arguments[0])
        case "go_on":
            await simulation.go_on(arguments[0])
        case "connect":
            hosts[arguments[0]].connect(controllers[arguments[1]])
        case "disconnect":
            hosts[arguments[0]].disconnect()
        case "lose_one":
            hosts[arguments[0]].lose_one()
        case "restart_host":
            await hosts[arguments[0]].restart()
        case "restart_controller":
            await simulation.restart_controller(arguments[0])
        case "resync":
            if hosts[arguments[0]].controller is not None:
                hosts[arguments[0]].stream.resync()
        case "give_up":
            controllers[arguments[1]].give_up(HOSTS[arguments[0]])
        case "other_turns":
            queue.pass_turns_on()
        case "broker_away":
            queue.go_away()
        case "broker_back":
            queue.come_back()
        case "loses":
            queue.loses = arguments[0]
        case "repeats":
            queue.repeats = arguments[0]
        case "beat":
            for controller in controllers:
                controller.beat()
        case "cell":
            simulation.change(("put_cell", HOSTS[arguments[0]], f"cell-{arguments[1]}"))


@settings(max_examples=100, deadline=None)
@example(True, True, 1, [("change", [("put_node", HOSTS[0], 1, True)]), ("disconnect", 0)])
@example(True, True, 1, [("change", [("put_node", HOSTS[1], 1, True)]), ("restart_controller", 1)])
@given(st.booleans(), st.booleans(), st.integers(1, 2), st.lists(_steps, max_size=40))
def test_every_host_ends_with_what_it_should_have(
    everything: bool, settled: bool, queues: int, steps: list[tuple[Any, ...]]
) -> None:
    async def simulated() -> None:
        async with Simulation(everything=everything, queues=queues) as simulation:
            simulation.change(*_FIRST)
            if settled:
                await simulation.go_on(20)
            for name, *arguments in steps:
                await _step(simulation, name, tuple(arguments))
            simulation.queue.loses = False
            simulation.queue.come_back()
            await simulation.go_on(200)
            assert not simulation.differences()
            assert not simulation.drifts()

    run(simulated())
