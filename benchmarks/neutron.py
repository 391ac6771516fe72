"""The same load on this controller and on Neutron's own API server, one after the other, and how they compare.

python -m benchmarks.neutron [--auth none keystone] [--database sqlite|postgresql] [--stored N] [--seconds S]

Neutron has two WSGI workers and a private MariaDB, the controller an SQLite file or a private PostgreSQL; all of them
are durable, on loopback, and share the machine's processors with the clients. With authentication, all requests carry
one token of a project's member, and both servers have a real Keystone to ask. All ports are in one network with a /12
subnet. Reads are measured with as many ports stored on either side; creates add to them. Rates are medians of three
rounds. At the end stands what one client gets of a server that does the least that any could (benchmarks.baseline).
"""

import argparse
import itertools
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

import msgspec
import uvloop

from benchmarks.baseline import measure_baseline
from benchmarks.controller import run_controller
from benchmarks.http_load import ask, drive, percentiles, request
from benchmarks.identity import AUTHS, Callers, run_callers
from benchmarks.neutron_server import neutron_version, run_neutron
from benchmarks.setting import disk, setting
from tests.databases import DATABASES

_BULK = 100  # ports of a bulk create
_PAGE = 100  # ports of a list
_ROUNDS = 3
_FILLERS = 2  # clients that send bulk creates
_BASELINE = {"show": "an answer from memory", "single creates": "one row made durable"}
_MOST_READ = 1_000  # stored ports that shows and lists are spread over


class Case(msgspec.Struct, frozen=True):
    """A kind of requests, and from how many clients they come."""

    name: str
    clients: int
    requests: Iterator[bytes]
    items: int = 1  # that a request counts for


class Load:
    """What is asked of a server, where it is reached, and with whose token."""

    def __init__(self, port: int, token: str, stored: int, seconds: float) -> None:
        self._port, self._token, self._stored, self._seconds = port, token, stored, seconds

    async def run(self) -> list[float]:
        """Fill, then measure each case: reads first, while there is stored what was filled in. Gives the rates."""
        network, other = await self._new_network(), await self._new_network()
        fill = itertools.repeat(_bulk(network, self._token), self._stored // _BULK)
        await drive(self._port, fill, _FILLERS)
        listed = await self._ask("GET", f"/v2.0/ports?fields=id&limit={_MOST_READ}")
        ids = [port["id"] for port in listed["ports"]]
        return [await self._measure(case) for case in _cases(self._token, network, other, ids)]

    async def _measure(self, case: Case) -> float:
        """The median of several rounds, so that what else the machine does in one of them does not decide."""
        rates: list[float] = []
        latencies: list[float] = []
        for _ in range(_ROUNDS):
            outcome = await drive(self._port, case.requests, case.clients, seconds=self._seconds / _ROUNDS)
            rates.append(outcome.rate * case.items)
            latencies += outcome.latencies
        shown = " ".join(f"{seconds * 1000:9.2f}" for seconds in percentiles(latencies))
        print(f"  {case.name:<32} {case.clients:>7} {median(rates):>10,.1f} {shown}", flush=True)
        return median(rates)

    async def _new_network(self) -> str:
        network = await self._ask("POST", "/v2.0/networks", {"network": {"name": "benchmark"}})
        network_id: str = network["network"]["id"]
        subnet = {"network_id": network_id, "ip_version": 4, "cidr": "10.0.0.0/12"}
        await self._ask("POST", "/v2.0/subnets", {"subnet": subnet})
        return network_id

    async def _ask(self, method: str, path: str, value: Any = None) -> Any:
        return await ask(self._port, method, path, value, self._token)


def _cases(token: str, network: str, other: str, ids: Sequence[str]) -> Iterator[Case]:
    for clients in (1, 8, 32):
        shows = (request("GET", f"/v2.0/ports/{each}", token=token) for each in itertools.cycle(ids))
        yield Case("show", clients, shows)
    whole = itertools.cycle(ids[:-_PAGE])  # a whole page follows each
    pages = (request("GET", f"/v2.0/ports?limit={_PAGE}&marker={each}", token=token) for each in whole)
    for clients in (1, 8, 32):
        yield Case(f"list a page of {_PAGE}", clients, pages)
    creates = itertools.repeat(request("POST", "/v2.0/ports", {"port": _port(network)}, token))
    for clients in (1, 32):
        yield Case("single creates", clients, creates)
    yield Case(f"ports in bulk creates of {_BULK}", _FILLERS, itertools.repeat(_bulk(other, token)), _BULK)


def _port(network: str) -> dict[str, str]:
    return {"network_id": network, "name": "benchmark"}


def _bulk(network: str, token: str) -> bytes:
    return request("POST", "/v2.0/ports", {"ports": [_port(network)] * _BULK}, token)


class Benchmark:
    """The same load on all, with the same kind of callers."""

    def __init__(self, callers: Callers, arguments: argparse.Namespace) -> None:
        self._callers = callers
        self._stored, self._seconds = arguments.stored, arguments.seconds
        self._databases = [arguments.database] if arguments.database else DATABASES

    def run(self) -> None:
        """Measure, and print how they compare."""
        neutron = f"Neutron {neutron_version()}"
        with run_neutron(self._callers) as port:
            of_neutron = self._measure(f"{neutron}, MariaDB", port)
        ours, baseline = {}, {}
        for database in self._databases:
            with run_controller(database, self._callers) as controller:
                ours[database] = self._measure(f"alcor, {database}", controller.port)
            baseline[database] = uvloop.run(measure_baseline(database, self._seconds))
        _compare(neutron, of_neutron, ours, baseline)

    def _measure(self, name: str, port: int) -> list[float]:
        print(f"{name:<34} clients  per second    p50 ms    p90 ms    p99 ms", flush=True)
        return uvloop.run(Load(port, self._callers.member, self._stored, self._seconds).run())


def _compare(
    neutron: str,
    of_neutron: Sequence[float],
    ours: dict[str, list[float]],
    baseline: dict[str, tuple[float, float]],
) -> None:
    """Print the table: the rates of all, and ours as multiples of Neutron's; then what one client could get at most."""
    print()
    print(f"| per second | clients | {neutron} |" + "".join(f" {name} | times |" for name in ours))
    print("|---|---:|---:|" + "---:|---:|" * len(ours))
    bases = {}
    for number, case in enumerate(_cases("", "", "", [""])):
        base = bases[case.name, case.clients] = of_neutron[number]
        row = f"| {case.name} | {case.clients} | {base:,.1f} |"
        print(row + "".join(f" {rates[number]:,.0f} | {rates[number] / base:,.0f} |" for rates in ours.values()))
    for place, (name, said) in enumerate(_BASELINE.items()):
        base = bases[name, 1]
        rates = [its[place] for its in baseline.values()]
        print(f"| {said} | 1 | {base:,.1f} |" + "".join(f" {rate:,.0f} | {rate / base:,.0f} |" for rate in rates))
    print(flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--auth", choices=AUTHS, nargs="+", default=AUTHS, help="one after the other (default both)")
    parser.add_argument("--database", choices=DATABASES, help="of the controller, only this one (default both)")
    parser.add_argument("--stored", type=int, default=1_000, help="ports stored when reads begin (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=15.0, help="each measurement lasts (default %(default)s)")
    arguments = parser.parse_args()
    print(setting())
    print(disk())
    for auth in arguments.auth:
        print(f"authentication: {auth}")
        with run_callers(auth) as callers:
            Benchmark(callers, arguments).run()


if __name__ == "__main__":
    main()
