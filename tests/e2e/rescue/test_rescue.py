"""A host whose management network is cut is served through a neighbour, and goes back when it is healed."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from alcor.channels.trust import certificates
from alcor.testbed.cloud import Cloud
from alcor.testbed.host import Host
from alcor.testbed.waiting import until
from alcor.testbed.workload import Workload
from tests.e2e.by_hand import plug_by_hand
from tests.e2e.rescue.site import Site, running_site

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

# They soon miss their controller, all VPCs are on demand, and certificates end soon.
_ARGUMENTS = ("--on-demand-above", "0", "--host-grace", "60", "--certificate-hours", "0.01")


class Region:
    """The site, and what its cloud has."""

    def __init__(self, site: Site, cloud: Cloud) -> None:
        self.site, self.cloud = site, cloud

    async def active(self, name: str, host: Host, network_id: str, subnet: object) -> tuple[Workload, str]:
        """A new workload that its host carries, and its address."""
        port = await self.cloud.create("port", network_id=network_id, **{"binding:host_id": host.name})
        workload = plug_by_hand(self.site.testbed, name, host, port, [subnet])
        await self.cloud.wait_for_status("port", port["id"], "ACTIVE", timeout=60)
        return workload, port["fixed_ips"][0]["ip_address"]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site(*_ARGUMENTS, prepare=_make_impatient) as site:
        yield site


def _make_impatient(host: Host) -> None:
    config = host.outside("agent.toml")
    config.write_text(config.read_text().replace("[ovs]", "rescue_after = 2\n\n[ovs]"))


@pytest.fixture
async def region(site: Site) -> AsyncIterator[Region]:
    async with Cloud(site.controller) as cloud:
        yield Region(site, cloud)


def asks_a_manager(host: Host) -> bool:
    return any(each["vnis"] for each in host.status()["network_config_managers"])


async def test_a_host_without_management_network_is_served_through_a_neighbour(region: Region) -> None:
    one, two, three = region.site.hosts
    network = await region.cloud.create("network")
    subnet = await region.cloud.create("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")
    first, _ = await region.active("first", one, network["id"], subnet)
    await region.cloud.wait_for_state(one, "up")
    region.site.management.cut(one)
    await region.cloud.wait_for_state(one, "degraded", "led to one by")
    leaders = {host.name: host for host in (two, three)}
    leaders.pop(one.status()["relayed_by"]).agent.kill()
    ((name, leader),) = leaders.items()
    await region.cloud.wait_for_state(one, "degraded", f"led to one by {name}")
    assert (await region.cloud.show("port", first.port_id))["status"] == "ACTIVE"
    _, there = await region.active("there", leader, network["id"], subnet)
    here, _ = await region.active("here", one, network["id"], subnet)
    await asyncio.to_thread(region.site.testbed.wait_steady)
    await until(lambda: asks_a_manager(one), "it has somebody to ask: a manager is not reached before a controller is")
    assert first.ping(there), "the host asks about a peer that is new to it, through its neighbour"
    assert here.ping(there)
    status = one.status()
    assert status["relayed_by"] == name
    assert leader.status()["relays_for"] == [one.name]
    region.site.management.heal(one)
    await region.cloud.wait_for_state(one, "up")
    await region.active("later", one, network["id"], subnet)
    counters = one.status()["counters"]
    assert counters["rescues"] >= 1
    assert counters["connections"] >= 4, "direct, by one neighbour, by the other, direct"
    assert not {"resync_requests", "goal_states_failed"} & counters.keys(), "nothing was lost"
    assert leader.status()["relays_for"] == []


async def test_a_host_whose_certificate_has_ended_meanwhile_is_led_to_another_one_and_served(region: Region) -> None:
    one, *others = region.site.hosts
    for host in others:
        if not host.agent.running:
            host.agent.start()
    await asyncio.to_thread(region.site.testbed.wait_connected)
    network = await region.cloud.create("network")
    subnet = await region.cloud.create("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")
    one.agent.kill()
    region.site.management.cut(one)
    ends_at = certificates.validity(one.outside("agent/trust/identity.pem").read_bytes()).end
    await until(lambda: time.time() > ends_at, "the certificate has ended", timeout=60)
    one.agent.start()
    await region.cloud.wait_for_state(one, "degraded", "led to one by")
    await region.active("again", one, network["id"], subnet)
