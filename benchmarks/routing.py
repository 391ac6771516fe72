"""Routing on hosts over real Open vSwitch (as root): until a router is programmed.

python -m benchmarks.routing [--subnets 100] [--times 10]

Two hosts, each a network namespace with an Open vSwitch and an agent of its own; a VPC of many subnets and a router
that is in all of them: from the request that takes it up until its address in the last of them answers a workload of
each host, again and again; then the same when the router comes to the last subnet only, by a request of its own.
Workloads ping all the while, every 5 ms, and know the gateway's MAC address. What a routed packet costs is measured by
benchmarks.data_plane.
"""

import argparse
import asyncio
import time
from statistics import median
from typing import Any

from alcor.testbed.cloud import Cloud
from alcor.testbed.testbed import Testbed
from alcor.testbed.workload import INTERFACE, Workload
from benchmarks.setting import setting

_PING_SECONDS = 0.005


class Region:
    """Two hosts, and what is created on them."""

    def __init__(self, testbed: Testbed, cloud: Cloud) -> None:
        self.testbed, self.cloud = testbed, cloud

    async def subnet(self, network: dict[str, Any], cidr: str) -> dict[str, Any]:
        """A subnet of a network."""
        return await self.cloud.create("subnet", network_id=network["id"], ip_version=4, cidr=cidr)

    async def attach(self, router: dict[str, Any], subnet: dict[str, Any]) -> str:
        """Have a router in a subnet; returns the MAC address by which it is."""
        body = {"subnet_id": subnet["id"]}
        info = await self.cloud.act("router", router["id"], "add_router_interface", **body)
        mac: str = (await self.cloud.show("port", info["port_id"]))["mac_address"]
        return mac

    async def add(self, name: str, subnet: dict[str, Any], host_number: int, **attributes: Any) -> tuple[Workload, str]:
        """A workload, and its address."""
        host = self.testbed.hosts[host_number]
        port = await self.cloud.create(
            "port",
            network_id=subnet["network_id"],
            fixed_ips=[{"subnet_id": subnet["id"]}],
            **{"binding:host_id": host.name},
            **attributes,
        )
        workload = self.testbed.add_workload(name, host)
        workload.plug(port["id"], port["mac_address"])
        await self.cloud.wait_for_status("port", port["id"], "ACTIVE")
        workload.request_lease()
        return workload, port["fixed_ips"][0]["ip_address"]


async def measure_programming(region: Region, subnets: int, times: int) -> None:
    """From a request until hosts are programmed."""
    cloud = region.cloud
    network = await cloud.create("network", name="many")
    created = [
        await region.subnet(network, f"10.{100 + number // 250}.{number % 250}.0/24") for number in range(subnets)
    ]
    workloads = [(await region.add(f"p{number}", created[0], number))[0] for number in range(2)]
    router = await cloud.create("router", name="many", admin_state_up=False)
    started = time.monotonic()
    macs = [await region.attach(router, subnet) for subnet in created]
    print(f"{subnets} subnets attached by a request each: {time.monotonic() - started:.2f} s", flush=True)
    for workload in workloads:
        gateway = created[0]["gateway_ip"]
        workload.namespace.ip("neigh", "replace", gateway, "lladdr", macs[0], "dev", INTERFACE, "nud", "permanent")
    region.testbed.wait_steady()
    last = created[-1]

    async def up(is_up: bool) -> None:
        await cloud.update("router", router["id"], {"admin_state_up": is_up})

    async def in_last(is_in: bool) -> None:
        action = "add_router_interface" if is_in else "remove_router_interface"
        await cloud.act("router", router["id"], action, subnet_id=last["id"])

    for name, change in ((f"a router with {subnets} subnets comes up", up), ("it comes to one subnet more", in_last)):
        requests, programmed = [], []
        for _ in range(times):
            await change(False)
            pings = [workload.keep_pinging(last["gateway_ip"], _PING_SECONDS) for workload in workloads]
            await asyncio.to_thread(pings[0].wait_for_silence, 0.3)
            started = time.monotonic()
            await change(True)
            requests.append(time.monotonic() - started)
            for ping in pings:
                await asyncio.to_thread(ping.wait_for_answers, 1)
            programmed.append(time.monotonic() - started)
            for ping in pings:
                ping.stop()
        await asyncio.sleep(1)
        shown = f"{_milliseconds(requests)} until it is answered, {_milliseconds(programmed)} until both hosts route"
        print(f"{name}: {shown}", flush=True)


def _milliseconds(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:.0f} ms (most {max(seconds) * 1000:.0f})"


async def measure(testbed: Testbed, subnets: int, times: int) -> None:
    """All of it on one testbed."""
    testbed.controller.start()
    hosts = testbed.make_hosts(2)
    async with Cloud(testbed.controller) as cloud:
        await cloud.register(hosts)
        testbed.start_hosts()
        await measure_programming(Region(testbed, cloud), subnets, times)


def main() -> None:
    """Measure on a testbed of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subnets", type=int, default=100, help="that the router is in")
    parser.add_argument("--times", type=int, default=10, help="how often each change is made")
    arguments = parser.parse_args()
    print(setting())
    with Testbed() as testbed:
        asyncio.run(measure(testbed, arguments.subnets, arguments.times))


if __name__ == "__main__":
    main()
