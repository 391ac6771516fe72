"""How long a new port takes until its data plane is ready, in VPCs of very different sizes.

python -m benchmarks.vpc_size [--sizes 10 1000 100000 1000000] [--database sqlite|postgresql] [--ports N] [--rate N]
                              [--hosts N] [--plot FILE.svg]

A real controller, and a real control agent on the memory driver, in a process of its own, with its goal state on disk.
The VPCs are filled in bulk with ports on other hosts, which are known and not connected; the agent's host has one port
in each VPC from the beginning. Then ports are created on it one at a time, in the VPCs in turn and in no order, so that
what else the machine does falls on all VPCs alike; each is deleted again, so that the VPC keeps its size. Times are
from sending the request until the data plane has the port, and until the API shows it ACTIVE, which it does when the
agent's acknowledgement is written.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import random
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

import msgspec
import uvloop

from alcor.model.identifiers import id_bytes
from alcor.scale.http_client import HttpClient
from benchmarks.controller import Controller, run_controller
from benchmarks.hosts import host_name, run_hosts, vtep
from benchmarks.http_load import drive, percentiles, request
from benchmarks.plot import Plot, add_plot_option
from benchmarks.setting import disk, setting
from tests.databases import DATABASES

_A_CALL = 1_000  # ports of a bulk create
_FILLERS = 2  # clients that send them
_HERE = host_name(0)  # where the agent is
_PATIENCE_SECONDS = 60.0


class Vpc(msgspec.Struct):
    """One that is measured; times are in seconds from the request."""

    size: int
    network_id: str
    answered: list[float] = []
    ready: list[float] = []
    active: list[float] = []


class Cloud:
    """A controller's API, with an agent below it."""

    def __init__(self, controller: Controller, programmed: Connection) -> None:
        self._port = controller.port
        self._client = HttpClient(f"http://127.0.0.1:{controller.port}")
        self._programmed = programmed

    async def register(self, hosts: int) -> None:
        """The agent's host, and others."""
        nodes = [{"node_id": host_name(number), "local_ip": vtep(number)} for number in range(1 + hosts)]
        await self._client.json("POST", "/nodes/bulk", {"host_infos": nodes})

    async def make_vpc(self, size: int, hosts: int) -> Vpc:
        """A VPC of so many ports, one on the agent's host and the others on so many others."""
        network = await self._client.json("POST", "/v2.0/networks", {"network": {}})
        vpc = Vpc(size, network["network"]["id"])
        subnet = {"network_id": vpc.network_id, "ip_version": 4, "cidr": "10.0.0.0/8"}
        await self._client.json("POST", "/v2.0/subnets", {"subnet": subnet})
        await self._until_active((await self._create(vpc))["id"])
        others = itertools.cycle(range(1, 1 + hosts))
        bodies = [_body(vpc, host_name(next(others))) for _ in range(size - 1)]
        calls = [bodies[first : first + _A_CALL] for first in range(0, len(bodies), _A_CALL)]
        await drive(self._port, (request("POST", "/v2.0/ports", {"ports": items}) for items in calls), _FILLERS)
        return vpc

    async def measure_one(self, vpc: Vpc) -> None:
        """Create a port, see its data plane ready and the port ACTIVE, delete it."""
        while self._programmed.poll():
            self._programmed.recv()
        since = time.monotonic()
        port_id = (await self._create(vpc))["id"]
        vpc.answered.append(time.monotonic() - since)
        await self._until_active(port_id)
        vpc.active.append(time.monotonic() - since)
        vpc.ready.append(self._programmed_at(port_id) - since)
        await self._client.ask("DELETE", f"/v2.0/ports/{port_id}")

    async def _create(self, vpc: Vpc) -> dict[str, str]:
        port: dict[str, str] = (await self._client.json("POST", "/v2.0/ports", {"port": _body(vpc, _HERE)}))["port"]
        return port

    async def _until_active(self, port_id: str) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (await self._client.json("GET", f"/v2.0/ports/{port_id}"))["port"]["status"] != "ACTIVE":
                pass

    def _programmed_at(self, port_id: str) -> float:
        while self._programmed.poll(_PATIENCE_SECONDS):
            port_ids, at = self._programmed.recv()
            if id_bytes(port_id) in port_ids:
                return float(at)
        raise TimeoutError(f"the agent does not say that it has programmed port {port_id}")


def _body(vpc: Vpc, host: str) -> dict[str, str]:
    return {"network_id": vpc.network_id, "binding:host_id": host}


async def measure(cloud: Cloud, sizes: Sequence[int], hosts: int, ports: int, rate: float) -> list[Vpc]:
    """Fill the VPCs, then create so many ports in each, at most so many a second in all."""
    await cloud.register(hosts)
    started = time.monotonic()
    vpcs = [await cloud.make_vpc(size, hosts) for size in sizes]
    print(f"  filled with {sum(sizes):,} ports in {time.monotonic() - started:.0f} s", flush=True)
    dice = random.Random(1)
    for _ in range(ports):
        for vpc in dice.sample(vpcs, len(vpcs)):
            due = time.monotonic() + 1 / rate
            await cloud.measure_one(vpc)
            await asyncio.sleep(due - time.monotonic())
    return vpcs


def _report(vpcs: Sequence[Vpc]) -> None:
    print(
        "  ports of the VPC   answer, median   data plane ready: median      p90   against the first   ACTIVE, median"
    )
    first = percentiles(vpcs[0].ready)[0]
    for vpc in vpcs:
        median, p90, _ = (seconds * 1000 for seconds in percentiles(vpc.ready))
        answered, active = (percentiles(times)[0] * 1000 for times in (vpc.answered, vpc.active))
        print(f"  {vpc.size:>16,} {answered:>13.2f} ms {median:>25.2f} ms {p90:>5.2f} ms ", end="")
        print(f"{median / first / 1000:>18.2f} {active:>13.2f} ms", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = [10, 1_000, 100_000, 1_000_000]
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes, help="ports of the VPCs, the smallest first")
    parser.add_argument("--database", choices=DATABASES, default="sqlite", help="default %(default)s")
    parser.add_argument("--ports", type=int, default=300, help="created in each VPC (default %(default)s)")
    parser.add_argument("--rate", type=float, default=20.0, help="of those, at most so many a second (default 20)")
    parser.add_argument("--hosts", type=int, default=1_000, help="that all other ports are on (default %(default)s)")
    add_plot_option(parser)
    arguments = parser.parse_args()
    here = setting()
    print(here)
    print(disk())
    print(arguments.database, flush=True)
    receive, send = multiprocessing.Pipe(duplex=False)
    with run_controller(arguments.database) as controller, run_hosts(1, controller.southbound, send):
        cloud = Cloud(controller, receive)
        vpcs = uvloop.run(measure(cloud, arguments.sizes, arguments.hosts, arguments.ports, arguments.rate))
        print(f"  the controller has {controller.memory():,} MiB in memory")
    _report(vpcs)
    plot = Plot("What a new port takes, median", "ports of the VPC", here)
    for vpc in vpcs:
        plot.add("until the API has answered", vpc.size, percentiles(vpc.answered)[0])
        plot.add("until its data plane is ready", vpc.size, percentiles(vpc.ready)[0])
        plot.add("until it is ACTIVE", vpc.size, percentiles(vpc.active)[0])
    plot.write(arguments.plot)


if __name__ == "__main__":
    main()
