"""Routing on hosts over real Open vSwitch (as root): until a router is programmed, and what a routed packet costs.

python -m benchmarks.routing [--subnets 100] [--times 10] [--rounds 5]

Two hosts, each a network namespace with an Open vSwitch and an agent of its own. First, a VPC of many subnets and a
router that is in all of them: from the request that takes it up until its address in the last of them answers a
workload of each host, again and again; then the same when the router comes to the last subnet only, by a request of
its own. Workloads ping all the while, every 5 ms, and know the gateway's MAC address.

Then pings and TCP between workloads, by turns: within a subnet, routed to another subnet, and through two routers, on
one host and between two; and, for comparison, between two interfaces of a bare Open vSwitch bridge of the first host
that has two flows and nothing else. Each time is the median of one round, a round being some hundred pings or some
seconds of one TCP connection; what is shown is the median of all rounds, and its ratio to the bare bridge's.
"""

import argparse
import asyncio
import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import msgspec

from alcor.testbed.cloud import Cloud
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import until
from alcor.testbed.workload import INTERFACE, Workload
from benchmarks.setting import setting

_PINGS = 400
_PING_SECONDS = 0.005
_TCP_SECONDS = 3
_TCP_PORT = 5001
_TIME = re.compile(r"time=([\d.]+) ms")
_BARE = ("10.99.0.1", "10.99.0.2")

_RECEIVER = """
import socket, sys
with socket.create_server(("", int(sys.argv[1]))) as server:
    print("listening", flush=True)
    connection, _ = server.accept()
    buffer = bytearray(1 << 18)
    while connection.recv_into(buffer):
        pass
"""
_SENDER = """
import socket, sys, time
data = bytes(1 << 18)
sent, started = 0, time.monotonic()
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    while (passed := time.monotonic() - started) < float(sys.argv[3]):
        sent += connection.send(data)
print(sent * 8 / passed / 1e6)
"""


class Path(msgspec.Struct):
    """A way between two workloads, and what was measured of it."""

    name: str
    source: NetworkNamespace
    target: NetworkNamespace
    address: str
    milliseconds: list[float] = []
    megabits: list[float] = []


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

    async def add(self, name: str, subnet: dict[str, Any], host_number: int) -> tuple[Workload, str]:
        """A workload, and its address."""
        host = self.testbed.hosts[host_number]
        port = await self.cloud.create(
            "port",
            network_id=subnet["network_id"],
            fixed_ips=[{"subnet_id": subnet["id"]}],
            **{"binding:host_id": host.name},
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


async def paths_between_workloads(region: Region) -> list[Path]:
    """Workloads in three subnets, of two VPCs and two routers, and the ways from the first of them."""
    cloud = region.cloud
    first, second = [await cloud.create("network", name=name) for name in ("first", "second")]
    near, shared = await region.subnet(first, "10.1.0.0/24"), await region.subnet(first, "10.1.1.0/24")
    far = await region.subnet(second, "10.2.0.0/24")
    router, behind = [await cloud.create("router", name=name) for name in ("router", "behind")]
    for subnet in (near, shared):
        await region.attach(router, subnet)
    address = [{"subnet_id": shared["id"], "ip_address": "10.1.1.253"}]
    port = await cloud.create("port", network_id=first["id"], fixed_ips=address)
    await cloud.act("router", behind["id"], "add_router_interface", port_id=port["id"])
    await region.attach(behind, far)
    await cloud.update("router", router["id"], {"routes": [{"destination": far["cidr"], "nexthop": "10.1.1.253"}]})
    await cloud.update("router", behind["id"], {"routes": [{"destination": near["cidr"], "nexthop": "10.1.1.1"}]})
    source, _ = await region.add("a", near, 0)
    paths = []
    for host_number, where in enumerate(("on one host", "between two hosts")):
        ways = {"within a subnet": near, "routed": shared, "through two routers": far}
        for number, (way, subnet) in enumerate(ways.items()):
            peer, address_of_peer = await region.add(f"b{host_number}{number}", subnet, host_number)
            paths.append(Path(f"{way}, {where}", source.namespace, peer.namespace, address_of_peer))
    region.testbed.wait_steady()
    for path in paths:
        await until(lambda path=path: source.ping(path.address, 1) is not None, f"the way {path.name}")  # type: ignore[misc]
    return paths


def bare_path(testbed: Testbed) -> Path:
    """Two namespaces on a bridge of the first host that has two flows."""
    host = testbed.hosts[0]
    datapath = host.switch.vsctl("get", "bridge", "br-int", "datapath_type").strip('"')
    host.switch.vsctl("add-br", "br-bare", "--", "set", "bridge", "br-bare", f"datapath_type={datapath}")
    host.switch.ofctl("del-flows", bridge="br-bare")
    ends = [testbed.add_workload(name, host) for name in ("left", "right")]
    for number, (end, address) in enumerate(zip(ends, _BARE, strict=True), 1):
        tap = f"tap-{end.name}"
        host.switch.vsctl("add-port", "br-bare", tap, "--", "set", "interface", tap, f"ofport_request={number}")
        end.namespace.ip("address", "add", f"{address}/24", "dev", INTERFACE)
        end.namespace.ip("link", "set", INTERFACE, "up")
        host.switch.ofctl("add-flow", f"in_port={number},actions=output:{3 - number}", bridge="br-bare")
    return Path("a bare bridge with two flows", ends[0].namespace, ends[1].namespace, _BARE[1])


def ping(path: Path) -> float:
    """The median of some pings (ms)."""
    told = path.source.run("ping", "-n", "-c", str(_PINGS), "-i", "0.002", path.address)
    return median(map(float, _TIME.findall(told)))


def stream(path: Path) -> float:
    """What one TCP connection carries (Mbit/s)."""
    with _receiver(path.target):
        command = (sys.executable, "-c", _SENDER, path.address, str(_TCP_PORT), str(_TCP_SECONDS))
        return float(path.source.run(*command))


@contextlib.contextmanager
def _receiver(namespace: NetworkNamespace) -> Iterator[None]:
    process = namespace.popen(sys.executable, "-c", _RECEIVER, str(_TCP_PORT), stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait()


def measure_packets(paths: list[Path], rounds: int) -> None:
    """Measure all ways by turns, and print what they took."""
    for number in range(rounds):
        for path in paths[number % len(paths) :] + paths[: number % len(paths)]:
            path.milliseconds.append(ping(path))
            path.megabits.append(stream(path))
    bare = paths[0]
    print(f"{'':<40}{'ping':>10}{'ratio':>8}{'TCP':>14}{'ratio':>8}")
    for path in paths:
        milliseconds, megabits = median(path.milliseconds), median(path.megabits)
        slower, share = milliseconds / median(bare.milliseconds), megabits / median(bare.megabits)
        print(f"{path.name:<40}{milliseconds:>7.3f} ms{slower:>8.2f}{megabits:>7.0f} Mbit/s{share:>8.2f}", flush=True)


async def measure(testbed: Testbed, subnets: int, times: int, rounds: int) -> None:
    """All of it on one testbed."""
    testbed.controller.start()
    hosts = testbed.make_hosts(2)
    async with Cloud(testbed.controller) as cloud:
        await cloud.register(hosts)
        testbed.start_hosts()
        region = Region(testbed, cloud)
        await measure_programming(region, subnets, times)
        paths = await paths_between_workloads(region)
    measure_packets([bare_path(testbed), *paths], rounds)


def main() -> None:
    """Measure on a testbed of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subnets", type=int, default=100, help="that the router is in")
    parser.add_argument("--times", type=int, default=10, help="how often each change is made")
    parser.add_argument("--rounds", type=int, default=5, help="of each way of packets")
    arguments = parser.parse_args()
    print(setting())
    with Testbed() as testbed:
        asyncio.run(measure(testbed, arguments.subnets, arguments.times, arguments.rounds))


if __name__ == "__main__":
    main()
