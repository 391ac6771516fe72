"""How fast the API answers, as the number of stored ports grows, on SQLite and on a private PostgreSQL.

python -m benchmarks.api [--database sqlite|postgresql] [--ports N] [--seconds S]

A real controller process on loopback serves clients that run in this process; both share the machine's processors.
Both databases are durable. All ports are in one network with a /12 subnet. At each number of stored ports, single
creates come from 1, 8 and 32 clients; lists, shows, updates and deletes from 8; the deletes take away what the creates
made, so that the number stays. Bulk creates of 1,000 ports fill up to the next number; other sizes come at the end.
"""

import argparse
import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson
import uvloop

from benchmarks.controller import DATABASES, Controller, run_controller
from benchmarks.http_load import ask, drive, percentiles, request
from benchmarks.setting import setting

_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_BULK = 1_000
_FILLERS = 2  # clients that send bulk creates
_READERS = 8  # clients that list, show, update and delete
_HOSTS = 100
_MOST_LISTED = 20_000  # ids of stored ports that shows and lists are spread over


class Api:
    """The API of a controller, and the network that is measured."""

    def __init__(self, controller: Controller, seconds: float) -> None:
        self._controller = controller
        self._seconds = seconds
        self._network = ""

    async def measure(self, sizes: Sequence[int]) -> None:
        """Fill up to each size and measure there, then bulk creates of all sizes."""
        self._network = await self._new_network()
        stored = 0
        for size in sizes:
            await self._bulk(f"bulk creates of {_BULK:,}, from {stored:,} ports", self._network, _BULK, size - stored)
            stored = size
            await self._measure_at(size)
        await self._bulk_sizes()
        print(f"  the controller has {self._controller.memory():,} MiB in memory")

    async def _measure_at(self, size: int) -> None:
        created: list[str] = []
        for clients in (1, 8, 32):
            bodies: list[bytes] = []
            await self._run(f"single creates, {size:,} ports", self._creates(), clients, on_body=bodies.append)
            created += [orjson.loads(body)["port"]["id"] for body in bodies]
        ids = await self._some_ids(size)
        pages = (request("GET", f"/v2.0/ports?limit=100&marker={each}") for each in itertools.cycle(ids))
        await self._run(f"list a page of 100, {size:,} ports", pages, _READERS)
        shows = (request("GET", f"/v2.0/ports/{each}") for each in itertools.cycle(ids))
        await self._run(f"show, {size:,} ports", shows, _READERS)
        updates = (
            request("PUT", f"/v2.0/ports/{each}", {"port": {"name": "changed"}}) for each in itertools.cycle(ids)
        )
        await self._run(f"update, {size:,} ports", updates, _READERS)
        deletes = [request("DELETE", f"/v2.0/ports/{each}") for each in created]
        await self._run(f"delete, {size:,} ports", deletes, _READERS, seconds=600)

    async def _bulk_sizes(self) -> None:
        for number in range(_HOSTS):
            host = {"node_id": f"host-{number}", "node_name": f"host-{number}", "local_ip": f"198.51.100.{number + 1}"}
            await ask(self._controller.port, "POST", "/nodes", {"host_info": host})
        for bound in (False, True):
            network = await self._new_network()
            for ports in (100, 1_000, 10_000):
                name = f"bulk creates of {ports:,}{', bound to hosts' if bound else ''}"
                await self._bulk(name, network, ports, max(20_000, 3 * ports), bound=bound)

    async def _bulk(self, name: str, network: str, ports: int, total: int, *, bound: bool = False) -> None:
        body: dict[str, Any] = {"network_id": network, "name": "benchmark"}
        items = [body | ({"binding:host_id": f"host-{number % _HOSTS}"} if bound else {}) for number in range(ports)]
        requests = itertools.repeat(request("POST", "/v2.0/ports", {"ports": items}), total // ports)
        await self._run(name, requests, _FILLERS, each=ports, seconds=600)

    def _creates(self) -> Iterator[bytes]:
        return itertools.repeat(request("POST", "/v2.0/ports", {"port": {"network_id": self._network, "name": "one"}}))

    async def _run(
        self,
        name: str,
        requests: Iterable[bytes],
        clients: int,
        *,
        each: int = 1,
        seconds: float = 0,
        on_body: Callable[[bytes], object] | None = None,
    ) -> None:
        """Run the requests, and print what came of it."""
        port, seconds = self._controller.port, seconds or self._seconds
        outcome = await drive(port, requests, clients, seconds=seconds, on_body=on_body)
        latencies = " ".join(f"{seconds * 1000:9.2f}" for seconds in percentiles(outcome.latencies))
        print(f"  {name:<48} {clients:>7} {outcome.rate * each:>10,.0f} {latencies}", flush=True)

    async def _some_ids(self, size: int) -> list[str]:
        """Ids of stored ports, from all over the table."""
        listed: list[str] = []
        marker = ""
        while len(listed) < size and (page := await self._page(marker)):
            listed += page
            marker = page[-1]
        return random.Random(1).sample(listed, min(len(listed), _MOST_LISTED))

    async def _page(self, marker: str) -> list[str]:
        path = "/v2.0/ports?fields=id&limit=1000" + (f"&marker={marker}" if marker else "")
        return [port["id"] for port in (await ask(self._controller.port, "GET", path))["ports"]]

    async def _new_network(self) -> str:
        network = await ask(self._controller.port, "POST", "/v2.0/networks", {"network": {"name": "benchmark"}})
        network_id: str = network["network"]["id"]
        subnet = {"network_id": network_id, "ip_version": 4, "cidr": "10.0.0.0/12"}
        await ask(self._controller.port, "POST", "/v2.0/subnets", {"subnet": subnet})
        return network_id


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=DATABASES, help="only this one (default both)")
    parser.add_argument("--ports", type=int, default=100_000, help="most ports to store (default 100,000)")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each measurement lasts (default 3)")
    arguments = parser.parse_args()
    print(setting())
    sizes = [size for size in _SIZES if size < arguments.ports] + [arguments.ports]
    for database in [arguments.database] if arguments.database else DATABASES:
        print(f"{database:<50} clients  per second    p50 ms    p90 ms    p99 ms", flush=True)
        with run_controller(database) as controller:
            uvloop.run(Api(controller, arguments.seconds).measure(sizes))


if __name__ == "__main__":
    main()
