"""What controller processes with roles of their own cost in a large region, beside one that holds everything.

python -m benchmarks.roles [--ports 1000000] [--nodes 100000] [--sizes 10000 100000 1000000]
                            [--hosts 100 1000 10000] [--first-ports 30] [--plot FILE.svg]

All processes are real ones on one private PostgreSQL: one serves the API; one after the other there are a Network
Config Manager, a Data Plane Manager, and a controller of all roles. The region has VPCs of a hundred ports that are
told ahead, each on fifty hosts drawn by lot, and one VPC on demand of each size, on all hosts. Simulated hosts share
one stream and run in this process.
"""

import argparse
import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Sequence

import msgspec
import psutil
import uvloop

from alcor.channels.fast_path.ncm_client import NcmConnection
from alcor.channels.ncm_messages import VpcQuestions
from alcor.scale.fleet import Fleet, host_name
from alcor.scale.scenario import Hosts
from benchmarks.controller import Controller, run_process
from benchmarks.http_load import percentiles
from benchmarks.ncm import connected
from benchmarks.plot import Plot, add_plot_option
from benchmarks.region import FIRST_ADDRESS, PORTS_OF_SMALL, Large, Region, Small, port_body
from benchmarks.setting import disk, setting
from tests.databases import run_postgresql

_HOSTS_EACH = 50  # of a small VPC
_OTHER_SIZE = 1_000  # ports of the VPC that is asked about all the time
_QUESTIONS = 2_000
_IDLE = 0.1  # of a core: a process that takes less has nothing to do
_PATIENCE_SECONDS = 600.0
_NEVER_LOST = ("--host-grace", "3600")  # whoever is left by hosts of the process before does not matter


class Measured(msgspec.Struct):
    """A process under measurement, and what it did last."""

    controller: Controller
    memory: int = 0  # KiB
    processor: float = 0.0  # seconds

    def __post_init__(self) -> None:
        self.memory, self.processor = self._now()

    def step(self) -> tuple[int, float]:
        """KiB more in memory, and seconds of its processor, since the last step."""
        before, (self.memory, self.processor) = (self.memory, self.processor), self._now()
        return self.memory - before[0], self.processor - before[1]

    def _now(self) -> tuple[int, float]:
        process = psutil.Process(self.controller.process)
        times = process.cpu_times()
        return process.memory_info().rss // 1024, times.user + times.system

    async def until_idle(self) -> None:
        """Everything that follows from what happened is done."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                before = self._now()[1]
                await asyncio.sleep(1)
                if self._now()[1] - before < _IDLE:
                    return


class Asking:
    """A host that asks a manager, one question after the other."""

    def __init__(self, connection: NcmConnection) -> None:
        self._connection, self._news = connection, connection.news()
        self._dice = random.Random(1)

    async def answer(self, vpc: Large) -> float:
        """Ask for a random address; returns the seconds until the answer is there."""
        started = time.monotonic()
        address = FIRST_ADDRESS + self._dice.randrange(vpc.size)
        await self._connection.ask({vpc.vni: VpcQuestions(ipv4={address})})
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                news = (await anext(self._news)).neighbours
                if vpc.vni in news and address in news[vpc.vni].put.ipv4:
                    return _since(started)


class Benchmark:
    """One run over one region."""

    def __init__(self, url: str, region: Region, arguments: argparse.Namespace, plot: Plot) -> None:
        self._url, self._region, self._plot = url, region, plot
        self._ports, self._nodes, self._sizes = arguments.ports, arguments.nodes, arguments.sizes
        self._steps: Sequence[int] = arguments.hosts
        self._first_ports: int = arguments.first_ports
        self._small: list[Small] = []
        self._large: list[Large] = []
        self._dice = random.Random(1)

    async def run(self) -> None:
        """Fill, measure, print."""
        started = time.monotonic()
        await self._region.register_hosts()
        other = await self._region.add_large(_OTHER_SIZE)
        await self._region.make_on_demand(other)
        self._small = await self._region.add_small(self._ports // PORTS_OF_SMALL, _HOSTS_EACH)
        self._large = [await self._region.add_large(size) for size in self._sizes]
        sizes = ", ".join(f"{size:,}" for size in self._sizes)
        print(f"{self._nodes:,} nodes, {len(self._small):,} VPCs of {PORTS_OF_SMALL} ports told ahead,", end=" ")
        print(f"VPCs on demand of {sizes} ports; filled in {_since(started):.0f} s", flush=True)
        with run_process(self._url, *_NEVER_LOST, "--role", "ncm") as controller:
            await self._measure_ncm(controller, other)
        with run_process(self._url, *_NEVER_LOST, "--role", "dpm") as controller:
            await self._measure_hosts("role dpm", controller, 0)
        with run_process(self._url, *_NEVER_LOST) as controller:
            await self._measure_hosts("all roles", controller, max(self._steps))
            await self._measure_answers(controller, other)

    # A Network Config Manager.

    async def _measure_ncm(self, controller: Controller, other: Large) -> None:
        process = Measured(controller)
        print(f"role ncm: ready after {controller.start_seconds:.1f} s, {process.memory // 1024:,} MiB", flush=True)
        await self._measure_answers(controller, other)
        process.step()
        for vpc in self._large:
            seconds, meanwhile = await self._take_up(controller, vpc, other)
            await process.until_idle()
            memory, processor = process.step()
            median, _, p99 = percentiles(meanwhile)
            print(f"  takes up a VPC of {vpc.size:>9,} ports: answers after {seconds:.2f} s; ", end="")
            print(f"{processor:.2f} s of its processor, {memory / 1024:,.0f} MiB; ", end="")
            print(f"another VPC's answers meanwhile {_ms(median)}, p99 {_ms(p99)}, longest {_ms(max(meanwhile))}")
            self._plot.add("until the VPC is answered about", vpc.size, seconds)
            self._plot.add("an answer about another VPC meanwhile: median", vpc.size, median)
            self._plot.add("an answer about another VPC meanwhile: 99th percentile", vpc.size, p99)

    async def _take_up(self, controller: Controller, vpc: Large, other: Large) -> tuple[float, list[float]]:
        """Seconds until a host is answered about the VPC, and those that answers about another one take meanwhile."""
        latencies = []
        async with _asking(controller, 0) as asking, _asking(controller, 1) as neighbour:
            started = time.monotonic()
            await self._region.make_on_demand(vpc)
            first = asyncio.create_task(asking.answer(vpc))
            while not first.done():
                latencies.append(await neighbour.answer(other))
            await first
            return _since(started), latencies

    async def _measure_answers(self, controller: Controller, other: Large) -> None:
        async with _asking(controller, 1) as asking:
            latencies = [await asking.answer(other) for _ in range(_QUESTIONS)]
        median, _, p99 = percentiles(latencies)
        print(f"  an answer, one at a time: {_ms(median)}, p99 {_ms(p99)}", flush=True)

    # A Data Plane Manager.

    async def _measure_hosts(self, name: str, controller: Controller, first: int) -> None:
        """Let hosts come, those from the number on."""
        process = Measured(controller)
        print(f"{name}: ready after {controller.start_seconds:.1f} s, {process.memory // 1024:,} MiB", flush=True)
        async with contextlib.AsyncExitStack() as stack:
            there = 0
            for count in self._steps:
                started = time.monotonic()
                fleet = await stack.enter_async_context(_hosts(controller, first + there, count - there))
                await _until_all_have_everything(fleet, count - there)
                seconds = _since(started)
                await process.until_idle()
                memory, processor = process.step()
                more, there = count - there, count
                print(f"  {more:,} hosts come: they have everything after {seconds:.2f} s; ", end="")
                print(
                    f"{processor / more * 1000:.2f} ms of its processor and {memory / more:,.1f} KiB a host; ", end=""
                )
                print(f"{process.memory // 1024:,} MiB", flush=True)
                if count == self._steps[0]:
                    await self._measure_first_ports(range(first, first + count))
                    process.step()

    async def _measure_first_ports(self, hosts: range) -> None:
        """Ports on hosts in VPCs that they have no ports in, of which others of the hosts have some, or none has."""
        held = [vpc for vpc in self._small if any(host in hosts for host in vpc.hosts)]
        others = [vpc for vpc in self._small if not any(host in hosts for host in vpc.hosts)]
        seconds: tuple[list[float], list[float]] = ([], [])
        for _ in range(self._first_ports):
            for vpcs, times in zip((held, others), seconds, strict=True):
                times.append(await self._first_port(self._dice.choice(vpcs), self._dice.choice(hosts)))
        for what, times in zip(("some of these have", "none of these has"), seconds, strict=True):
            median, p90, _ = percentiles(times)
            print(f"  a port in a VPC that {what}: ACTIVE after {_ms(median)}, p90 {_ms(p90)}", flush=True)

    async def _first_port(self, vpc: Small, host: int) -> float:
        client = self._region.client
        started = time.monotonic()
        port = (await client.json("POST", "/v2.0/ports", {"port": port_body(vpc.network_id, host)}))["port"]
        path = f"/v2.0/ports/{port['id']}"
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (await client.json("GET", path))["port"]["status"] != "ACTIVE":
                pass
        seconds = _since(started)
        await client.ask("DELETE", path)
        return seconds


@contextlib.asynccontextmanager
async def _asking(controller: Controller, host: int) -> AsyncIterator[Asking]:
    async with connected(controller.southbound, host_name(host)) as connection:
        yield Asking(connection)


@contextlib.asynccontextmanager
async def _hosts(controller: Controller, first: int, count: int) -> AsyncIterator[Fleet]:
    fleet = Fleet(controller.southbound, first, count, Hosts(count=count))
    running = asyncio.create_task(fleet.run())
    try:
        yield fleet
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _until_all_have_everything(fleet: Fleet, count: int) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            if fleet.counts.up_to_date == count:
                return
            await asyncio.sleep(0.01)


def _since(started: float) -> float:
    return time.monotonic() - started


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


async def _run(url: str, api: Controller, arguments: argparse.Namespace, plot: Plot) -> None:
    await Benchmark(url, Region(api, arguments.nodes), arguments, plot).run()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ports", type=int, default=1_000_000, help="in VPCs told ahead (default %(default)s)")
    parser.add_argument("--nodes", type=int, default=100_000, help="hosts that are known (default %(default)s)")
    sizes = [10_000, 100_000, 1_000_000]
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes, help="ports of the VPCs on demand")
    parser.add_argument(
        "--hosts", type=int, nargs="+", default=[100, 1_000, 10_000], help="that are connected, growing"
    )
    parser.add_argument("--first-ports", type=int, default=30, help="measured of each kind (default %(default)s)")
    add_plot_option(parser)
    arguments = parser.parse_args()
    here = setting()
    print(here)
    print(disk(), flush=True)
    plot = Plot("Taking up a VPC on demand", "ports of the VPC", here)
    with run_postgresql() as server:
        url = server.url(server.create_database())
        with run_process(url, "--role", "api") as api:
            uvloop.run(_run(url, api, arguments, plot))
    plot.write(arguments.plot)


if __name__ == "__main__":
    main()
