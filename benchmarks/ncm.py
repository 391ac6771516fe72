"""How many questions one Network Config Manager answers, for VPCs of different sizes, over the real protocol.

python -m benchmarks.ncm [--sizes 100 10000 1000000] [--hosts 16] [--batch 64] [--seconds 5] [--plot FILE.svg]

The manager is one process with the read model of one VPC; a second process plays hosts that each ask a batch of random
addresses, wait for the answer, and ask the next. Then single questions, one after the other, show the latency.
"""

import argparse
import asyncio
import contextlib
import gc
import multiprocessing
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from multiprocessing.connection import Connection
from statistics import median

import grpc
import uvloop

from alcor.channels.fast_path.ncm_client import NcmClient, NcmConnection
from alcor.channels.fast_path.ncm_server import NcmService
from alcor.channels.fast_path.options import Keepalive
from alcor.channels.ncm_messages import NcmHello, VpcQuestions
from alcor.dpm.loading import load
from alcor.dpm.read_model import ReadModel
from alcor.model.records import NodeRecord, PortRecord, Record, SubnetRecord, VpcRecord
from alcor.ncm.manager import NcmSettings, NetworkConfigManager
from alcor.ncm.source import WholeModel
from benchmarks.plot import Plot, add_plot_option
from benchmarks.setting import setting

VPC_ID, SUBNET_ID, VNI = b"v" * 16, b"s" * 16, 7
FIRST_ADDRESS, FIRST_MAC = 0x0A000002, 0xFA163E000000
HOSTS = 1000
SINGLE_QUESTIONS = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 10_000, 1_000_000], help="ports of the VPC")
    parser.add_argument("--hosts", type=int, default=16, help="hosts that ask at a time")
    parser.add_argument("--batch", type=int, default=64, help="questions in a message")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each is measured")
    add_plot_option(parser)
    arguments = parser.parse_args()
    here = setting()
    print(here)
    plot = Plot("What an answer takes", "ports of the VPC", here)
    uvloop.run(measure_all(arguments.sizes, arguments.hosts, arguments.batch, arguments.seconds, plot))
    plot.write(arguments.plot)


async def measure_all(sizes: list[int], hosts: int, batch: int, seconds: float, plot: Plot) -> None:
    """On one event loop: gRPC is bound to the first it sees."""
    for ports in sizes:
        await measure(ports, hosts, batch, seconds, plot)


async def measure(ports: int, hosts: int, batch: int, seconds: float, plot: Plot) -> None:
    """Start a manager, ask it, print."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="alcor-bench-") as directory:
        here, there = context.Pipe()
        address = f"unix:{directory}/ncm"
        process = context.Process(target=serve, args=(address, ports, there), daemon=True)
        process.start()
        here.recv()
        rate, latencies = await ask(address, ports, hosts, batch, seconds)
        process.kill()
        process.join()
    print(
        f"{ports:>9,} ports: {rate:>9,.0f} answers/s ({batch} questions a message, {hosts} hosts); "
        f"a single question {median(latencies) * 1000:.2f} ms (median), "
        f"{latencies[len(latencies) * 99 // 100] * 1000:.2f} ms (99th percentile)",
        flush=True,
    )
    plot.add(f"asked for with others, {batch} questions a message: manager's and hosts' time", ports, 1 / rate)
    plot.add("asked for alone, until it is there: median", ports, median(latencies))


def serve(address: str, ports: int, ready: Connection) -> None:
    """The manager's process."""
    model = load(1, records(ports))
    gc.collect()
    gc.freeze()
    uvloop.run(_serve(address, model, ready))


async def _serve(address: str, model: ReadModel, ready: Connection) -> None:
    manager = NetworkConfigManager(WholeModel(lambda: model), NcmSettings(questions_per_host=1_000_000_000))
    server = grpc.aio.server(options=Keepalive().options())
    server.add_generic_rpc_handlers((NcmService(manager.welcome("benchmark"), manager).handler(),))
    server.add_insecure_port(address)
    await server.start()
    ready.send(None)
    await server.wait_for_termination()


def records(ports: int) -> Iterator[Record]:
    """One VPC on demand, its ports spread over hosts."""
    yield VpcRecord(VPC_ID, VNI, 1450, on_demand=True)
    yield SubnetRecord(SUBNET_ID, VPC_ID, "10.0.0.0/8", "10.0.0.1", True)
    for number in range(HOSTS):
        yield NodeRecord(f"host-{number}", number + 1, 0xC0A80000 + number)
    for number in range(ports):
        fixed_ips = ((SUBNET_ID, (FIRST_ADDRESS + number).to_bytes(4)),)
        yield PortRecord(number.to_bytes(16), VPC_ID, FIRST_MAC + number, fixed_ips, f"host-{number % HOSTS}")


async def ask(address: str, ports: int, hosts: int, batch: int, seconds: float) -> tuple[float, list[float]]:
    """Answers a second to batches, and the sorted latencies of single questions (s)."""
    until = time.monotonic() + seconds
    counts = await asyncio.gather(*(_batches(address, ports, number, batch, until) for number in range(hosts)))
    return sum(counts) / seconds, await _singles(address, ports)


@contextlib.asynccontextmanager
async def connected(address: str, host: str) -> AsyncIterator[NcmConnection]:
    """The host's stream to a manager."""
    connections = NcmClient([address], lambda: NcmHello(host, bytes(16))).connections()
    async with contextlib.aclosing(connections):  # type: ignore[type-var]
        yield await anext(connections)


async def _batches(address: str, ports: int, number: int, batch: int, until: float) -> int:
    dice, answered = random.Random(number), 0
    async with connected(address, f"host-{number}") as connection:
        news = connection.news()
        while time.monotonic() < until:
            wanted = {FIRST_ADDRESS + dice.randrange(ports) for _ in range(batch)}
            await connection.ask({VNI: VpcQuestions(ipv4=wanted)})
            while wanted:
                answer = (await anext(news)).neighbours[VNI]
                wanted -= answer.put.ipv4.keys()
                answered += len(answer.put.ipv4)
    return answered


async def _singles(address: str, ports: int) -> list[float]:
    dice, latencies = random.Random(1), []
    async with connected(address, "host-1") as connection:
        news = connection.news()
        for _ in range(SINGLE_QUESTIONS):
            started = time.perf_counter()
            await connection.ask({VNI: VpcQuestions(ipv4={FIRST_ADDRESS + dice.randrange(ports)})})
            await anext(news)
            latencies.append(time.perf_counter() - started)
    return sorted(latencies)


if __name__ == "__main__":
    main()
