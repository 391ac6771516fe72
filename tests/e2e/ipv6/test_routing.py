"""IPv6 is routed on hosts between subnets and VPCs, for kernels that were told of their routers by the agent."""

import itertools
from typing import Any

import pytest

from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import INTERFACE
from tests.e2e.ipv6.site import Site, made, wait_settled
from tests.e2e.probes import reaches

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

MODES = {"ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}
CIDRS = {"near": "2001:db8:1::/64", "other": "2001:db8:3::/64"}
PLACES = {"a": ("near", 0), "b": ("other", 0), "c": ("other", 1)}


async def populate(site: Site) -> dict[str, Any]:
    """A router between two VPCs, and workloads that make their addresses and routes by themselves; the subnets."""
    first, second = site.network, await site.cloud.create("network", name="other")
    router = await site.cloud.create("router", name="r")
    subnets: dict[str, Any] = {}
    for name, network in (("near", first), ("other", second)):
        subnets[name] = await site.cloud.create(
            "subnet", network_id=network["id"], ip_version=6, cidr=CIDRS[name], **MODES
        )
        body = {"subnet_id": subnets[name]["id"]}
        await site.cloud.act("router", router["id"], "add_router_interface", **body)
    for name, (subnet, host) in PLACES.items():
        site.network = first if subnet == "near" else second
        await site.plug(name, host)
    for name in PLACES:
        workload = site.workloads[name]
        wait_until(lambda workload=workload, name=name: made(workload) == {site.address(name)}, "its address")  # type: ignore[misc]
        wait_settled(workload)
    site.testbed.wait_steady()
    return subnets | {"router": router}


async def gateway_mac(site: Site, subnet_id: str) -> str:
    for port in await site.cloud.list_all("port"):
        if port["device_owner"] == "network:router_interface" and port["fixed_ips"][0]["subnet_id"] == subnet_id:
            return str(port["mac_address"])
    raise AssertionError("the router is not in the subnet")


async def test_everybody_reaches_everybody_and_the_gateways(site: Site) -> None:
    subnets = await populate(site)
    for name, peer in itertools.permutations(PLACES, 2):
        sender, address = site.workloads[name].namespace, site.address(peer)
        assert await reaches(sender, address, "icmp", 0, 5), f"{name} does not reach {peer}"
    for name, subnet in itertools.product(PLACES, CIDRS):
        assert site.workloads[name].ping(subnets[subnet]["gateway_ip"]) is not None
    octets = bytearray.fromhex((await gateway_mac(site, subnets["near"]["id"])).replace(":", ""))
    octets[0] ^= 2
    link_local = f"fe80::{octets[:2].hex()}:{octets[2:3].hex()}ff:fe{octets[3:4].hex()}:{octets[4:].hex()}%{INTERFACE}"
    assert site.workloads["a"].ping(link_local) is not None


async def test_a_routed_packet_comes_from_the_gateway_with_one_hop_less(site: Site) -> None:
    subnets = await populate(site)
    for peer in ("b", "c"):
        listener = site.workloads[peer].listen()
        assert site.workloads["a"].ping(site.address(peer)) is not None
        (request,) = [frame for frame in listener.heard() if frame[12:14] == b"\x86\xdd" and frame[54] == 128]
        listener.close()
        assert request[6:12].hex(":") == await gateway_mac(site, subnets["other"]["id"])
        assert request[21] == 63


async def test_who_cannot_be_reached_is_said_by_the_gateway(site: Site) -> None:
    subnets = await populate(site)
    run = site.workloads["a"].namespace.run

    def said(address: str, *options: str) -> str:
        return run("ping", "-6", "-n", "-c", "1", "-W", "5", *options, address, check=False)

    expired, absent = said(site.address("c"), "-t", "1"), said("2001:db8:3::99")
    assert f"From {subnets['near']['gateway_ip']}" in expired
    assert "Time exceeded: Hop limit" in expired
    assert "Address unreachable" in absent
    assert "No route" in said("2001:db8:99::1")


async def test_a_packet_too_big_for_the_other_vpc_is_said_and_the_next_ones_fit(site: Site) -> None:
    subnets = await populate(site)
    await site.cloud.update("network", subnets["other"]["network_id"], {"mtu": 1300})
    run = site.workloads["a"].namespace.run

    def said() -> str:
        return run("ping", "-6", "-n", "-c", "2", "-i", "0.2", "-W", "2", "-s", "1300", site.address("c"), check=False)

    wait_until(lambda: "Packet too big" in said(), "the gateway to say so")
    assert "mtu 1300" in run("ip", "-6", "route", "get", site.address("c"))
    assert "0% packet loss" in said()


async def test_a_router_that_leaves_ends_connectivity_at_once(site: Site) -> None:
    subnets = await populate(site)
    ping = site.workloads["a"].keep_pinging(site.address("c"))
    ping.wait_for_answers(20)
    body = {"subnet_id": subnets["other"]["id"]}
    await site.cloud.act("router", subnets["router"]["id"], "remove_router_interface", **body)
    ping.wait_for_silence()
    await site.cloud.act("router", subnets["router"]["id"], "add_router_interface", **body)
    ping.wait_for_answers(20)
    ping.stop()
