"""The machine and the commit that numbers belong to."""

import os
import platform
import subprocess
from pathlib import Path

import psutil

from alcor import __version__
from alcor.scale.result import Machine


def machine() -> Machine:
    """This one."""
    return Machine(
        processor=_processor(),
        cores=psutil.cpu_count() or os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        commit=_commit(),
        load=round(os.getloadavg()[0], 1),
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    """Of the checkout the code runs from; the version when it was installed."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        found = ""
    return found or f"version {__version__}"
