"""How long an agent takes to take in a large VPC, and how much memory: from the stream to the data plane and the disk.

python -m benchmarks.agent_intake [--neighbours N ...] [--hosts N] [--changes N] [--plot FILE.svg]

This process is a controller's end of the fast path. Another one is the real agent on the memory driver: it connects, is
sent its goal state as a snapshot, then changes of one neighbour each, one at a time, then is started again from its
disk. Times are from the agent's hello, or from sending a change, to the acknowledgement, which comes when the data
plane has confirmed and the disk has it. Memory is the peak of the agent's process, libraries included.
"""

import argparse
import asyncio
import multiprocessing
import resource
import tempfile
import time
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from statistics import median, quantiles

from alcor.channels.fast_path.server import FastPathServer
from alcor.channels.interface import HostConnection
from alcor.channels.messages import (
    Acknowledgement,
    GoalStateDigest,
    HostHealth,
    PortReport,
    ResyncRequest,
    TopicPosition,
    Welcome,
)
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, Vpc, VpcNeighbours
from benchmarks.plot import Plot, add_plot_option
from benchmarks.setting import setting

VNI = 4242
FIRST_MAC, FIRST_IPV4, FIRST_VTEP = 0xFA163E000000, 0x0A000000, 0xAC100000
LOG_ID = b"benchmark".ljust(16, b"\0")
PATIENCE_SECONDS = 120


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = [10_000, 100_000, 1_000_000]
    parser.add_argument(
        "--neighbours", type=int, nargs="+", default=sizes, help="ports in the VPC, one after the other"
    )
    parser.add_argument("--hosts", type=int, default=10_000, help="hosts they are on (default 10,000)")
    parser.add_argument("--changes", type=int, default=500, help="single changes after that (default 500)")
    add_plot_option(parser)
    arguments = parser.parse_args()
    here = setting()
    print(here)
    plot = Plot("What a neighbour costs an agent", "neighbours in the VPC", here)
    for neighbours in arguments.neighbours:
        with tempfile.TemporaryDirectory(prefix="alcor-") as directory:
            asyncio.run(measure(Path(directory), neighbours, arguments.hosts, arguments.changes, plot))
    plot.write(arguments.plot)


class Controller:
    """A channel listener with one large goal state for whoever connects."""

    def __init__(self, neighbours: int, hosts: int) -> None:
        self.connected_at = 0.0
        self.acknowledgements: asyncio.Queue[Acknowledgement] = asyncio.Queue()
        self._neighbours, self._hosts = neighbours, hosts
        self._snapshot = self._make_snapshot()
        self._connection: HostConnection | None = None

    def host_connected(self, connection: HostConnection) -> None:
        self._connection, self.connected_at = connection, time.perf_counter()
        if connection.hello.applied_revision == 0:
            connection.resync()

    def host_disconnected(self, connection: HostConnection) -> None:
        self._connection = None

    def snapshot(self, connection: HostConnection) -> GoalStateDelta:
        return self._snapshot

    def acknowledged(self, connection: HostConnection, acknowledgement: Acknowledgement, seconds: float) -> None:
        self.acknowledgements.put_nowait(acknowledgement)

    def reported(self, connection: HostConnection, report: PortReport) -> None:
        """The host has no ports."""

    def digested(self, connection: HostConnection, digest: GoalStateDigest) -> None:
        """It has what it was sent."""

    def health_heard(self, connection: HostConnection, health: HostHealth) -> None:
        """It has nothing to probe."""

    def topic_position(self, connection: HostConnection, position: TopicPosition) -> None:
        """There are no topics."""

    def resync_requested(self, connection: HostConnection, request: ResyncRequest) -> None:
        raise AssertionError(f"the agent asked for a snapshot: {request.reason}")

    def change(self, number: int) -> None:
        """One more neighbour."""
        mac, address = FIRST_MAC + self._neighbours + number, FIRST_IPV4 + self._neighbours + number
        put = VpcNeighbours(forwarding={mac: 1}, ipv4={address: mac})
        assert self._connection is not None, "the agent has gone"
        self._connection.deliver(GoalStateDelta(revision=2 + number, neighbours={VNI: NeighbourDelta(put=put)}))

    def _make_snapshot(self) -> GoalStateDelta:
        macs = range(FIRST_MAC, FIRST_MAC + self._neighbours)
        addresses = range(FIRST_IPV4, FIRST_IPV4 + self._neighbours)
        put = VpcNeighbours(
            forwarding={mac: 1 + number % self._hosts for number, mac in enumerate(macs)},
            ipv4=dict(zip(addresses, macs, strict=True)),
        )
        return GoalStateDelta(
            revision=1,
            snapshot=True,
            vpcs={VNI: Vpc(bytes(16), VNI, 1450)},
            vteps={index: FIRST_VTEP + index for index in range(1, self._hosts + 1)},
            neighbours={VNI: NeighbourDelta(put=put)},
        )


async def measure(directory: Path, neighbours: int, hosts: int, changes: int, plot: Plot) -> None:
    """Run one agent after the other against a controller, and print what it took."""
    address = f"unix:{directory}/controller.sock"
    controller = Controller(neighbours, hosts)
    server = FastPathServer(address, Welcome(LOG_ID), controller)
    await server.start()
    try:
        with Agent(directory, address) as agent:
            acknowledgement = await acknowledged(controller)
            seconds = time.perf_counter() - controller.connected_at
            programmed = acknowledgement.programmed_nanoseconds / 1e9
            print(f"snapshot of {neighbours:,} neighbours on {hosts:,} hosts: {seconds:.2f} s to acknowledgement,")
            print(f"  of which {programmed:.2f} s after it had arrived and been decoded")
            plot.add("each of the first snapshot, to its acknowledgement", neighbours, seconds / neighbours)
            latencies = [await change_latency(controller, number) for number in range(changes)]
            if changes > 1:
                slow = quantiles(latencies, n=100)[98]
                print(f"one more neighbour: median {median(latencies) * 1e3:.2f} ms, p99 {slow * 1e3:.2f} ms")
                plot.add("one more, to its acknowledgement: median", neighbours, median(latencies))
            print(f"peak memory of the agent: {agent.stop(neighbours + changes) / 1024:.0f} MiB")
        with Agent(directory, address) as agent:
            seconds = agent.wait_until_programmed()
            plot.add("each of those on disk, until programmed after a restart", neighbours, seconds / neighbours)
            print(f"restart from disk: {seconds:.2f} s", end="")
            print(f" until programmed, peak memory {agent.stop(neighbours + changes) / 1024:.0f} MiB")
    finally:
        await server.stop()


async def change_latency(controller: Controller, number: int) -> float:
    started = time.perf_counter()
    controller.change(number)
    await acknowledged(controller)
    return time.perf_counter() - started


async def acknowledged(controller: Controller) -> Acknowledgement:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await controller.acknowledgements.get()


class Agent:
    """An agent in a process of its own."""

    def __init__(self, directory: Path, controller: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=run_agent, args=(str(directory), controller, theirs))

    def __enter__(self) -> "Agent":
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()

    def wait_until_programmed(self) -> float:
        """Seconds from the start of the agent until its data plane did all that is on disk."""
        return float(self._receive())

    def stop(self, expected: int) -> int:
        """Stop it; its peak memory in KiB. It must have programmed as many neighbours as expected."""
        self._pipe.send("stop")
        while isinstance(programmed := self._receive(), float):
            pass
        if programmed != expected:
            raise AssertionError(f"the data plane holds {programmed} neighbours, not {expected}")
        peak = int(self._receive())
        self._process.join(PATIENCE_SECONDS)
        return peak

    def _receive(self) -> float | int:
        if not self._pipe.poll(PATIENCE_SECONDS):
            raise TimeoutError("the agent does not answer")
        value: float | int = self._pipe.recv()
        return value


def run_agent(directory: str, controller: str, pipe: Pipe) -> None:
    """The agent's process: tells when it is programmed (seconds); when told to stop, neighbours programmed and KiB."""
    asyncio.run(_run_agent(directory, controller, pipe))
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


async def _run_agent(directory: str, controller: str, pipe: Pipe) -> None:
    from alcor.agent.agent import serve
    from alcor.agent.settings import AgentSettings
    from alcor.dataplane.driver import Failures, State
    from alcor.dataplane.memory.driver import MemoryDataPlane

    started = time.perf_counter()

    class TimedDataPlane(MemoryDataPlane):
        async def replace(self, state: State) -> Failures:
            failures = await super().replace(state)
            pipe.send(time.perf_counter() - started)
            return failures

    settings = AgentSettings("benchmark", (controller,), "198.51.100.1", directory, driver="memory")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), stop.set)
    driver = TimedDataPlane()
    await serve(settings, driver, stop)
    pipe.send(sum(map(len, driver.switch.remotes.values())))
    asyncio.get_running_loop().remove_reader(pipe.fileno())


if __name__ == "__main__":
    main()
