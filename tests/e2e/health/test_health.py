"""An operator sees which hosts do not reach each other on the underlay, and whose data plane is gone."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed
from tests.e2e.migrated import start_migrated

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]


class Region:
    """Hosts under a controller that has them probe each other often."""

    def __init__(self, testbed: Testbed, cloud: Cloud) -> None:
        self.testbed, self.cloud = testbed, cloud

    @property
    def hosts(self) -> Sequence[Host]:
        return self.testbed.hosts

    def set_cable(self, host: Host, *how: str) -> None:
        """Change the underlay's end of a host's cable."""
        self.testbed.underlay.namespace.ip("link", "set", host.name, *how)


@pytest.fixture(scope="module")
def testbed() -> Iterator[Testbed]:
    """Two hosts that are known and connected."""
    with Testbed(controller_arguments=("--probe-interval", "0.3")) as testbed:
        start_migrated(testbed.controller)
        testbed.make_hosts(2)
        asyncio.run(_register(testbed))
        testbed.start_hosts()
        testbed.wait_connected()
        yield testbed


async def _register(testbed: Testbed) -> None:
    async with Cloud(testbed.controller) as cloud:
        await cloud.register(testbed.hosts)


@pytest.fixture
async def region(testbed: Testbed) -> AsyncIterator[Region]:
    async with Cloud(testbed.controller) as cloud:
        yield Region(testbed, cloud)


async def test_both_ends_of_a_cut_say_so_until_it_is_healed(region: Region) -> None:
    one, two = region.hosts
    for host in region.hosts:
        await region.cloud.wait_for_state(host, "up")
    region.set_cable(two, "down")
    await region.cloud.wait_for_state(one, "degraded", f"it does not reach {two.name}")
    await region.cloud.wait_for_state(two, "degraded", f"it does not reach {one.name}")
    region.set_cable(two, "up")
    for host in region.hosts:
        await region.cloud.wait_for_state(host, "up")


async def test_a_way_that_is_too_narrow_for_full_packets_is_found(region: Region) -> None:
    one, two = region.hosts
    region.set_cable(two, "mtu", "1400")
    await region.cloud.wait_for_state(one, "degraded", f"it does not reach {two.name} with packets of full size")
    await region.cloud.wait_for_state(two, "degraded", f"{one.name} does not reach it with packets of full size")
    region.set_cable(two, "mtu", "1600")
    for host in region.hosts:
        await region.cloud.wait_for_state(host, "up")


async def test_a_host_without_ovs_vswitchd_is_degraded_and_its_ports_are_down_until_it_is_back(region: Region) -> None:
    one, two = region.hosts
    network = await region.cloud.create("network")
    await region.cloud.create("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")
    port = await region.cloud.create("port", network_id=network["id"], **{"binding:host_id": one.name})
    workload = region.testbed.add_workload("one", one)
    workload.plug(port["id"], port["mac_address"])
    await region.cloud.wait_for_status("port", port["id"], "ACTIVE", timeout=60)
    one.switch.switch.kill()
    await region.cloud.wait_for_state(one, "degraded", "its data plane is gone")
    await region.cloud.wait_for_status("port", port["id"], "DOWN", timeout=60)
    await asyncio.to_thread(one.switch.start_switch)
    await region.cloud.wait_for_status("port", port["id"], "ACTIVE", timeout=60)
    for host in (one, two):
        await region.cloud.wait_for_state(host, "up")
