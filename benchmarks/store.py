"""How fast the store writes, allocates and reads, on SQLite and on a private PostgreSQL.

Run: ``python -m benchmarks.store [--ports N] [--database sqlite|postgresql] [--plot FILE.svg]``. Both databases are
durable: SQLite with synchronous=FULL, PostgreSQL with fsync on, each in a temporary directory.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection, text

from alcor.model.identifiers import id_bytes, new_id
from alcor.model.records import PortRecord
from alcor.store import bulk, number_pools, snapshot
from alcor.store.store import Store, open_store
from alcor.store.tables import ip_allocation, network, port, subnet
from alcor.store.tables.network import NOTHING_SHOWN
from alcor.store.transaction import Transaction
from benchmarks.plot import Plot, add_plot_option
from benchmarks.setting import disk, setting
from tests.databases import run_postgresql

_NETWORK, _SUBNET = new_id(), new_id()
_BULK = 1000  # ports a bulk request
_CLIENTS = 32


def _create_network(transaction: Transaction) -> None:
    identity = ("project", "", "", 0, 0, 0)
    of_network = (_NETWORK, *identity, True, False, 1450, "vxlan", None, 1, "{}", 0, False, False, False, 1)
    bulk.insert_rows(transaction.connection, network, [of_network])
    of_subnet = (
        _SUBNET,
        *identity,
        _NETWORK,
        4,
        "10.0.0.0/8",
        "10.0.0.1",
        True,
        "{}",
        bytes((10, 0, 0, 0)),
        None,
        None,
    )
    bulk.insert_rows(transaction.connection, subnet, [of_subnet])
    number_pools.create(transaction, _SUBNET, [(0x0A000002, 0x0AFFFFFE)], 4)


def _create_ports(transaction: Transaction, counts: Sequence[int]) -> Sequence[int]:
    """What a service does for a group of requests: addresses, rows, records."""
    total = sum(counts)
    macs = number_pools.take(transaction, "mac", total)
    addresses = number_pools.take(transaction, _SUBNET, total)
    now = transaction.now
    ports, allocations = [], []
    network_id, subnet_id = id_bytes(_NETWORK), id_bytes(_SUBNET)
    for mac, address in zip(macs, addresses, strict=True):
        port_id, packed = new_id(), address.to_bytes(4)
        host = f"host-{mac % 500}"
        said = (port_id, "project", "", "", 0, now, now, _NETWORK, mac, True, "DOWN", "", "", host)
        ports.append((*said, "{}", NOTHING_SHOWN, None, 0))
        allocations.append((_SUBNET, packed, port_id, 0))
        transaction.record(PortRecord(id_bytes(port_id), network_id, mac, ((subnet_id, packed),), f"host-{mac % 500}"))
    bulk.insert_rows(transaction.connection, port, ports)
    bulk.insert_rows(transaction.connection, ip_allocation, allocations)
    return counts


async def _clients(store: Store, requests: Iterator[int], clients: int) -> tuple[float, list[float]]:
    """Seconds for all requests from so many clients at once, and each request's own."""
    latencies: list[float] = []

    async def client() -> None:
        for count in requests:
            started = time.perf_counter()
            await store.write_batch(_create_ports, count)
            latencies.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return time.perf_counter() - started, sorted(latencies)


def _take_rate(transaction: Transaction) -> list[tuple[str, float]]:
    rates = []
    size, rounds = 1 << 20, 500
    number_pools.create(transaction, "benchmark", [(0, size - 1)], 4)
    for fullness in (0.01, 0.99):
        free = number_pools.available(transaction.connection, "benchmark")
        number_pools.take(transaction, "benchmark", free - int(size * (1 - fullness)))
        started = time.perf_counter()
        for _ in range(rounds):
            number_pools.take(transaction, "benchmark", 1)
        rates.append((f"pool takes of 1 number, {fullness:.0%} full", rounds / (time.perf_counter() - started)))
    number_pools.delete(transaction, "benchmark")
    return rates


def _read_all(connection: Connection) -> int:
    _, records = snapshot.read_records(connection)
    return sum(1 for _ in records)


async def _measure(url: str, ports: int, plot: Plot) -> None:
    kind = url.partition(":")[0].partition("+")[0]
    store = await open_store(url)
    await store.write(_create_network)
    for name, rate in await store.write(_take_rate):
        _report(name, rate, "/s")
    stored = 0
    for goal in (1_000, ports // 10, ports):
        if goal > stored:
            requests = (goal - stored) // _BULK
            seconds, _ = await _clients(store, iter([_BULK] * requests), 2)
            _report(f"bulk creates, {stored:,} ports stored", requests * _BULK / seconds, "ports/s")
            plot.add(f"in bulk, {_BULK:,} at once, each; {kind}", goal, seconds / requests / _BULK)
            stored += requests * _BULK
        single = 10_000
        seconds, latencies = await _clients(store, iter([1] * single), _CLIENTS)
        _report(f"single creates, {_CLIENTS} clients, {stored:,} ports stored", single / seconds, "ports/s")
        plot.add(f"alone, {_CLIENTS} clients; {kind}", stored, seconds / single)
        _report("  latency, median", latencies[single // 2] * 1000, "ms")
        _report("  latency, 99th percentile", latencies[single * 99 // 100] * 1000, "ms")
        stored += single
    started = time.perf_counter()
    records = await store.read(_read_all)
    _report("snapshot", records / (time.perf_counter() - started), "records/s")
    version = "SELECT sqlite_version()" if url.startswith("sqlite") else "SHOW server_version"
    print(f"  {url.split(':')[0]} {await store.read(partial(_scalar, query=version))}")
    await store.close()


def _scalar(connection: Connection, query: str) -> str:
    return str(connection.execute(text(query)).scalar_one())


def _report(name: str, value: float, unit: str) -> None:
    print(f"  {name:<56} {value:>12,.1f} {unit}", flush=True)


@contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="alcor-bench-") as directory:
            yield f"sqlite:///{directory}/alcor.db"
    else:
        with run_postgresql() as server:
            yield server.url(server.create_database())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ports", type=int, default=100_000, help="ports to store (default %(default)s)")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="only this one (default both)")
    add_plot_option(parser)
    arguments = parser.parse_args()
    here = setting()
    print(here)
    print(disk())
    plot = Plot("What a create costs the store", "ports stored", here)
    for kind in [arguments.database] if arguments.database else ["sqlite", "postgresql"]:
        print(kind)
        with _database(kind) as url:
            asyncio.run(_measure(url, arguments.ports, plot))
    plot.write(arguments.plot)


if __name__ == "__main__":
    main()
