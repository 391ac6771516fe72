"""VPCs on demand under traffic: nothing is lost, nobody is overrun, and the switch forgets by itself."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

import pytest

from alcor.dataplane.driver import Change, RemoteDelta
from alcor.testbed.waiting import until
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import ABSENT_MAC, EVERYONE, VNI, A, B, C, Cloud, endpoint, frame
from tests.conformance.driver.on_demand import learning, misses, on_demand_state
from tests.e2e.ovs.stream import stream

pytestmark = pytest.mark.root


@contextlib.asynccontextmanager
async def agent(cloud: Cloud) -> AsyncIterator[None]:
    """Learns of C when it is missed, and forwards every packet that was."""
    driver, missed = cloud.first.driver, cloud.first.events.missed

    async def answer() -> None:
        await until(lambda: bool(missed), "a miss")
        assert await driver.apply(learning(cloud, C)) == {}
        for number in itertools.count():
            await until(lambda number=number: len(missed) > number, "another miss", timeout=60)
            await driver.forward(*missed[number])

    answering = asyncio.create_task(answer())
    try:
        yield
    finally:
        answering.cancel()


async def test_of_a_stream_to_a_peer_never_met_nothing_is_lost(learner: Cloud) -> None:
    async with agent(learner):
        with stream(learner.first, A, learner.second, C) as running:
            await running.goes_on()
        await until(lambda: len(running.received()) >= running.sent, "the last datagrams of the stream")
    assert sorted(running.received()) == list(range(running.sent))
    assert 0 < len(learner.first.events.missed) < running.sent


async def test_a_stream_passes_while_its_peer_turns_from_remote_to_learned_and_back(learner: Cloud) -> None:
    first, there = learner.first, learner.second.vtep
    put, removed = {VNI: RemoteDelta(put={C.mac: there})}, {VNI: RemoteDelta(removed={C.mac})}
    await first.driver.apply(Change(remotes=put))
    with stream(first, A, learner.second, C) as running:
        await running.goes_on()
        for _ in range(25):
            await first.driver.apply(Change(remotes=removed, learned=put))
            await first.driver.apply(Change(remotes=put, learned=removed))
        await running.goes_on()
    await running.has_lost_nothing()
    assert first.events.missed == first.events.idle == []


async def test_a_restarted_agent_that_says_the_same_touches_nothing_learned(learner: Cloud) -> None:
    first = learner.first
    await first.driver.apply(learning(learner, C, *(endpoint(number) for number in range(100, 200))))
    before = first.switch.flows()
    await first.restart_driver()
    wanted = on_demand_state(learner, [C, *(endpoint(number) for number in range(100, 199)), endpoint(200)])
    assert await first.driver.replace(wanted) == {}
    removed, added = before - first.switch.flows(), first.switch.flows() - before
    assert len(removed) == 1 and "dl_dst=fa:16:3e:00:00:c7" in removed.pop()
    assert len(added) == 1 and "dl_dst=fa:16:3e:00:00:c8" in added.pop()
    assert await learner.reached() == EVERYONE


async def test_a_workload_that_scans_reaches_the_agent_in_part_and_keeps_nobody_else_from_it(
    learner: Cloud,
) -> None:
    for number in range(5000):
        mac = ABSENT_MAC + number % 500
        await learner.first.inject(A.port_id, packets.udp_frame(mac, A.mac, A.ipv4[0], 0x0A0000FF, b"%d" % number))
    other = frame(B, C)
    await learner.first.inject(B.port_id, other)
    await until(lambda: misses(learner.first, other) == [B.port_id], "the packet of the other workload to be missed")
    missed = sum(port_id == A.port_id for port_id, _ in learner.first.events.missed)
    assert 0 < missed < 2500
    assert await learner.passes(learner.first, A, learner.first, B)


async def test_the_agent_is_not_told_of_idle_flows_that_are_not_its_own(learner: Cloud) -> None:
    first = learner.first
    await first.hasten_idleness()
    await first.driver.replace(on_demand_state(learner))
    place = "table=70,priority=90,idle_timeout=1,send_flow_rem"
    first.switch.ofctl("add-flow", f"{place},metadata={VNI},dl_dst=fa:16:3e:00:00:09,actions=drop")
    await first.driver.apply(learning(learner, C))
    await first.until_idle(VNI, C.mac)
    await until(lambda: not any("fa:16:3e:00:00:09" in flow for flow in first.switch.flows()), "the other flow to go")
    await learner.fabric.settle()
    assert first.events.idle == [(VNI, C.mac)]
