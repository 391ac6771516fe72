"""How much longer the first ping to a peer takes that its host has never met, over real Open vSwitch (as root).

python -m benchmarks.first_ping [--sizes 100 10000 100000] [--peers 50] [--plot FILE.svg]

For each size two hosts, each a network namespace with an Open vSwitch and an agent of its own, and one VPC on demand,
so that hosts are told of nobody. The VPC is filled up with ports on hosts that are not connected; then come workloads:
one sender on the first host, and peers on the second. The sender pings each of the peers three times: for the first
time, when the packet is held, the peer asked for, its rule made and the packet released; again, uncounted; and a third
time, for comparison. Then as many senders again as peers, each with a peer of its own: neither host has met the other's
workload then, and the answer is asked for as well. Times are as ``ping`` sees them, ARP included.
"""

import argparse
import asyncio
import itertools
from collections.abc import Iterable
from statistics import median

import msgspec

from alcor.testbed.cloud import Cloud
from alcor.testbed.testbed import Testbed
from alcor.testbed.workload import Workload
from benchmarks.plot import Plot, add_plot_option
from benchmarks.setting import setting

_A_CALL = 1_000  # ports of a bulk create
_ELSEWHERE = 200  # hosts that the other ports are on


class Elsewhere(msgspec.Struct):
    """A host that is known, and not connected."""

    name: str
    vtep_ip: str


class Pings(msgspec.Struct):
    """Round-trip times in milliseconds."""

    first: list[float] = []
    steady: list[float] = []

    @property
    def difference(self) -> float:
        """Between the medians."""
        return median(self.first) - median(self.steady)

    def describe(self) -> str:
        """In words."""
        return f"first {_shown(self.first)}, steady {_shown(self.steady)}: {self.difference:.2f} ms more"


class Region:
    """Two hosts and a VPC on demand."""

    def __init__(self, testbed: Testbed, cloud: Cloud, network_id: str) -> None:
        self._testbed, self._cloud, self._network_id = testbed, cloud, network_id
        self._numbers = itertools.count()
        self._stored = 0

    async def fill(self, size: int) -> None:
        """Let the VPC have so many ports."""
        hosts = itertools.cycle(each.name for each in _elsewhere())
        while (more := min(size - self._stored, _A_CALL)) > 0:
            items = [{"network_id": self._network_id, "binding:host_id": next(hosts)} for _ in range(more)]
            await self._cloud.create_many("port", items)
            self._stored += more

    async def strangers_of_one_host(self, count: int) -> Pings:
        """One sender meets so many peers, whose host has met the sender since the first of them."""
        sender, _ = await self._add(0)
        peers = [await self._add(1) for _ in range(count + 1)]
        self._testbed.wait_steady()
        _ping(sender, peers[0][1])
        return _measured((sender, address) for _, address in peers[1:])

    async def strangers_of_both_hosts(self, count: int) -> Pings:
        """So many senders each meet a peer, whose host has not met the sender."""
        pairs = [((await self._add(0))[0], (await self._add(1))[1]) for _ in range(count)]
        self._testbed.wait_steady()
        return _measured(pairs)

    async def _add(self, host_number: int) -> tuple[Workload, str]:
        """A workload, and its address."""
        host = self._testbed.hosts[host_number]
        binding = {"binding:host_id": host.name}
        port = await self._cloud.create("port", network_id=self._network_id, **binding)
        self._stored += 1
        workload = self._testbed.add_workload(f"w{next(self._numbers)}", host)
        workload.plug(port["id"], port["mac_address"])
        await self._cloud.wait_for_status("port", port["id"], "ACTIVE")
        workload.request_lease()
        return workload, port["fixed_ips"][0]["ip_address"]


def _elsewhere() -> list[Elsewhere]:
    return [Elsewhere(f"elsewhere-{number}", f"198.51.100.{number + 1}") for number in range(_ELSEWHERE)]


def _measured(pairs: Iterable[tuple[Workload, str]]) -> Pings:
    pings = Pings()
    for sender, address in pairs:
        pings.first.append(_ping(sender, address))
        _ping(sender, address)
        pings.steady.append(_ping(sender, address))
    return pings


def _ping(sender: Workload, address: str) -> float:
    milliseconds = sender.ping(address)
    if milliseconds is None:
        raise RuntimeError(f"{address} does not answer {sender.name}")
    return milliseconds


def _shown(times: list[float]) -> str:
    ordered = sorted(times)
    return f"{median(ordered):.2f} ms (p90 {ordered[len(ordered) * 9 // 10]:.2f})"


async def measure(testbed: Testbed, size: int, peers: int, plot: Plot) -> None:
    """Measure and print."""
    testbed.controller.start()
    hosts = testbed.make_hosts(2)
    async with Cloud(testbed.controller) as cloud:
        await cloud.register([*hosts, *_elsewhere()])
        testbed.start_hosts()
        network = await cloud.create("network", name="large")
        await cloud.create("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/8")
        region = Region(testbed, cloud, network["id"])
        await region.fill(size)
        one = await region.strangers_of_one_host(peers)
        print(f"{size:>9,} ports, {peers} peers never met: {one.describe()}", flush=True)
        both = await region.strangers_of_both_hosts(peers)
        print(f"{'':>9}  of hosts that have not met the sender either: {both.describe()}", flush=True)
        plot.add("first, neither host has met the other's workload", size, median(both.first) / 1000)
        plot.add("first, the peer's host has met the sender", size, median(one.first) / 1000)
        plot.add("steady", size, median(one.steady) / 1000)


def main() -> None:
    """Measure each size on a testbed of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 10_000, 100_000], help="ports of the VPC")
    parser.add_argument("--peers", type=int, default=50, help="peers met at each size, by one sender and by many")
    add_plot_option(parser)
    arguments = parser.parse_args()
    here = setting()
    print(here)
    plot = Plot("What a ping takes, median", "ports of the VPC", here)
    for size in arguments.sizes:
        with Testbed(controller_arguments=("--on-demand-above", "0")) as testbed:
            asyncio.run(measure(testbed, size, arguments.peers, plot))
    plot.write(arguments.plot)


if __name__ == "__main__":
    main()
