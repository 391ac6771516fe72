"""Control groups of the engines' containers: directories of the machine, which no sandbox takes with it."""

import contextlib
import os
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "alcor-kuryr-"


def name(host: str) -> str:
    """The group of the containers of a host of this run."""
    return f"{_PREFIX}{os.getpid()}-{host}"


def sweep() -> None:
    """Remove those without processes: this run's at its end, and those of runs that were killed."""
    for group in (*_ROOT.glob(f"{_PREFIX}*"), *_ROOT.glob(f"*/{_PREFIX}*")):
        for directory, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):  # somebody is in it, or it is gone
                Path(directory).rmdir()
