"""VPCs on demand over Open vSwitch: hosts are told of nobody ahead, and no packet is lost for it."""

import asyncio
import statistics
from collections.abc import AsyncIterator
from typing import Any

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import Workload

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]


class Region:
    """Three hosts, one VPC on demand."""

    def __init__(self, testbed: Testbed, cloud: Cloud, network_id: str) -> None:
        self.testbed, self.cloud, self.network_id = testbed, cloud, network_id
        self.ports: dict[str, Any] = {}

    async def add(self, name: str, host_number: int) -> Workload:
        """A workload with its address."""
        host = self.testbed.hosts[host_number]
        binding = {"binding:host_id": host.name}
        port = self.ports[name] = await self.cloud.create("port", network_id=self.network_id, **binding)
        workload = self.testbed.add_workload(name, host)
        workload.plug(port["id"], port["mac_address"])
        await self.cloud.wait_for_status("port", port["id"], "ACTIVE")
        workload.request_lease()
        return workload

    def address(self, name: str) -> str:
        """The workload's address."""
        address: str = self.ports[name]["fixed_ips"][0]["ip_address"]
        return address

    def host(self, number: int) -> Host:
        """A host by its number, from 0."""
        return self.testbed.hosts[number]


@pytest.fixture
async def region() -> AsyncIterator[Region]:
    with Testbed(controller_arguments=("--on-demand-above", "0")) as testbed:
        testbed.controller.start()
        testbed.make_hosts(3)
        async with Cloud(testbed.controller) as cloud:
            await cloud.register(testbed.hosts)
            testbed.start_hosts()
            network = await cloud.create("network", name="large")
            await cloud.create("subnet", network_id=network["id"], ip_version=4, cidr="10.40.0.0/16")
            yield Region(testbed, cloud, network["id"])


async def test_hosts_are_told_of_nobody_and_the_first_packet_arrives(region: Region) -> None:
    sender = await region.add("a", 0)
    await region.add("b", 1)
    assert region.host(0).status()["neighbours"] == 0
    region.testbed.wait_steady()
    assert sender.ping(region.address("b")) is not None
    assert region.host(0).status()["neighbours_learned"] == 1


async def test_an_address_that_nobody_has_is_not_answered(region: Region) -> None:
    sender = await region.add("a", 0)
    assert sender.ping("10.40.77.77", timeout=0.5) is None
    assert region.host(0).status()["neighbours_learned"] == 0


async def test_a_peer_that_moves_is_followed_at_once(region: Region) -> None:
    sender, receiver = await region.add("a", 0), await region.add("b", 1)
    region.testbed.wait_steady()
    assert sender.ping(region.address("b")) is not None
    port_id = region.ports["b"]["id"]
    await region.cloud.update("port", port_id, {"binding:host_id": region.host(2).name})
    receiver.move(region.host(2))
    await region.cloud.wait_for_status("port", port_id, "ACTIVE")
    region.testbed.wait_steady()
    assert sender.ping(region.address("b")) is not None


async def test_a_peer_that_is_deleted_is_silent(region: Region) -> None:
    sender = await region.add("a", 0)
    await region.add("b", 1)
    region.testbed.wait_steady()
    assert sender.ping(region.address("b")) is not None
    await region.cloud.delete("port", region.ports["b"]["id"])
    wait_until(lambda: region.host(0).status()["neighbours_learned"] == 0, "the peer to be forgotten")
    assert sender.ping(region.address("b"), timeout=0.5) is None


async def test_neither_agent_nor_controller_is_needed_by_traffic_that_flows(region: Region) -> None:
    sender = await region.add("a", 0)
    await region.add("b", 1)
    region.testbed.wait_steady()
    ping = sender.keep_pinging(region.address("b"))
    ping.wait_for_answers(50)
    await asyncio.sleep(1.1)  # what was learned is on disk at most a second later
    region.testbed.controller.program.kill()
    for host in region.testbed.hosts[:2]:
        host.agent.kill()
    ping.wait_for_answers(50)
    for host in region.testbed.hosts[:2]:
        host.agent.start()
        wait_until(lambda host=host: host.status().get("goal_state") == "complete", f"the agent of {host.name}")  # type: ignore[misc]
    ping.wait_for_answers(100)
    region.testbed.controller.start()
    region.testbed.wait_connected()
    ping.wait_for_answers(50)
    ping.stop()
    assert ping.lost() == 0


async def test_a_vpc_that_is_told_ahead_again_loses_nothing(region: Region) -> None:
    sender = await region.add("a", 0)
    await region.add("b", 1)
    region.testbed.wait_steady()
    ping = sender.keep_pinging(region.address("b"))
    for programming, neighbours in (("push", 1), ("on_demand", 0), ("push", 1)):
        ping.wait_for_answers(20)
        await region.cloud.set_programming(region.network_id, programming)
        wait_until(lambda known=neighbours: region.host(0).status()["neighbours"] == known, programming)  # type: ignore[misc]
        ping.wait_for_answers(20)
    ping.stop()
    assert ping.lost() == 0


async def test_the_first_packet_takes_little_longer_than_the_others(region: Region) -> None:
    """What it takes is printed, and measured by benchmarks; here it only has to be there."""
    sender = await region.add("a", 0)
    names = [f"p{number}" for number in range(8)]
    for name in names:
        await region.add(name, 1)
    region.testbed.wait_steady()
    first = [sender.ping(region.address(name)) for name in names]
    steady = [sender.ping(region.address(name)) for name in names]
    assert None not in (*first, *steady)
    print(f"first {statistics.median(first):.2f} ms, steady {statistics.median(steady):.2f} ms")  # type: ignore[type-var]
