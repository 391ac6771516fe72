"""How long a port takes from the API request until it is ACTIVE, and how many ports a second become so.

python -m benchmarks.active [--database sqlite|postgresql] [--hosts N] [--ports N] [--rate N] [--bulk N]

A real controller, and in another process a real control agent for each host, on the memory driver: goal states travel
over gRPC and are on the agent's disk before they are acknowledged. What a real data plane takes is not in these
numbers (ovs_flows has it), and the workload's interface is there as soon as its port is.

Ports are created one at a time in one VPC on all hosts; each is shown again and again until it is ACTIVE. Then many
are created in bulk, to see how long until all of them are; then single ones again, beside those.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator
from typing import Any

import orjson
import uvloop

from benchmarks.controller import Controller, run_controller
from benchmarks.hosts import host_name, run_hosts, vtep
from benchmarks.http_load import ask, drive, percentiles, request
from benchmarks.setting import disk, setting
from tests.databases import DATABASES

_A_CALL = 1_000  # ports of a bulk create
_PATIENCE_SECONDS = 60
_POLL_SECONDS = 0.05  # between looks whether all ports of a bulk are ACTIVE


class Cloud:
    """A controller's API and the hosts below it."""

    def __init__(self, controller: Controller, hosts: int) -> None:
        self._port = controller.port
        self._hosts = [host_name(number) for number in range(hosts)]
        self._network = ""

    async def open(self) -> None:
        """Register the hosts, make a network, and see one port on each host become ACTIVE."""
        for number, host in enumerate(self._hosts):
            await ask(self._port, "POST", "/nodes", {"host_info": {"node_id": host, "local_ip": vtep(number)}})
        network = await ask(self._port, "POST", "/v2.0/networks", {"network": {}})
        self._network = network["network"]["id"]
        subnet = {"network_id": self._network, "ip_version": 4, "cidr": "10.0.0.0/12"}
        await ask(self._port, "POST", "/v2.0/subnets", {"subnet": subnet})
        for host in self._hosts:
            await self._create_and_wait(host)

    async def latencies(self, ports: int, rate: float) -> list[float]:
        """Seconds from the request to ACTIVE of ports created one at a time, at most so many a second."""
        taken = []
        for number in range(ports):
            started = time.perf_counter()
            await self._create_and_wait(self._hosts[number % len(self._hosts)])
            taken.append(time.perf_counter() - started)
            await asyncio.sleep(max(0.0, 1 / rate - taken[-1]))
        return taken

    async def bulk(self, ports: int) -> tuple[float, float]:
        """Seconds until the ports were created, and until all of them were ACTIVE."""
        items = [self._body(self._hosts[number % len(self._hosts)]) for number in range(_A_CALL)]
        creates = [request("POST", "/v2.0/ports", {"ports": items})] * (ports // _A_CALL)
        started = time.perf_counter()
        await drive(self._port, creates, 1)
        created = time.perf_counter() - started
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                if not await self._some_are_down():
                    break
                await asyncio.sleep(_POLL_SECONDS)
        return created, time.perf_counter() - started

    async def _some_are_down(self) -> bool:
        path = f"/v2.0/ports?network_id={self._network}&status=DOWN&fields=id&limit=1"
        return bool((await ask(self._port, "GET", path))["ports"])

    async def _create_and_wait(self, host: str) -> None:
        created = await ask(self._port, "POST", "/v2.0/ports", {"port": self._body(host)})
        show = request("GET", f"/v2.0/ports/{created['port']['id']}")
        status = ""

        def take(body: bytes) -> None:
            nonlocal status
            status = orjson.loads(body)["port"]["status"]

        def until_active() -> Iterator[bytes]:
            while status != "ACTIVE":
                yield show

        await drive(self._port, until_active(), 1, seconds=_PATIENCE_SECONDS, on_body=take)
        if status != "ACTIVE":
            raise TimeoutError(f"a port on {host} is {status} after {_PATIENCE_SECONDS} s")

    def _body(self, host: str) -> dict[str, Any]:
        return {"network_id": self._network, "binding:host_id": host}


async def measure(controller: Controller, hosts: int, ports: int, rate: float, bulk: int) -> None:
    """Measure and print."""
    cloud = Cloud(controller, hosts)
    await cloud.open()
    await _single(cloud, ports, rate, hosts)
    created, active = await cloud.bulk(bulk)
    print(
        f"  {bulk:,} ports on {hosts} hosts, {_A_CALL:,} a call: created in {created:.2f} s, all ACTIVE after ", end=""
    )
    print(f"{active:.2f} s: {bulk / active:,.0f} ports/s")
    await _single(cloud, ports, rate, hosts + ports + bulk)


async def _single(cloud: Cloud, ports: int, rate: float, stored: int) -> None:
    taken = await cloud.latencies(ports, rate)
    median, p90, p99 = (seconds * 1000 for seconds in percentiles(taken))
    print(f"  request to ACTIVE beside {stored:,} ports in the VPC: median {median:.1f} ms, ", end="")
    print(f"p90 {p90:.1f} ms, p99 {p99:.1f} ms", flush=True)


def main() -> None:
    """Measure on one database or both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=DATABASES, help="only this one (default both)")
    parser.add_argument("--hosts", type=int, default=10, help="hosts with an agent each (default 10)")
    parser.add_argument("--ports", type=int, default=300, help="ports created one at a time (default 300)")
    parser.add_argument("--rate", type=float, default=20.0, help="of those, at most so many a second (default 20)")
    parser.add_argument("--bulk", type=int, default=10_000, help="ports created in bulk (default 10,000)")
    arguments = parser.parse_args()
    print(setting())
    print(disk())
    for database in [arguments.database] if arguments.database else DATABASES:
        print(database, flush=True)
        with run_controller(database) as controller, run_hosts(arguments.hosts, controller.southbound):
            uvloop.run(measure(controller, arguments.hosts, arguments.ports, arguments.rate, arguments.bulk))


if __name__ == "__main__":
    main()
