"""A testbed is real: ports become ACTIVE, DHCP gives addresses, packets cross hosts, and programs can be killed."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from alcor.testbed.cloud import Cloud, RequestRefused
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import Workload
from tests.e2e.testbed.remains import inhabitants, namespaces_of

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def testbed() -> Iterator[Testbed]:
    """Two hosts under a controller; workloads 1 and 2 on the first, 3 on the second."""
    with Testbed() as testbed:
        testbed.controller.start()
        first, second = testbed.add_hosts(2)
        for name, host in (("one", first), ("two", first), ("three", second)):
            testbed.add_workload(name, host)
        yield testbed


@pytest.fixture
async def cloud(testbed: Testbed) -> AsyncIterator[Cloud]:
    async with Cloud(testbed.controller) as cloud:
        yield cloud


@pytest.fixture
async def workloads(testbed: Testbed, cloud: Cloud) -> AsyncIterator[list[tuple[Workload, str]]]:
    """The three workloads in one subnet, each ACTIVE, and the address of its port."""
    for host in testbed.hosts:
        try:
            await cloud.register([host])
        except RequestRefused as error:
            assert "NodeExists" in str(error)
    network = await cloud.create("network", name="net")
    await cloud.create("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")
    plugged = []
    for workload in testbed.workloads.values():
        where = {"binding:host_id": workload.host.name}
        port = await cloud.create("port", network_id=network["id"], **where)
        workload.plug(port["id"], port["mac_address"])
        plugged.append((workload, port["fixed_ips"][0]["ip_address"]))
    for workload, _ in plugged:
        await cloud.wait_for_status("port", workload.port_id, "ACTIVE")
    await asyncio.to_thread(testbed.wait_steady)
    yield plugged
    for workload, _ in plugged:
        workload.unplug()
        await cloud.delete("port", workload.port_id)


def test_starting_hosts_again_leaves_what_runs_alone(testbed: Testbed) -> None:
    host = testbed.hosts[0]
    programs = (host.switch.server, host.switch.switch, host.agent)
    before = [program.process_id for program in programs]
    testbed.start_hosts()
    assert [program.process_id for program in programs] == before


async def test_a_workload_gets_what_its_subnet_says_by_dhcp(workloads: list[tuple[Workload, str]]) -> None:
    for workload, address in workloads:
        lease = await asyncio.to_thread(workload.request_lease)
        assert (lease.address, lease.prefix_length, lease.router) == (address, "24", "10.0.0.1")
        assert f"inet {address}/24" in workload.namespace.ip("address", "show", "dev", "eth0")


async def test_workloads_ping_on_one_host_and_across_hosts(workloads: list[tuple[Workload, str]]) -> None:
    for workload, _ in workloads:
        await asyncio.to_thread(workload.request_lease)
    for workload, own in workloads:
        for _, address in workloads:
            if address != own:
                assert await asyncio.to_thread(workload.ping, address) is not None
        assert await asyncio.to_thread(workload.ping, "10.0.0.200", 0.5) is None


async def test_traffic_flows_on_while_every_agent_and_the_controller_are_killed(
    testbed: Testbed, workloads: list[tuple[Workload, str]]
) -> None:
    for workload, _ in workloads:
        await asyncio.to_thread(workload.request_lease)

    def kill_and_restart() -> int:
        ping = workloads[0][0].keep_pinging(workloads[2][1])
        ping.wait_for_answers(20)
        testbed.controller.program.kill()
        for host in testbed.hosts:
            host.agent.kill()
        ping.wait_for_answers(20)
        for host in testbed.hosts:
            host.agent.start()
        testbed.controller.start()
        testbed.wait_connected()
        ping.wait_for_answers(20)
        ping.stop()
        return ping.lost()

    assert await asyncio.to_thread(kill_and_restart) == 0


async def test_a_moved_workload_is_found_at_its_new_host(
    testbed: Testbed, cloud: Cloud, workloads: list[tuple[Workload, str]]
) -> None:
    for workload, _ in workloads:
        await asyncio.to_thread(workload.request_lease)
    (watcher, _), (mover, address), *_ = workloads
    old, new = testbed.hosts
    await cloud.update("port", mover.port_id, {"binding:host_id": new.name})
    await asyncio.to_thread(mover.move, new)
    await cloud.wait_for_status("port", mover.port_id, "ACTIVE")
    await asyncio.to_thread(wait_until, lambda: watcher.ping(address, 0.2) is not None, "an answer")
    await cloud.update("port", mover.port_id, {"binding:host_id": old.name})
    await asyncio.to_thread(mover.move, old)


async def test_a_listener_hears_what_a_workload_is_sent_and_nothing_else(
    workloads: list[tuple[Workload, str]],
) -> None:
    for workload, _ in workloads:
        await asyncio.to_thread(workload.request_lease)
    (sender, own), (bystander, _), (receiver, address) = workloads
    hearing, overhearing = receiver.listen(), bystander.listen()
    assert await asyncio.to_thread(sender.ping, address) is not None
    source = bytes(map(int, own.split(".")))
    assert any(frame[26:30] == source for frame in hearing.heard())
    assert not any(frame[26:30] == source for frame in overhearing.heard())
    hearing.close()
    overhearing.close()


def test_nothing_is_left_of_a_closed_testbed() -> None:
    with Testbed() as testbed:
        testbed.controller.start()
        testbed.add_workload("one", testbed.add_hosts(1)[0])
        namespaces = namespaces_of(testbed.sandbox.process_id)
        names = " ".join(inhabitants(namespaces))
        assert "ovs-vswitchd" in names
        assert "ovsdb-server" in names
    assert inhabitants(namespaces) == []
