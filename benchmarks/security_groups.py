"""Security groups over real Open vSwitch (as root): until a changed rule or a new member counts, by the group's size.

python -m benchmarks.security_groups [--sizes 10 1000 10000] [--ports 1000] [--times 10]

Two hosts, each a network namespace with an Open vSwitch and an agent of its own, and for each size a VPC, told ahead,
with two groups: one in which a workload of the first host is, whose rule lets in members of the other, and that other
with so many ports of the second host as members. A workload of the second host pings the first, every 5 ms: from the
request that makes it a member too, and then from the one that adds a rule for it, until its ping is answered.

Then a group of which the first host has a thousand ports, each with an interface: from the request that adds a rule
to it until pings of the first and of the last of these are answered.

Each time is the median of all, with the longest; the time of the request itself is shown beside it.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from typing import Any

from alcor.testbed.cloud import Cloud
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import Workload
from benchmarks.setting import setting

_PING_SECONDS = 0.005
_AT_ONCE = 1000
_PLUGGED_AT_ONCE = 100

Change = Callable[[bool], Awaitable[None]]


class Groups:
    """A VPC with a workload that is guarded, one that speaks to it, and groups of a size."""

    def __init__(self, testbed: Testbed, cloud: Cloud, number: int) -> None:
        self._testbed, self._cloud, self._number = testbed, cloud, number
        self._rule: dict[str, Any] = {}

    async def make(self, members: int, ports: int) -> tuple[Workload, list[str]]:
        """So many members of the remote group, and so many ports that are guarded.

        Returns the workload that speaks, and the addresses of the first and the last port that are guarded.
        """
        cloud = self._cloud
        network = await cloud.create("network", name=f"number {self._number}")
        cidr = f"10.{100 + self._number}.0.0/16"
        self._subnet = await cloud.create("subnet", network_id=network["id"], ip_version=4, cidr=cidr)
        await cloud.set_programming(network["id"], "push")
        self._guarding, self._friends, self._others = [
            await cloud.create("security_group", name=name) for name in ("guarding", "friends", "others")
        ]
        await self._allow(remote_group_id=self._friends["id"])
        speaking, self._speaker = await self._add("speaker", 1, self._others)
        first, _ = await self._add("guarded", 0, self._guarding)
        await self._create(self._port(1, self._friends), members)
        self._plug(await self._create(self._port(0, self._guarding), max(ports - 2, 0)))
        if ports == 1:
            return speaking, [first]
        last, _ = await self._add("last", 0, self._guarding)
        return speaking, [first, last]

    async def _create(self, port: dict[str, Any], count: int) -> list[str]:
        ids: list[str] = []
        for start in range(0, count, _AT_ONCE):
            created = await self._cloud.create_many("port", [port] * min(_AT_ONCE, count - start))
            ids += (each["id"] for each in created)
        return ids

    def _plug(self, ids: list[str]) -> None:
        """Give ports of the first host interfaces with nobody behind them."""
        host = self._testbed.hosts[0]
        for start in range(0, len(ids), _PLUGGED_AT_ONCE):
            commands: list[str] = []
            for number, port_id in enumerate(ids[start : start + _PLUGGED_AT_ONCE], start):
                name = f"port-{number}"
                commands += ("--", "add-port", "br-int", name, "--", "set", "interface", name, "type=internal")
                commands += (f"external_ids:iface-id={port_id}",)
            host.switch.vsctl(*commands)
        wait_until(lambda: host.status()["ports_up"] == host.status()["ports"], "all ports to be programmed", 120)

    async def is_member(self, wanted: bool) -> None:
        """Have the workload that speaks be a member of the large group, or not."""
        groups = [(self._friends if wanted else self._others)["id"]]
        await self._cloud.update("port", self._speaker, {"security_groups": groups})

    async def has_rule(self, wanted: bool) -> None:
        """Have a rule let in whoever it is, or not."""
        if wanted:
            self._rule = await self._allow(protocol="icmp")
        elif self._rule:
            await self._cloud.delete("security_group_rule", self._rule["id"])

    async def _allow(self, **rule: Any) -> dict[str, Any]:
        usual = {"security_group_id": self._guarding["id"], "direction": "ingress", "ethertype": "IPv4"}
        return await self._cloud.create("security_group_rule", **usual | rule)

    def _port(self, host_number: int, group: dict[str, Any]) -> dict[str, Any]:
        host = self._testbed.hosts[host_number]
        place = {"network_id": self._subnet["network_id"], "binding:host_id": host.name}
        return place | {"security_groups": [group["id"]]}

    async def _add(self, name: str, host_number: int, group: dict[str, Any]) -> Any:
        port = await self._cloud.create("port", **self._port(host_number, group))
        workload = self._testbed.add_workload(f"{name[:2]}{self._number}", self._testbed.hosts[host_number])
        workload.plug(port["id"], port["mac_address"])
        await self._cloud.wait_for_status("port", port["id"], "ACTIVE")
        workload.request_lease()
        return (workload, port["id"]) if host_number else (port["fixed_ips"][0]["ip_address"], port["id"])


async def measure(
    change: Change, workload: Workload, addresses: Sequence[str], times: int
) -> tuple[list[float], list[float]]:
    """Seconds of the request, and until it counts for all addresses, of each time."""
    requests, counts = [], []
    for _ in range(times):
        await change(False)
        pings = [workload.keep_pinging(address, _PING_SECONDS) for address in addresses]
        for ping in pings:
            await asyncio.to_thread(ping.wait_for_silence, 0.3)
        started = time.monotonic()
        await change(True)
        requests.append(time.monotonic() - started)
        for ping in pings:
            await asyncio.to_thread(ping.wait_for_answers, 1)
        counts.append(time.monotonic() - started)
        for ping in pings:
            ping.stop()
    await change(False)
    return requests, counts


def _milliseconds(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:.0f} ms (most {max(seconds) * 1000:.0f})"


async def run(sizes: list[int], ports: int, times: int) -> None:
    """Measure and print."""
    with Testbed() as testbed:
        testbed.controller.start()
        testbed.make_hosts(2)
        async with Cloud(testbed.controller) as cloud:
            await cloud.register(testbed.hosts)
            testbed.start_hosts()
            for number, size in enumerate(sizes):
                groups = Groups(testbed, cloud, number)
                workload, addresses = await groups.make(size, 1)
                testbed.wait_steady()
                what = f"a remote group of {size} members"
                await show(f"{what}: one member more", groups.is_member, workload, addresses, times)
                await show(f"{what}: one rule more", groups.has_rule, workload, addresses, times)
            groups = Groups(testbed, cloud, len(sizes))
            workload, addresses = await groups.make(1, ports)
            testbed.wait_steady()
            await show(f"{ports} ports of a host: one rule more", groups.has_rule, workload, addresses, times)


async def show(what: str, change: Change, workload: Workload, addresses: Sequence[str], times: int) -> None:
    """Measure a change and print it."""
    requests, counts = await measure(change, workload, addresses, times)
    print(
        f"{what}: {_milliseconds(requests)} until it is answered, {_milliseconds(counts)} until it counts", flush=True
    )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 1000, 10_000])
    parser.add_argument("--ports", type=int, default=1000)
    parser.add_argument("--times", type=int, default=10)
    arguments = parser.parse_args()
    print(setting(), flush=True)
    asyncio.run(run(arguments.sizes, arguments.ports, arguments.times))
    return 0


if __name__ == "__main__":
    sys.exit(main())
