"""An address passes from one port to another: whoever speaks to it goes on with the new one at once."""

from collections.abc import AsyncIterator

import pytest

from alcor.testbed.workload import INTERFACE
from tests.e2e.neighbours.kernel import add_address, be_sure_of_neighbours
from tests.e2e.routing.site import Site, create_site
from tests.e2e.two_hosts import PROGRAMMING, two_hosts

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

CLIENT, OLD, NEW = "client", "old", "new"
PLACES = {CLIENT: 0, OLD: 0, NEW: 1}
CIDR_IPV6 = "2001:db8:1::/64"
MOVING = {"10.1.0.200": "24", "2001:db8:1::200": "64"}
"""Addresses, each with the bits of its subnet's prefix."""


@pytest.fixture(params=PROGRAMMING)
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    async with two_hosts(request.param) as (testbed, cloud):
        site = await create_site(testbed, cloud)
        network_id = site.subnets["near"]["network_id"]
        site.subnets["ipv6"] = await cloud.create("subnet", network_id=network_id, ip_version=6, cidr=CIDR_IPV6)
        yield site


async def give(site: Site, name: str, *more: str) -> None:
    """Have a port its own address and these."""
    chosen = [{"subnet_id": site.subnets["near"]["id"], "ip_address": site.address(name)}]
    for address in more:
        subnet = site.subnets["ipv6" if ":" in address else "near"]
        chosen.append({"subnet_id": subnet["id"], "ip_address": address})
    await site.cloud.update("port", site.ports[name]["id"], {"fixed_ips": chosen})


async def test_traffic_follows_an_address_to_another_port(site: Site) -> None:
    for name, host in PLACES.items():
        await site.add(name, "near", host)
    client, old, new = [site.workloads[name] for name in PLACES]
    add_address(client, "2001:db8:1::100", "64")
    await give(site, CLIENT, "2001:db8:1::100")
    await give(site, OLD, *MOVING)
    for address, length in MOVING.items():
        add_address(old, address, length)
    site.testbed.wait_steady()
    be_sure_of_neighbours(client)
    pings = {address: client.keep_pinging(address) for address in MOVING}
    for ping in pings.values():
        ping.wait_for_answers(20)
    for address, length in MOVING.items():
        old.namespace.ip("address", "delete", f"{address}/{length}", "dev", INTERFACE)
        add_address(new, address, length)
    await give(site, OLD)
    await give(site, NEW, *MOVING)
    for address, ping in pings.items():
        ping.wait_for_answers(20)
        ping.stop()
        known = client.namespace.ip("neighbour", "show", address)
        assert site.ports[NEW]["mac_address"] in known
