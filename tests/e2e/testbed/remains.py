"""What is left of a sandbox: whoever lives in its namespaces, for these hold all the rest."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

_SECONDS = 30.0

Namespaces = frozenset[str]


def namespaces_of(sandbox_process_id: int) -> Namespaces:
    """The mount namespace and the PID namespace of a sandbox."""
    directory = Path(f"/proc/{sandbox_process_id}/ns")
    return frozenset(str((directory / name).readlink()) for name in ("mnt", "pid_for_children"))


def inhabitants(namespaces: Namespaces) -> list[str]:
    """The threads in them, each with its name.

    With the last one the kernel removes the namespaces, and the files and network namespaces that only they hold.
    """
    found = []
    for task in _threads():
        with contextlib.suppress(OSError):
            if not namespaces.isdisjoint(str((task / "ns" / name).readlink()) for name in ("mnt", "pid")):
                found.append(f"{task.name} {(task / 'comm').read_text().strip()}")
    return found


def _threads() -> Iterator[Path]:
    """Of all processes of the machine, any of which may end meanwhile."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield from list((process / "task").iterdir())


def everything_is_gone(namespaces: Namespaces) -> None:
    """Wait until nothing is left."""
    deadline = time.monotonic() + _SECONDS
    while left := inhabitants(namespaces):
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.02)
