"""Security groups over real Open vSwitch (as root): until a changed rule or a new member counts, by the group's size.

python -m benchmarks.security_groups [--sizes 10 1000 10000] [--times 10]

Two hosts, each a network namespace with an Open vSwitch and an agent of its own, and for each size a VPC, told ahead,
with two groups: one in which a workload of the first host is, whose rule lets in members of the other, and that other
with so many ports of the second host as members. A workload of the second host pings the first, every 5 ms: from the
request that makes it a member too, and then from the one that adds a rule for it, until its ping is answered. Each time
is the median of all, with the longest; the time of the request itself is shown beside it.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

from alcor.testbed.cloud import Cloud
from alcor.testbed.testbed import Testbed
from alcor.testbed.workload import Workload
from benchmarks.setting import setting

_PING_SECONDS = 0.005
_AT_ONCE = 1000

Change = Callable[[bool], Awaitable[None]]


class Groups:
    """A VPC with a workload that is guarded, one that speaks to it, and groups of a size."""

    def __init__(self, testbed: Testbed, cloud: Cloud, number: int) -> None:
        self._testbed, self._cloud, self._number = testbed, cloud, number
        self._rule: dict[str, Any] = {}

    async def make(self, size: int) -> tuple[Workload, str]:
        """Returns the workload that speaks, and the address of the other."""
        cloud = self._cloud
        network = await cloud.create("network", name=f"of {size}")
        cidr = f"10.{100 + self._number}.0.0/16"
        self._subnet = await cloud.create("subnet", network_id=network["id"], ip_version=4, cidr=cidr)
        await cloud.set_programming(network["id"], "push")
        self._guarding, self._friends, self._others = [
            await cloud.create("security_group", name=f"{name} of {size}") for name in ("guarding", "friends", "others")
        ]
        await self._allow(remote_group_id=self._friends["id"])
        speaking, self._speaker = await self._add("speaker", 1, self._others)
        guarded, _ = await self._add("guarded", 0, self._guarding)
        members = [self._port(1, self._friends)] * size
        for start in range(0, size, _AT_ONCE):
            await cloud.create_many("port", members[start : start + _AT_ONCE])
        return speaking, guarded

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


async def measure(change: Change, workload: Workload, address: str, times: int) -> tuple[list[float], list[float]]:
    """Seconds of the request, and until it counts, of each time."""
    requests, counts = [], []
    for _ in range(times):
        await change(False)
        ping = workload.keep_pinging(address, _PING_SECONDS)
        await asyncio.to_thread(ping.wait_for_silence, 0.3)
        started = time.monotonic()
        await change(True)
        requests.append(time.monotonic() - started)
        await asyncio.to_thread(ping.wait_for_answers, 1)
        counts.append(time.monotonic() - started)
        ping.stop()
    await change(False)
    return requests, counts


def _milliseconds(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:.0f} ms (most {max(seconds) * 1000:.0f})"


async def run(sizes: list[int], times: int) -> None:
    """Measure and print."""
    with Testbed() as testbed:
        testbed.controller.start()
        testbed.make_hosts(2)
        async with Cloud(testbed.controller) as cloud:
            await cloud.register(testbed.hosts)
            testbed.start_hosts()
            for number, size in enumerate(sizes):
                groups = Groups(testbed, cloud, number)
                workload, address = await groups.make(size)
                testbed.wait_steady()
                for name, change in (("one member more", groups.is_member), ("one rule more", groups.has_rule)):
                    requests, counts = await measure(change, workload, address, times)
                    shown = f"{_milliseconds(requests)} until it is answered, {_milliseconds(counts)} until it counts"
                    print(f"a remote group of {size} members: {name}: {shown}", flush=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 1000, 10_000])
    parser.add_argument("--times", type=int, default=10)
    arguments = parser.parse_args()
    print(setting(), flush=True)
    asyncio.run(run(arguments.sizes, arguments.times))
    return 0


if __name__ == "__main__":
    sys.exit(main())
