"""The machine, the time and the commit that numbers belong to: the first line every benchmark prints."""

import os
import platform
import subprocess
from pathlib import Path

import psutil


def setting() -> str:
    """Processors, memory, load of the last minute, kernel, Python and commit."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} × {_processor()}, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f}, "
        f"Linux {platform.release()}, Python {platform.python_version()}, commit {_commit()}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
