"""Workload interfaces in every odd order and shape."""

import asyncio

import pytest

from alcor.dataplane.driver import Change
from alcor.model.identifiers import id_text
from alcor.testbed.waiting import until
from tests.conformance.driver.cloud import EVERYONE, A, B, C, Cloud, endpoint, state
from tests.e2e.ovs.fabric import OvsFabric

pytestmark = pytest.mark.root


async def test_an_interface_of_before_the_driver_is_found_and_programmed(cloud: Cloud) -> None:
    newcomer = endpoint(4)
    await cloud.first.driver.stop()
    cloud.first.plug(newcomer.port_id)
    await cloud.first.start_driver()
    assert set(cloud.first.events.appeared) == {A.port_id, B.port_id, newcomer.port_id}
    assert await cloud.first.driver.replace(state((A, B, newcomer), (C,), cloud.second.vtep)) == {}
    assert await cloud.passes(cloud.first, newcomer, cloud.second, C)


async def test_an_interface_that_left_while_the_driver_was_away_leaves_no_flow(cloud: Cloud) -> None:
    await cloud.first.driver.stop()
    cloud.first.unplug(B.port_id)
    await cloud.first.start_driver()
    assert cloud.first.events.appeared == [A.port_id]
    assert await cloud.first.driver.replace(state((A, B), (C,), cloud.second.vtep)) == {}
    assert not any("fa:16:3e:00:00:02" in flow for flow in cloud.first.switch.flows())
    assert await cloud.passes(cloud.first, A, cloud.second, C)


async def test_an_interface_that_vanishes_takes_its_flows_along(cloud: Cloud) -> None:
    await cloud.first.detach(B.port_id)
    await until(
        lambda: not any("fa:16:3e:00:00:02" in flow for flow in cloud.first.switch.flows()), "the flows of B to go"
    )


async def test_an_interface_that_vanishes_while_it_is_programmed_leaves_no_flow(cloud: Cloud) -> None:
    first = cloud.first
    await first.detach(B.port_id)
    await until(lambda: not any("fa:16:3e:00:00:02" in flow for flow in first.switch.flows()), "the flows of B to go")
    before = first.switch.flows()
    for _ in range(10):
        await first.attach(B.port_id)
        vanishing = asyncio.create_task(asyncio.to_thread(first.unplug, B.port_id))
        while not vanishing.done():
            await first.driver.apply(Change(endpoints={B.port_id: B}))
            await first.driver.apply(Change(removed_endpoints={B.port_id}))
            await first.driver.apply(Change(endpoints={B.port_id: B}))
        await vanishing
        await until(lambda: B.port_id not in first.driver.interfaces(), "the interface to vanish")
        await until(lambda: first.switch.flows() == before, "the flows of B to go")


async def test_of_two_interfaces_with_one_port_id_one_is_used_and_then_the_other(cloud: Cloud) -> None:
    first = cloud.first
    with first.internal_interface("twin", f"iface-id={id_text(B.port_id)}"):
        assert await cloud.reached() == EVERYONE
        first.unplug(B.port_id)
        await until(lambda: first.events.appeared.count(B.port_id) > 1, "the other to take its place")
        assert await first.driver.apply(Change(endpoints={B.port_id: B})) == {}
        number = first.switch.vsctl("get", "interface", "twin", "ofport")
        assert any(f"in_port={number}" in flow for flow in first.switch.flows())
    await until(lambda: B.port_id not in first.driver.interfaces(), "the other to vanish")


@pytest.mark.parametrize("identity", ["attached-mac=1", "iface-id=not-a-uuid", 'iface-id=""'])
async def test_an_interface_that_carries_no_port_id_is_left_alone(cloud: Cloud, identity: str) -> None:
    with cloud.first.internal_interface("odd", identity):
        await cloud.attach(cloud.first, endpoint(4))  # what was told before is known by then
        assert cloud.first.driver.interfaces() == {A.port_id, B.port_id, endpoint(4).port_id}
        assert await cloud.reached() == EVERYONE


async def test_a_port_id_given_to_an_interface_later_counts_from_then_on(fabric: OvsFabric) -> None:
    first = fabric.hosts[0]
    with first.internal_interface("late"):
        first.switch.vsctl("set", "interface", "late", f"external_ids:iface-id={id_text(A.port_id)}")
        await until(lambda: first.events.appeared == [A.port_id], "the interface to appear")
        first.switch.vsctl("remove", "interface", "late", "external_ids", "iface-id")
        await until(lambda: first.events.vanished == [A.port_id], "the interface to vanish")
