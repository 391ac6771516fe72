"""How fast the API answers, as the number of stored ports grows, on SQLite and on a private PostgreSQL.

python -m benchmarks.api [--database sqlite|postgresql] [--auth none keystone] [--ports N] [--seconds S]
                         [--plot FILE.svg]

A real controller process on loopback serves clients that run in this process; both share the machine's processors.
Both databases are durable. All ports are in one network with a /12 subnet. At each number of stored ports, single
creates come from 1, 8 and 32 clients; lists, shows, updates and deletes from 8; the deletes take away what the creates
made, so that the number stays. Bulk creates of 1,000 ports fill up to the next number; other sizes come at the end,
then ports that are bound to hosts. Rates are medians of three rounds. With `--auth keystone` the controller asks a real
Keystone about the tokens that all requests carry: those of a project's member, and of an administrator where ports are
bound to hosts; with `--auth none keystone` it is measured without and with them, one after the other.
"""

import argparse
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

import orjson
import uvloop

from benchmarks.controller import Controller, run_controller
from benchmarks.hosts import host_name, vtep
from benchmarks.http_load import ask, drive, percentiles, request
from benchmarks.identity import AUTHS, Callers, run_callers
from benchmarks.plot import Plot, add_plot_option, of_database
from benchmarks.setting import disk, setting
from tests.databases import DATABASES

_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_BULK = 1_000
_BULK_SIZES = (100, 1_000, 10_000)
_ROUNDS = 3
_FILLERS = 2  # clients that send bulk creates
_READERS = 8  # clients that list, show, update and delete
_HOSTS = 100
_MOST_LISTED = 20_000  # ids of stored ports that shows and lists are spread over

_PLOTTED = {"single creates": (1, 32)}  # of how many clients, where not of all: a plot has few lines

Item = dict[str, str]
_OnBody = Callable[[bytes], object]


class Api:
    """The API of a controller, and the network that is measured."""

    def __init__(self, controller: Controller, callers: Callers, seconds: float, plot: Plot) -> None:
        self._controller = controller
        self._callers = callers
        self._plot = plot
        self._seconds = seconds
        self._network = ""

    async def measure(self, sizes: Sequence[int]) -> None:
        """Fill up to each size and measure there, then bulk creates of all sizes."""
        self._network = await self._new_network()
        stored = 0
        for size in sizes:
            name = f"bulk creates of {_BULK:,}, from {stored:,} ports"
            await self._bulk(name, [_port(self._network)] * _BULK, size - stored)
            stored = size
            await self._measure_at(size)
        await self._bulk_sizes()
        await self._bound_to_hosts()
        print(f"  the controller has {self._controller.memory():,} MiB in memory")

    async def _measure_at(self, size: int) -> None:
        created: list[str] = []
        for clients in (1, 8, 32):
            bodies: list[bytes] = []
            creates = itertools.repeat(self._create(_port(self._network)))
            await self._run_at(size, "single creates", creates, clients, on_body=bodies.append)
            created += [orjson.loads(body)["port"]["id"] for body in bodies]
        ids = await self._some_ids(size)
        pages = (self._request("GET", f"/v2.0/ports?limit=100&marker={each}") for each in itertools.cycle(ids))
        await self._run_at(size, "list a page of 100", pages, _READERS)
        shows = (self._request("GET", f"/v2.0/ports/{each}") for each in itertools.cycle(ids))
        await self._run_at(size, "show", shows, _READERS)
        change = {"port": {"name": "changed"}}
        updates = (self._request("PUT", f"/v2.0/ports/{each}", change) for each in itertools.cycle(ids))
        await self._run_at(size, "update", updates, _READERS)
        deletes = [self._request("DELETE", f"/v2.0/ports/{each}") for each in created]
        outcome = await drive(self._controller.port, deletes, _READERS)
        self._found(size, "delete", _READERS, outcome.rate, outcome.latencies)

    async def _bulk_sizes(self) -> None:
        network = await self._new_network()
        for ports in _BULK_SIZES:
            await self._bulk(f"bulk creates of {ports:,}", [_port(network)] * ports)

    async def _bound_to_hosts(self) -> None:
        """What the Data Plane Manager follows: ports in a network that is on all hosts."""
        hosts = [host_name(number) for number in range(_HOSTS)]
        for number, host in enumerate(hosts):
            body = {"host_info": {"node_id": host, "local_ip": vtep(number)}}
            await self._ask("POST", "/nodes", body, self._callers.admin)
        network = await self._new_network()
        for ports in _BULK_SIZES:
            items = [_port(network, host) for host, _ in zip(itertools.cycle(hosts), range(ports), strict=False)]
            await self._bulk(f"bulk creates of {ports:,}, bound to hosts", items, token=self._callers.admin)
        creates = (self._create(_port(network, host), self._callers.admin) for host in itertools.cycle(hosts))
        rate, latencies = await self._run(creates, 32)
        _report("single creates, bound to hosts", 32, rate, latencies)

    async def _bulk(self, name: str, items: Sequence[Item], total: int = 0, token: str = "") -> None:
        total = total or max(20_000, 3 * len(items))
        create = self._request("POST", "/v2.0/ports", {"ports": items}, token)
        requests = itertools.repeat(create, total // len(items))
        outcome = await drive(self._controller.port, requests, _FILLERS)
        _report(name, _FILLERS, outcome.rate * len(items), outcome.latencies)

    async def _run_at(
        self, size: int, name: str, requests: Iterator[bytes], clients: int, on_body: _OnBody | None = None
    ) -> None:
        rate, latencies = await self._run(requests, clients, on_body)
        self._found(size, name, clients, rate, latencies)

    def _found(self, size: int, name: str, clients: int, rate: float, latencies: Sequence[float]) -> None:
        _report(f"{name}, {size:,} ports", clients, rate, latencies)
        if clients in _PLOTTED.get(name, (clients,)):
            self._plot.add(f"{name}, {clients} client{'s' if clients > 1 else ''}", size, 1 / rate)

    async def _run(
        self, requests: Iterator[bytes], clients: int, on_body: _OnBody | None = None
    ) -> tuple[float, list[float]]:
        """Send requests in several rounds, so that what else the machine does in one of them does not decide."""
        rates: list[float] = []
        latencies: list[float] = []
        for _ in range(_ROUNDS):
            seconds = self._seconds / _ROUNDS
            outcome = await drive(self._controller.port, requests, clients, seconds=seconds, on_body=on_body)
            rates.append(outcome.rate)
            latencies += outcome.latencies
        return median(rates), latencies

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
        return [port["id"] for port in (await self._ask("GET", path))["ports"]]

    async def _new_network(self) -> str:
        network = await self._ask("POST", "/v2.0/networks", {"network": {"name": "benchmark"}})
        network_id: str = network["network"]["id"]
        subnet = {"network_id": network_id, "ip_version": 4, "cidr": "10.0.0.0/12"}
        await self._ask("POST", "/v2.0/subnets", {"subnet": subnet})
        return network_id

    def _create(self, item: Item, token: str = "") -> bytes:
        return self._request("POST", "/v2.0/ports", {"port": item}, token)

    def _request(self, method: str, path: str, value: Any = None, token: str = "") -> bytes:
        return request(method, path, value, token or self._callers.member)

    async def _ask(self, method: str, path: str, value: Any = None, token: str = "") -> Any:
        return await ask(self._controller.port, method, path, value, token or self._callers.member)


def _port(network: str, host: str = "") -> Item:
    return {"network_id": network, "name": "benchmark"} | ({"binding:host_id": host} if host else {})


def _report(name: str, clients: int, rate: float, latencies: Sequence[float]) -> None:
    shown = " ".join(f"{seconds * 1000:9.2f}" for seconds in percentiles(latencies))
    print(f"  {name:<48} {clients:>7} {rate:>10,.0f} {shown}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=DATABASES, help="only this one (default both)")
    parser.add_argument(
        "--auth", choices=AUTHS, nargs="+", default=AUTHS[:1], help="how callers are known (default none)"
    )
    parser.add_argument("--ports", type=int, default=100_000, help="most ports to store (default 100,000)")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each measurement lasts (default 3)")
    add_plot_option(parser)
    arguments = parser.parse_args()
    here = setting()
    print(here)
    print(disk())
    sizes = [size for size in _SIZES if size < arguments.ports] + [arguments.ports]
    databases = [arguments.database] if arguments.database else DATABASES
    for database, auth in itertools.product(databases, arguments.auth):
        _run(database, auth, sizes, arguments, here)


def _run(database: str, auth: str, sizes: Sequence[int], arguments: argparse.Namespace, here: str) -> None:
    kind = database if auth == "none" else f"{database}, {auth}"
    print(f"{kind:<50} clients  per second    p50 ms    p90 ms    p99 ms", flush=True)
    plot = Plot(f"What a request takes, {kind}", "ports stored", here)
    with run_callers(auth) as callers, run_controller(database, callers) as controller:
        uvloop.run(Api(controller, callers, arguments.seconds, plot).measure(sizes))
    plot.write(of_database(arguments.plot, kind.replace(", ", "-")))


if __name__ == "__main__":
    main()
