"""How fast the Data Plane Manager compiles, and what a VPC of many ports costs a controller and a host.

python -m benchmarks.dpm [--sizes N ...] [--plot FILE.svg]
"""

import argparse
import gc
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import median
from typing import TypeVar

import psutil

from alcor.channels.codec import GoalStateAssembler, goal_state_to_messages
from alcor.dpm.compiler import compile_entry
from alcor.dpm.goal_states import snapshot
from alcor.dpm.loading import load
from alcor.model.goal_state import GoalState, apply_delta
from alcor.model.records import (
    LogEntry,
    NodeRecord,
    PortRecord,
    Record,
    SubnetRecord,
    VpcRecord,
    decode_records,
    encode_records,
)
from alcor.southbound.v1 import southbound_pb2 as pb
from benchmarks.plot import Plot, add_plot_option
from benchmarks.setting import setting

_A = TypeVar("_A")
_T = TypeVar("_T")

VPC_ID, SUBNET_ID = b"v" * 16, b"s" * 16
VNI = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="ports of the VPC")
    add_plot_option(parser)
    arguments = parser.parse_args()
    here = setting()
    print(here)
    for hosts in (10, 1000):
        compile_rates(hosts)
    plot = Plot("What a port costs", "ports of the VPC, on 1,000 hosts", here)
    for ports in arguments.sizes:
        parts, costs = in_its_own_process(large_vpc, ports)
        costs["each of a snapshot: decode and apply"] = take_in(ports, parts)
        for name, seconds in costs.items():
            plot.add(name, ports, seconds)
    plot.write(arguments.plot)


def in_its_own_process(work: Callable[[_A], _T], argument: _A) -> _T:
    """So that its memory can be seen."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, argument).result()


def base(hosts: int) -> tuple[Record, ...]:
    nodes = (NodeRecord(f"host-{number}", number + 1, 0xC0A80000 + number) for number in range(hosts))
    subnet = SubnetRecord(SUBNET_ID, VPC_ID, "10.0.0.0/8", "10.0.0.1", True)
    return (VpcRecord(VPC_ID, VNI, 1450), subnet, *nodes)


def some_ports(first: int, count: int, hosts: int) -> Iterator[PortRecord]:
    for number in range(first, first + count):
        fixed_ips = ((SUBNET_ID, (0x0A000002 + number).to_bytes(4)),)
        yield PortRecord(number.to_bytes(16), VPC_ID, 0xFA163E000000 + number, fixed_ips, f"host-{number % hosts}")


def through_the_log(records: Iterable[Record]) -> tuple[Record, ...]:
    return decode_records(encode_records(tuple(records)))


def compile_rates(hosts: int) -> None:
    """Ports compiled a second, in entries of one port and of many, in a VPC present on all hosts."""
    model = load(1, (*base(hosts), *some_ports(0, hosts, hosts)))
    created = hosts
    for size, entries in ((1, 200), (500, 20)):
        batches = [through_the_log(some_ports(created + number * size, size, hosts)) for number in range(entries)]
        created += size * entries
        seconds = time.perf_counter()
        for position, records in enumerate(batches, 2):
            compile_entry(model, LogEntry(position, records))
        seconds = time.perf_counter() - seconds
        rate = size * entries / seconds
        print(f"compile, {hosts:4} hosts, {size:3} ports an entry: {rate:10,.0f} ports/s, "
              f"{seconds / entries * 1000:.2f} ms an entry")  # fmt: skip


def large_vpc(ports: int) -> tuple[list[bytes], dict[str, float]]:
    """A controller's cost; returns the parts of one host's snapshot as they travel, and seconds a port by what for."""
    hosts, costs = 1000, {}
    before = resident()
    model, seconds = timed(lambda: load(1, chain(base(hosts), some_ports(0, ports, hosts))))
    costs["each of the read model: take in at the start"] = seconds / ports
    print(f"read model of {ports:,} ports on {hosts} hosts: {seconds:.1f} s, {resident() - before:.0f} MiB")
    gc.freeze()  # as a controller does
    entries = [LogEntry(2 + more, through_the_log(some_ports(ports + more, 1, hosts))) for more in range(21)]
    seconds = median(timed(partial(compile_entry, model, entry))[1] for entry in entries)
    costs["one more: compile for the hosts, median"] = seconds
    print(f"compile one port into it: {seconds * 1000:.2f} ms (median)")
    delta, making = timed(lambda: snapshot(model, "host-5"))
    print(f"snapshot for one host: {making * 1000:.0f} ms")
    parts, seconds = timed(lambda: [part.SerializeToString() for part in goal_state_to_messages(delta)])
    print(f"encode it: {seconds * 1000:.0f} ms, {sum(map(len, parts)) / 2**20:.1f} MiB in {len(parts)} parts")
    costs["each of a snapshot: make and encode"] = (making + seconds) / ports
    return parts, costs


def take_in(ports: int, parts: list[bytes]) -> float:
    """A host's cost: decode and apply; returns seconds a neighbour."""
    seconds, mebibytes, peak = in_its_own_process(decode_and_apply, parts)
    print(f"decode and apply {ports:,} neighbours: {seconds:.2f} s, {mebibytes:.0f} MiB, at most {peak:.0f} MiB")
    return seconds / ports


def decode_and_apply(parts: list[bytes]) -> tuple[float, float, float]:
    """Seconds, MiB more than before at the end, and at most."""
    before = resident()
    assembler, state = GoalStateAssembler(), GoalState()
    seconds = time.perf_counter()
    for data in parts:
        delta = assembler.add(pb.GoalState.FromString(data))
        if delta is not None:
            apply_delta(state, delta)
    seconds = time.perf_counter() - seconds
    del delta
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) / 1024
    return seconds, resident() - before, peak - before


def timed(work: Callable[[], _T]) -> tuple[_T, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def resident() -> float:
    """MiB of this process in memory."""
    return psutil.Process().memory_info().rss / 2**20


if __name__ == "__main__":
    main()
