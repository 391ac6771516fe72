"""Extra routes of IPv6: by an appliance, and through a second router, proven with packets."""

from typing import Any

import msgspec
import pytest

from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import INTERFACE, Workload
from tests.e2e.ipv6.site import Site

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

CIDRS = {"near": "2001:db8:1::/64", "far": "2001:db8:3::/64", "end": "2001:db8:5::/64"}
BEHIND, BEYOND = "2001:db8:99::/64", "2001:db8:99::1"
SECOND = "2001:db8:3::fd"


class Region(msgspec.Struct):
    """A router in the first two of three subnets, each of a VPC of its own; a second router in the last two."""

    site: Site
    router: Any
    second: Any
    networks: dict[str, Any]
    gateways: dict[str, str]

    @property
    def client(self) -> Workload:
        """The workload that sends."""
        return self.site.workloads["a"]

    async def add(self, name: str, subnet: str, host: int, **attributes: Any) -> Workload:
        """A workload with its address and default route."""
        self.site.network = self.networks[subnet]
        workload = await self.site.add(name, host, **attributes)
        way = ("default", "via", self.gateways[subnet], "dev", INTERFACE)
        workload.namespace.ip("-6", "route", "add", *way)
        return workload

    async def route(self, router: Any, *routes: tuple[str, str]) -> None:
        """Have a router follow these routes, and no others."""
        chosen = [{"destination": destination, "nexthop": next_hop} for destination, next_hop in routes]
        await self.site.cloud.update("router", router["id"], {"routes": chosen})


@pytest.fixture
async def region(site: Site) -> Region:
    cloud = site.cloud
    networks = {name: await cloud.create("network", name=name) for name in CIDRS}
    subnets = {
        name: await cloud.create("subnet", network_id=networks[name]["id"], ip_version=6, cidr=cidr)
        for name, cidr in CIDRS.items()
    }
    router, second = [await cloud.create("router", name=name) for name in ("first", "second")]
    for name in ("near", "far"):
        await cloud.act("router", router["id"], "add_router_interface", subnet_id=subnets[name]["id"])
    address = [{"subnet_id": subnets["far"]["id"], "ip_address": SECOND}]
    port = await cloud.create("port", network_id=networks["far"]["id"], fixed_ips=address)
    await cloud.act("router", second["id"], "add_router_interface", port_id=port["id"])
    await cloud.act("router", second["id"], "add_router_interface", subnet_id=subnets["end"]["id"])
    region = Region(site, router, second, networks, {name: each["gateway_ip"] for name, each in subnets.items()})
    await region.add("a", "near", 0)
    return region


def hop_limit(workload: Workload, client: Workload, address: str) -> int:
    """Of an echo request as it comes to a workload."""
    listener = workload.listen()
    assert client.ping(address) is not None
    (request, *_) = [frame for frame in listener.heard() if frame[12:14] == b"\x86\xdd" and frame[54] == 128]
    listener.close()
    return request[21]


async def test_an_appliance_gets_what_a_route_leads_to_it(region: Region) -> None:
    appliance = await region.add("x", "far", 1, allowed_address_pairs=[{"ip_address": BEHIND}])
    appliance.namespace.ip("address", "add", f"{BEYOND}/64", "dev", "lo")
    await region.route(region.router, (BEHIND, region.site.address("x")))
    wait_until(lambda: region.client.ping(BEYOND, timeout=0.5) is not None, "the route to be taken")
    assert hop_limit(appliance, region.client, BEYOND) == 63
    ping = region.client.keep_pinging(BEYOND)
    ping.wait_for_answers(20)
    await region.route(region.router)
    ping.wait_for_silence()
    ping.stop()
    told = region.client.namespace.run("ping", "-6", "-n", "-c", "1", "-W", "5", BEYOND, check=False)
    assert "No route" in told


async def test_a_packet_goes_through_two_routers(region: Region) -> None:
    peer = await region.add("e", "end", 1)
    address = region.site.address("e")
    await region.route(region.router, (CIDRS["end"], SECOND))
    await region.route(region.second, (CIDRS["near"], region.gateways["far"]))
    wait_until(lambda: region.client.ping(address, timeout=0.5) is not None, "the way through both routers")
    assert hop_limit(peer, region.client, address) == 62
    told = region.client.namespace.run("ping", "-6", "-n", "-c", "1", "-W", "5", "-t", "2", address, check=False)
    assert f"From {SECOND}" in told and "Time exceeded" in told
