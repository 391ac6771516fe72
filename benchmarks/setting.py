"""The machine and the commit that numbers belong to: the first line every benchmark prints."""

import os
import platform
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

_DISK_WRITES = 200


def setting() -> str:
    """Processors, memory, load of the last minute, kernel, Python and commit."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} × {_processor()}, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f}, "
        f"Linux {platform.release()}, Python {platform.python_version()}, commit {_commit()}"
    )


def disk() -> str:
    """How long a small write takes until it is on the disk: what every durable commit waits for."""
    seconds = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_DISK_WRITES):
            file.write(bytes(4096))
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            seconds.append(time.perf_counter() - started)
    seconds.sort()
    middle, slow = seconds[_DISK_WRITES // 2] * 1000, seconds[_DISK_WRITES * 95 // 100] * 1000
    return f"disk: a write of 4 KiB is durable after {middle:.2f} ms (median), {slow:.2f} ms (95th percentile)"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
