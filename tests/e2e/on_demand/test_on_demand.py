"""VPCs on demand over Open vSwitch: hosts are told of nobody ahead, and no packet is lost for it."""

import statistics
from collections.abc import AsyncIterator

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from tests.e2e.migrated import start_migrated
from tests.e2e.on_demand.region import Region, create_region
from tests.e2e.two_hosts import lose_nothing_to_restarts

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]


@pytest.fixture
async def region() -> AsyncIterator[Region]:
    with Testbed(controller_arguments=("--on-demand-above", "0")) as testbed:
        start_migrated(testbed.controller)
        testbed.make_hosts(3)
        async with Cloud(testbed.controller) as cloud:
            yield await create_region(testbed, cloud)


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
    await region.move(receiver, 2)
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
    lose_nothing_to_restarts(region.testbed, region.testbed.hosts[:2], [ping])


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
