"""Agents, ovs-vswitchd and ovsdb-server come and go; what was flowing flows on, and what was programmed comes back."""

import asyncio

import pytest

from alcor.dataplane.driver import Change, DataPlane, DataPlaneUnavailable, Failures, State
from alcor.testbed.waiting import until
from tests.conformance.driver.cloud import ABSENT_MAC, EVERYONE, VNI, A, B, C, Cloud, endpoint, state
from tests.e2e.ovs.stream import stream

pytestmark = pytest.mark.root


async def replace_when_back(driver: DataPlane, wanted: State) -> Failures:
    """Replace, trying again as an agent does while the driver has no connection to the switch."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await driver.replace(wanted)
            except DataPlaneUnavailable:
                await asyncio.sleep(0.05)


async def test_a_restarted_agent_loses_no_packet_and_touches_only_what_differs(cloud: Cloud) -> None:
    first, second = cloud.first, cloud.second
    stale, kept, new = endpoint(101), endpoint(102), endpoint(103)
    await first.driver.replace(state((A, B), (C, stale, kept), second.vtep))
    before = first.switch.flows()
    with stream(first, A, second, C) as running:
        await running.goes_on()
        await first.restart_driver()
        await running.goes_on()
        assert first.switch.flows() == before
        assert await first.driver.replace(state((A, B), (C, kept, new), second.vtep)) == {}
        await running.goes_on()
    await running.has_lost_nothing()
    removed, added = before - first.switch.flows(), first.switch.flows() - before
    assert len(removed) == 1 and "dl_dst=fa:16:3e:00:00:65" in removed.pop()
    assert len(added) == 1 and "dl_dst=fa:16:3e:00:00:67" in added.pop()


async def test_an_agent_that_changed_its_mind_while_away_removes_stale_ports_under_traffic(cloud: Cloud) -> None:
    first, second = cloud.first, cloud.second
    with stream(first, A, second, C) as running:
        await running.goes_on()
        await first.restart_driver()
        assert await first.driver.replace(state((A,), (C,), second.vtep)) == {}
        await running.goes_on()
    await running.has_lost_nothing()
    assert await cloud.reached() == {(1, 3), (3, 1)}
    assert not any("fa:16:3e:00:00:02" in flow for flow in first.switch.flows())


async def test_every_life_of_an_agent_is_a_generation(cloud: Cloud) -> None:
    newcomers = endpoint(101), endpoint(102)
    generations = []
    for count in (1, 2):
        await cloud.first.restart_driver()
        await cloud.first.driver.replace(state((A, B), (C, *newcomers[:count]), cloud.second.vtep))
        (flow,) = (flow for flow in cloud.first.switch.flows() if f"dl_dst=fa:16:3e:00:00:{100 + count:x}" in flow)
        generations.append(int(flow.removeprefix("cookie=0x")[2:4], 16))
    assert generations[1] == (generations[0] + 1) % 256


async def test_a_killed_switch_is_programmed_again_in_full(cloud: Cloud) -> None:
    first = cloud.first
    before = first.switch.rules()
    await first.restart_data_plane()
    assert await first.driver.replace(state((A, B), (C,), cloud.second.vtep)) == {}
    assert first.switch.rules() == before
    assert await cloud.reached() == EVERYONE


async def test_a_switch_killed_again_and_again_comes_back_each_time(cloud: Cloud) -> None:
    for _ in range(3):
        await cloud.first.restart_data_plane()
    assert await cloud.first.driver.replace(state((A, B), (C,), cloud.second.vtep)) == {}
    assert await cloud.reached() == EVERYONE


async def test_what_is_asked_while_the_database_is_away_is_done_when_it_is_back(cloud: Cloud) -> None:
    """Without its database ovs-vswitchd stands still, flows and all."""
    first = cloud.first
    first.switch.server.kill()
    silenced = asyncio.create_task(first.driver.apply(Change(removed_endpoints={B.port_id})))
    first.switch.start_server()
    assert await silenced == {}
    assert await cloud.reached() == {(1, 3), (3, 1)}
    assert first.events.restarts == 0


async def test_after_the_database_came_back_interfaces_come_and_go_as_before(cloud: Cloud) -> None:
    first, newcomer = cloud.first, endpoint(4)
    first.switch.server.kill()
    first.switch.start_server()
    await first.attach(newcomer.port_id)
    assert await first.driver.apply(Change(endpoints={newcomer.port_id: newcomer})) == {}
    assert await cloud.passes(first, newcomer, cloud.second, C)
    await first.detach(newcomer.port_id)
    assert first.events.vanished == [newcomer.port_id]


async def test_database_and_switch_may_be_restarted_together(cloud: Cloud) -> None:
    first = cloud.first
    first.switch.switch.kill()
    first.switch.server.kill()
    first.switch.start_server()
    first.switch.start_switch()
    await until(lambda: first.events.restarts > 0, "the driver to say restarted")
    first.switch.wait_steady()
    assert first.driver.interfaces() == {A.port_id, B.port_id}
    assert await first.driver.replace(state((A, B), (C,), cloud.second.vtep)) == {}
    assert await cloud.reached() == EVERYONE


async def test_a_deleted_tunnel_port_is_made_again(cloud: Cloud) -> None:
    first = cloud.first
    first.switch.vsctl("del-port", "alcor-vxlan")
    await until(lambda: "alcor-vxlan" in first.switch.vsctl("list-ports", "br-int"), "the tunnel port")
    first.switch.vsctl("wait-until", "interface", "alcor-vxlan", "ofport>0")
    first.switch.wait_steady()
    assert await first.driver.replace(state((A, B), (C,), cloud.second.vtep)) == {}
    assert await cloud.reached() == EVERYONE


async def test_a_deleted_bridge_is_made_again(cloud: Cloud) -> None:
    first = cloud.first
    first.switch.vsctl("del-br", "br-int")
    await until(lambda: set(first.events.vanished) == {A.port_id, B.port_id}, "the interfaces to vanish")
    await until(lambda: "br-int" in first.switch.vsctl("list-br"), "the bridge to be there again")
    first.switch.vsctl("wait-until", "interface", "alcor-vxlan", "ofport>0")
    for port in (A, B):
        first.unplug(port.port_id)
        await first.attach(port.port_id)
    assert await replace_when_back(first.driver, state((A, B), (C,), cloud.second.vtep)) == {}
    assert await cloud.reached() == EVERYONE


async def test_a_host_learns_ten_thousand_neighbours_under_traffic_and_keeps_them(cloud: Cloud) -> None:
    first, second = cloud.first, cloud.second
    crowd = {ABSENT_MAC + number: second.vtep for number in range(10_000)}
    wanted = state((A, B), (C,), second.vtep)
    wanted.remotes[VNI] |= crowd
    with stream(first, A, second, C) as running:
        await running.goes_on()
        assert await first.driver.replace(wanted) == {}
        programmed = first.switch.flows()
        await running.goes_on()
        await first.restart_driver()
        assert await first.driver.replace(wanted) == {}
        await running.goes_on()
    assert len(programmed) > len(crowd)
    assert first.switch.flows() == programmed
    await running.has_lost_nothing()
