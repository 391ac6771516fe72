"""With the settings that nobody chose, a host whose management network is cut is led back before its ports are DOWN."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from alcor.testbed.cloud import Cloud
from tests.e2e.by_hand import plug_by_hand
from tests.e2e.rescue.site import Site, running_site

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


async def test_ports_of_a_host_that_is_cut_off_stay_active_while_it_changes_over(site: Site) -> None:
    one, *_ = site.hosts
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
