"""Kernels make by SLAAC exactly the addresses that the API gave, from what the agent tells them of their routers."""

import json
import socket

import pytest

from alcor.testbed.listener import Listener
from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import INTERFACE, Workload
from tests.e2e.ipv6.site import Site, attached_router, made, wait_settled

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

DNS_SERVER = "2001:db8:53::53"


def default_routers(workload: Workload) -> set[str]:
    routes = json.loads(workload.namespace.ip("-6", "-json", "route", "show", "default"))
    return {route["gateway"] for route in routes}


def advertised(listener: Listener) -> list[bytes]:
    """The router advertisements so far."""
    return [frame for frame in listener.heard() if frame[12:14] == b"\x86\xdd" and frame[54] == 134]


async def test_a_kernel_makes_the_address_that_the_api_gave(site: Site) -> None:
    subnet = await site.add_subnet(ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
    router_id = await attached_router(site, subnet["id"])
    a, b = await site.plug("a", 0), await site.plug("b", 1)
    listener = a.listen()
    for name, workload in (("a", a), ("b", b)):
        wait_until(lambda workload=workload: len(made(workload)) > 0, "an address")  # type: ignore[misc]
        wait_settled(workload)
        assert made(workload) == {site.address(name)}
        assert len(default_routers(workload)) == 1
    mtu = a.namespace.run("cat", f"/proc/sys/net/ipv6/conf/{INTERFACE}/mtu")
    assert int(mtu) == site.network["mtu"]
    site.testbed.wait_steady()
    assert a.ping(site.address("b")) is not None
    await site.cloud.update("subnet", subnet["id"], {"dns_nameservers": [DNS_SERVER]})
    server = socket.inet_pton(socket.AF_INET6, DNS_SERVER)
    wait_until(lambda: any(server in told for told in advertised(listener)), "word of the name server")
    listener.close()
    await site.cloud.act("router", router_id, "remove_router_interface", subnet_id=subnet["id"])
    wait_until(lambda: not default_routers(a), "the router to take its leave")
    assert made(a) == {site.address("a")}


async def test_a_stateful_subnet_has_no_addresses_made(site: Site) -> None:
    mode = "dhcpv6-stateful"
    subnet = await site.add_subnet(ipv6_ra_mode=mode, ipv6_address_mode=mode)
    await attached_router(site, subnet["id"])
    workload = await site.plug("a", 0)
    wait_until(lambda: len(default_routers(workload)) == 1, "a default route")
    assert made(workload) == set()


async def test_a_router_that_comes_later_is_heard_of_at_once(site: Site) -> None:
    subnet = await site.add_subnet(ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
    workload = await site.plug("a", 0)
    wait_settled(workload)
    assert made(workload) == set()
    await attached_router(site, subnet["id"])
    wait_until(lambda: made(workload) == {site.address("a")}, "the address", timeout=5)
