"""How fast the Open vSwitch driver programs flows, and how fast a restarted driver finds nothing to do.

Starts an ovsdb-server and an ovs-vswitchd of its own (datapath type netdev, no root needed for flows alone, root for
the bridge's interface) in a temporary directory. Run: ``python -m benchmarks.ovs_flows [FLOWS ...] [--plot FILE.svg]``.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from alcor.dataplane.driver import State
from alcor.dataplane.ovs.driver import OvsDataPlane
from alcor.dataplane.ovs.settings import OvsSettings
from alcor.model.addresses import Address
from alcor.model.identifiers import Id
from benchmarks.plot import Plot, add_plot_option
from benchmarks.setting import setting

_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"


class _Nobody:
    """A listener with nothing to do."""

    def interface_appeared(self, port_id: Id) -> None: ...

    def interface_vanished(self, port_id: Id) -> None: ...

    def packet_punted(self, port_id: Id, frame: bytes) -> None: ...

    def packet_missed(self, port_id: Id, frame: bytes) -> None: ...

    def packet_for_router(self, port_id: Id, frame: bytes) -> None: ...

    def packet_undecided(self, port_id: Id, frame: bytes, ingress: bool) -> None: ...

    def stranger_idle(self, vni: int, address: bytes) -> None: ...

    def next_hop_idle(self, vni: int, address: Address) -> None: ...

    def remote_idle(self, vni: int, mac: int) -> None: ...

    def lost(self, reason: str) -> None: ...

    def restarted(self) -> None: ...


@contextlib.contextmanager
def _open_vswitch() -> Iterator[tuple[Path, int]]:
    """A private Open vSwitch: its run directory and the process id of ovs-vswitchd."""
    with tempfile.TemporaryDirectory(prefix="ovsb") as name:
        directory = Path(name)
        environment = os.environ | dict.fromkeys(("OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR"), name)
        subprocess.run(["ovsdb-tool", "create", f"{name}/conf.db", _SCHEMA], check=True)
        run = partial(subprocess.Popen, env=environment, stderr=subprocess.DEVNULL)
        server = run(["ovsdb-server", f"{name}/conf.db", f"--remote=punix:{name}/db.sock"])
        try:
            _wait_for(directory / "db.sock")
            subprocess.run(["ovs-vsctl", f"--db=unix:{name}/db.sock", "--no-wait", "init"], check=True)
            switch = run(["ovs-vswitchd", f"unix:{name}/db.sock"])
            try:
                yield directory, switch.pid
            finally:
                switch.terminate()
                switch.wait()
        finally:
            server.terminate()
            server.wait()


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path} did not appear")
        time.sleep(0.01)


async def _measure(directory: Path, flows: int) -> tuple[float, float, float]:
    """Seconds to install, seconds for a new driver to find all in place, the longest the event loop stood still."""
    settings = OvsSettings(vtep_ip="127.0.0.1", run_directory=str(directory), datapath="netdev")
    remotes = {100: {0xFA163E000000 + number: 0x0A090000 + number % 250 + 1 for number in range(flows)}}
    stalls: list[float] = [0.0]
    watcher = asyncio.create_task(_watch(stalls))
    seconds = []
    for _ in range(2):
        driver = OvsDataPlane(settings)
        await driver.start(_Nobody())
        started = time.perf_counter()
        failures = await driver.replace(State(remotes=remotes))
        seconds.append(time.perf_counter() - started)
        if failures:
            raise RuntimeError(f"refused: {failures}")
        await driver.stop()
    watcher.cancel()
    return seconds[0], seconds[1], stalls[0]


async def _watch(stalls: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        stalls[0] = max(stalls[0], time.perf_counter() - before - 0.001)


def _resident_megabytes(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


def main() -> None:
    """Print a table, with the machine and the commit it was measured on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = [1_000, 10_000, 100_000]
    parser.add_argument("flows", type=int, nargs="*", default=sizes, help="how many (default %(default)s)")
    add_plot_option(parser)
    arguments = parser.parse_args()
    here = setting()
    version = subprocess.run(["ovs-vswitchd", "--version"], capture_output=True, text=True, check=True).stdout
    print(here)
    print(f"{version.splitlines()[0]}\n")
    print("| flows | install (s) | flows/s | restart, all in place (s) | longest stall (ms) | ovs-vswitchd (MB) |")
    print("|---:|---:|---:|---:|---:|---:|")
    plot = Plot("What a flow takes in Open vSwitch", "flows", here)
    for flows in arguments.flows:
        with _open_vswitch() as (directory, process):
            install, again, stall = asyncio.run(_measure(directory, flows))
            memory = _resident_megabytes(process)
        print(f"| {flows:,} | {install:.2f} | {flows / install:,.0f} | {again:.2f} | {stall * 1000:.0f} | {memory} |")
        plot.add("install", flows, install / flows)
        plot.add("restart, when it is in place", flows, again / flows)
    print(f"\nagent side: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most")
    plot.write(arguments.plot)


if __name__ == "__main__":
    main()
