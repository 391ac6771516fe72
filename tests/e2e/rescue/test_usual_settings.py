"""With the settings that nobody chose, a host whose management network is cut is led back before its ports are DOWN."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.controller import Controller
from alcor.testbed.management import Management
from alcor.testbed.testbed import Testbed
from tests.e2e.by_hand import plug_by_hand

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]


class Site:
    """Three hosts that reach their controller over a network of its own."""

    def __init__(self, testbed: Testbed) -> None:
        self.testbed = testbed
        self.management = Management(testbed.sandbox)
        self.controller = Controller(
            testbed.sandbox,
            "managed",
            management=self.management.namespace,
            southbound=f"{self.management.address}:9697",
        )
        self.controller.start()
        testbed.make_hosts(3, (self.controller,))
        for host in testbed.hosts:
            self.management.join(host)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Testbed() as testbed:
        site = Site(testbed)
        asyncio.run(_register(site))
        testbed.start_hosts()
        testbed.wait_connected()
        yield site


async def _register(site: Site) -> None:
    async with Cloud(site.controller) as cloud:
        await cloud.register(site.testbed.hosts)
        await cloud.invite(site.testbed.hosts)


async def test_ports_of_a_host_that_is_cut_off_stay_active_while_it_changes_over(site: Site) -> None:
    one, *_ = site.testbed.hosts
    async with Cloud(site.controller) as cloud:
        network = await cloud.create("network")
        subnet = await cloud.create("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")
        port = await cloud.create("port", network_id=network["id"], **{"binding:host_id": one.name})
        plug_by_hand(site.testbed, "one", one, port, [subnet])
        await cloud.wait_for_status("port", port["id"], "ACTIVE", timeout=60)
        site.management.cut(one)
        deadline = time.monotonic() + 120
        while not any("led to one by" in reason for reason in (await cloud.node(one))["state_reasons"]):
            assert (await cloud.show("port", port["id"]))["status"] == "ACTIVE"
            assert time.monotonic() < deadline, "no neighbour leads the host"
            await asyncio.sleep(0.2)
        assert (await cloud.show("port", port["id"]))["status"] == "ACTIVE"
